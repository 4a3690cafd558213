//! Counters of what a gate, its limits and its audit trail have done.
//!
//! Each component has counters of its own and returns them as [`Sample`]s when it is asked;
//! nothing is looked up on the path of a request. Labels come from enums and from the
//! configuration only.

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

/// A component that has counters.
pub(crate) trait Counted: fmt::Debug + Send + Sync {
    /// Passes each value to `add`.
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>));
}
