//! Counters and the interface of components that have some.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One value of a metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample<'a> {
    /// The whole name, such as `bearergate_limit_total`; a name in `_total` is a counter, every
    /// other one a gauge.
    pub(crate) name: &'static str,
    /// At most two labels.
    pub(crate) labels: &'a [(&'static str, &'a str)],
    pub(crate) value: u64,
}

/// The numbers of a histogram of times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistogramSample<'a> {
    pub(crate) name: &'static str,
    pub(crate) labels: &'a [(&'static str, &'a str)],
    /// The values up to each bound and above the one before, and those above all bounds.
    pub(crate) buckets: &'a [u64],
    /// The sum of the values, in nanoseconds.
    pub(crate) nanos: u64,
}

/// A component that has counters.
pub(crate) trait Counted: fmt::Debug + Send + Sync {
    /// Passes each value to `add`. Values of the same name and labels are added up, so that several
    /// components can have them.
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>));

    /// Passes each histogram to `add`.
    fn histograms(&self, _add: &mut dyn FnMut(HistogramSample<'_>)) {}
}
