//! The numbers of a gate in a recorder of the crate `metrics` (feature `metrics`).
//!
//! A gate counts by itself, because an addition to a counter of its own costs a tenth of one through
//! a recorder. [`publish`] copies the numbers to the recorder of the process; call it before the
//! recorder's values are read, or every few seconds. The names and labels are those of
//! [`Metrics::prometheus`], which the [guide](crate::guide::metrics) describes.
//!
//! ```
//! use bearergate::integrations::metrics::publish;
//! use bearergate::metrics::Metrics;
//!
//! /// Answers a request for `/metrics` of a service whose other parts use the crate `metrics`.
//! /// `of_gate` are the metrics of its gate, and `render` is the text of its recorder.
//! fn scrape(of_gate: &Metrics, render: &dyn Fn() -> String) -> String {
//!     publish(of_gate);
//!     render()
//! }
//! # let _ = scrape;
//! ```

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder, Unit, with_recorder};

use crate::metrics::{MetricKind, MetricValue, Metrics};

/// Publishes all values to the global recorder of the process, or to the local one that
/// `metrics::with_local_recorder` sets. Without a recorder nothing happens.
///
/// Counters are set to their absolute values, so it can be called as often as one likes; values of
/// the same names that others add to the recorder would be overwritten. Of a histogram, the buckets
/// and the count are counters, and the sum is a gauge, because a recorder takes single values only.
pub fn publish(metrics: &Metrics) {
    with_recorder(|recorder| publish_to(metrics, recorder));
}

/// Publishes all values to a recorder, as [`publish`] does.
pub fn publish_to(metrics: &Metrics, recorder: &dyn Recorder) {
    let mut last = None;
    for value in metrics.values() {
        let name = format!("{}{}", value.name(), value.part());
        if last.as_ref() != Some(&name) {
            describe(&value, name.clone(), recorder);
        }
        publish_value(&value, name.clone(), recorder);
        last = Some(name);
    }
}

fn is_counter(value: &MetricValue) -> bool {
    value.kind() != MetricKind::Gauge && value.whole().is_some()
}

fn describe(value: &MetricValue, name: String, recorder: &dyn Recorder) {
    let (name, help) = (KeyName::from(name), value.help().into());
    match is_counter(value) {
        true => recorder.describe_counter(name, Some(Unit::Count), help),
        false if value.part() == "_sum" => {
            recorder.describe_gauge(name, Some(Unit::Seconds), help);
        }
        false => recorder.describe_gauge(name, Some(Unit::Count), help),
    }
}

fn publish_value(value: &MetricValue, name: String, recorder: &dyn Recorder) {
    let labels = value.labels();
    let labels = labels.map(|(name, value)| Label::new(name, value.to_owned()));
    let key = Key::from_parts(name, labels.collect::<Vec<_>>());
    let metadata = Metadata::new("bearergate", Level::INFO, Some(module_path!()));
    match value.whole() {
        Some(whole) if is_counter(value) => {
            recorder.register_counter(&key, &metadata).absolute(whole);
        }
        _ => recorder.register_gauge(&key, &metadata).set(value.value()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, SharedString, with_local_recorder,
    };

    use super::*;
    use crate::error::RejectionKind;
    use crate::metrics::{Counted, RequestCounts, Sample, Stage, StageTimes};

    type Values = Arc<Mutex<BTreeMap<String, f64>>>;

    /// A recorder that keeps the last value of each key.
    #[derive(Default)]
    struct Kept {
        values: Values,
        described: Mutex<Vec<String>>,
    }

    struct Handle(String, Values);

    impl Handle {
        fn set_to(&self, value: f64) {
            self.1.lock().unwrap().insert(self.0.clone(), value);
        }
    }

    impl CounterFn for Handle {
        fn increment(&self, _: u64) {
            panic!("a published counter is absolute");
        }

        fn absolute(&self, value: u64) {
            self.set_to(f64::from(u32::try_from(value).unwrap()));
        }
    }

    impl GaugeFn for Handle {
        fn increment(&self, _: f64) {
            panic!("a published gauge is set");
        }

        fn decrement(&self, _: f64) {
            panic!("a published gauge is set");
        }

        fn set(&self, value: f64) {
            self.set_to(value);
        }
    }

    impl Kept {
        fn handle(&self, kind: &str, key: &Key) -> Arc<Handle> {
            let labels = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()));
            let labels: Vec<_> = labels.collect();
            let name = format!("{kind} {} {}", key.name(), labels.join(","));
            Arc::new(Handle(name, Arc::clone(&self.values)))
        }

        fn describe(&self, name: &KeyName, help: &SharedString) {
            assert!(help.ends_with('.'));
            self.described
                .lock()
                .unwrap()
                .push(name.as_str().to_owned());
        }
    }

    impl Recorder for Kept {
        fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
            self.describe(&name, &help);
        }

        fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
            self.describe(&name, &help);
        }

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
            panic!("a recorder takes single values only");
        }

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.handle("counter", key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.handle("gauge", key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            panic!("a recorder takes single values only");
        }
    }

    #[derive(Debug)]
    struct Locked;

    impl Counted for Locked {
        fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
            add(Sample {
                name: "bearergate_locked_sources",
                labels: &[],
                value: 7,
            });
        }
    }

    #[test]
    fn the_same_values_are_published_as_for_prometheus() {
        let (counts, times) = (Arc::new(RequestCounts::new()), Arc::new(StageTimes::new()));
        let parts: Vec<Arc<dyn Counted>> =
            vec![Arc::clone(&counts) as _, times.clone(), Arc::new(Locked)];
        let metrics = Metrics::new(parts);
        let kept = Kept::default();
        publish_to(&metrics, &kept);
        counts.allowed();
        counts.refused(RejectionKind::TokenExpired, false);
        times.observe(Stage::Limit, Duration::from_millis(1_500));
        for _ in 0..2 {
            publish_to(&metrics, &kept);
        }
        let values = kept.values.lock().unwrap();
        let expected = [
            ("counter bearergate_requests_total outcome=allowed", 1.0),
            (
                "counter bearergate_rejections_total kind=token_expired",
                1.0,
            ),
            ("gauge bearergate_locked_sources ", 7.0),
            (
                "counter bearergate_stage_seconds_bucket stage=limit,le=1",
                0.0,
            ),
            (
                "counter bearergate_stage_seconds_bucket stage=limit,le=2.5",
                1.0,
            ),
            ("counter bearergate_stage_seconds_count stage=limit", 1.0),
            ("gauge bearergate_stage_seconds_sum stage=limit", 1.5),
        ];
        for (name, value) in expected {
            assert_eq!(values.get(name), Some(&value), "{name}");
        }
        assert_eq!(values.len(), metrics.values().len());
        let described = kept.described.lock().unwrap();
        assert!(
            described
                .iter()
                .any(|name| name == "bearergate_stage_seconds_sum")
        );
    }

    #[test]
    fn the_recorder_in_force_is_used_and_none_is_no_error() {
        let counts = RequestCounts::new();
        counts.allowed();
        let metrics = Metrics::new(vec![Arc::new(counts)]);
        publish(&metrics);
        let kept = Kept::default();
        with_local_recorder(&kept, || publish(&metrics));
        assert_eq!(kept.values.lock().unwrap().len(), 5);
    }
}
