//! The metrics of a gate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::counter::Counted;
use super::families::{self, Family, Labels};
use super::histogram::BOUNDS;
use super::names::{self, Metric, MetricKind};

/// The metrics of a gate and of what it has: limits, lock-out, signals, audit trail.
///
/// It is a cheap handle on counters that go on: ask it again for later values. What never counted
/// may be absent. The labels are words of this crate and names from the configuration, so the number
/// of values does not grow with the requests.
///
/// [`prometheus`](Self::prometheus) is the text for Prometheus, the integration
/// `integrations::metrics` (feature `metrics`) publishes to a recorder of the crate `metrics`, and
/// [`values`](Self::values) serves every other system.
#[derive(Clone)]
pub struct Metrics(Arc<[Arc<dyn Counted>]>);

impl Metrics {
    /// The media type of [`prometheus`](Self::prometheus), for `Content-Type`.
    pub const PROMETHEUS: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Creates the metrics of these components. Each component may be in the list only once.
    pub(crate) fn new(components: Vec<Arc<dyn Counted>>) -> Self {
        Self(components.into())
    }

    /// Returns these metrics and those of a part that the gate does not have, such as
    /// [`Meter::metrics`](crate::limit::Meter::metrics). Values of the same name and labels are added
    /// up, so no part may be joined twice.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let components = self.0.iter().chain(&*other.0);
        Self(components.map(Arc::clone).collect())
    }

    /// Returns all values, sorted by name and labels. Values of the same name and labels, of several
    /// limits for example, are added up.
    pub fn values(&self) -> Vec<MetricValue> {
        let mut values = Vec::new();
        for (name, family) in self.families() {
            for (labels, value) in &family.values {
                values.push(MetricValue {
                    name,
                    part: "",
                    labels: labels.clone(),
                    number: Number::Whole(*value),
                });
            }
            push_histograms(name, &family, &mut values);
        }
        values
    }

    pub(super) fn families(&self) -> impl Iterator<Item = (&'static str, Family)> + use<> {
        families::collect(&self.0).into_iter()
    }
}

/// Adds the buckets, the count and the sum of each histogram of a family.
fn push_histograms(name: &'static str, family: &Family, values: &mut Vec<MetricValue>) {
    let mut push = |part, labels: &Labels, bound: Option<&str>, number| {
        let mut labels = labels.clone();
        labels.extend(bound.map(|bound| ("le", bound.to_owned())));
        values.push(MetricValue {
            name,
            part,
            labels,
            number,
        });
    };
    for (labels, times) in &family.histograms {
        let bounds = BOUNDS.iter().map(|(bound, _)| *bound);
        let bounds = bounds.chain(["+Inf"]);
        for (bound, count) in bounds.zip(times.cumulated()) {
            push("_bucket", labels, Some(bound), Number::Whole(count));
        }
        let count = times.cumulated().last().unwrap_or_default();
        push("_sum", labels, None, Number::Nanos(times.nanos));
        push("_count", labels, None, Number::Whole(count));
    }
}

/// One value of a metric, at the time at which it was asked for.
#[derive(Clone, Debug)]
pub struct MetricValue {
    name: &'static str,
    part: &'static str,
    labels: Labels,
    number: Number,
}

#[derive(Clone, Copy, Debug)]
enum Number {
    Whole(u64),
    Nanos(u64),
}

impl MetricValue {
    /// Returns the name of the metric, such as `bearergate_requests_total`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns which number of a histogram it is, the end of its name in Prometheus: `_bucket`,
    /// `_sum` (in seconds) or `_count`; empty for other metrics. A bucket has the label `le`, the
    /// largest value that it counts.
    pub const fn part(&self) -> &'static str {
        self.part
    }

    /// Returns what the metric counts.
    pub fn kind(&self) -> MetricKind {
        names::kind(self.name)
    }

    /// Returns the description of the metric, a sentence in English.
    pub fn help(&self) -> &'static str {
        Metric::find(self.name).map_or("", |metric| metric.help)
    }

    /// Returns the labels with their values.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&'static str, &str)> {
        let labels = self.labels.iter();
        labels.map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns the value as a whole number, or `None` for a sum of seconds.
    pub const fn whole(&self) -> Option<u64> {
        match self.number {
            Number::Whole(value) => Some(value),
            Number::Nanos(_) => None,
        }
    }

    /// Returns the value; above 2^53 it is rounded.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the documentation says that it is rounded"
    )]
    pub fn value(&self) -> f64 {
        match self.number {
            Number::Whole(value) => value as f64,
            Number::Nanos(nanos) => Duration::from_nanos(nanos).as_secs_f64(),
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
