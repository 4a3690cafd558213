//! The time that each stage of a request takes.

use std::time::Duration;

use super::counter::{Counted, Counter, HistogramSample, Sample};

/// The upper bounds of the buckets: as Prometheus writes them, in seconds, and in nanoseconds.
pub(super) const BOUNDS: [(&str, u64); 16] = [
    ("0.000001", 1_000),
    ("0.0000025", 2_500),
    ("0.000005", 5_000),
    ("0.00001", 10_000),
    ("0.000025", 25_000),
    ("0.00005", 50_000),
    ("0.0001", 100_000),
    ("0.00025", 250_000),
    ("0.001", 1_000_000),
    ("0.0025", 2_500_000),
    ("0.01", 10_000_000),
    ("0.025", 25_000_000),
    ("0.1", 100_000_000),
    ("0.25", 250_000_000),
    ("1", 1_000_000_000),
    ("2.5", 2_500_000_000),
];

/// A stage of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    Address,
    Validator,
    Policy,
    Limit,
    Audit,
}

impl Stage {
    pub(crate) const ALL: [Self; 5] = [
        Self::Address,
        Self::Validator,
        Self::Policy,
        Self::Limit,
        Self::Audit,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Validator => "validator",
            Self::Policy => "policy",
            Self::Limit => "limit",
            Self::Audit => "audit",
        }
    }
}

/// The times of all stages, in buckets of fixed bounds. A gate has none unless it is asked to
/// measure: reading the clock between the stages costs more than counting.
#[derive(Debug)]
pub(crate) struct StageTimes([Times; Stage::ALL.len()]);

#[derive(Debug)]
struct Times {
    buckets: [Counter; BOUNDS.len() + 1],
    nanos: Counter,
}

impl StageTimes {
    pub(crate) const fn new() -> Self {
        Self([const { Times::new() }; Stage::ALL.len()])
    }

    /// Counts that a stage took so long.
    pub(crate) fn observe(&self, stage: Stage, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(times) = self.0.get(stage as usize) {
            times.observe(nanos);
        }
    }
}

impl Times {
    const fn new() -> Self {
        Self {
            buckets: [const { Counter::new() }; BOUNDS.len() + 1],
            nanos: Counter::new(),
        }
    }

    fn observe(&self, nanos: u64) {
        let index = BOUNDS.partition_point(|(_, bound)| *bound < nanos);
        if let Some(bucket) = self.buckets.get(index) {
            bucket.add(1);
        }
        self.nanos.add(nanos);
    }
}

impl Counted for StageTimes {
    fn samples(&self, _add: &mut dyn FnMut(Sample<'_>)) {}

    fn histograms(&self, add: &mut dyn FnMut(HistogramSample<'_>)) {
        for (stage, times) in Stage::ALL.iter().zip(&self.0) {
            let buckets: [u64; BOUNDS.len() + 1] = std::array::from_fn(|index| {
                let bucket = times.buckets.get(index);
                bucket.map(Counter::get).unwrap_or_default()
            });
            add(HistogramSample {
                name: "bearergate_stage_seconds",
                labels: &[("stage", stage.as_str())],
                buckets: &buckets,
                nanos: times.nanos.get(),
            });
        }
    }
}
