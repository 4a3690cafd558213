//! From how many in which time a signal is raised.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::distinct::RECENT;
use super::signal::Signal;
use super::tally::BUCKETS;
use crate::error::ConfigError;
use crate::limits;

/// A number and the span in which it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threshold {
    pub(super) count: u32,
    /// Milliseconds, a multiple of [`BUCKETS`].
    pub(super) per: u64,
}

/// The thresholds of all signals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thresholds([Threshold; SIGNALS]);

pub(super) const SIGNALS: usize = Signal::ALL.len();

impl Threshold {
    /// Returns the number of the bucket that a time is in.
    pub(super) const fn tick(self, millis: u64) -> u64 {
        millis / (self.per / BUCKETS as u64)
    }
}

impl Thresholds {
    pub(super) fn of(&self, signal: Signal) -> Threshold {
        let own = self.0.get(signal as usize).copied();
        own.unwrap_or_else(|| default_threshold(signal))
    }

    pub(super) fn set(
        &mut self,
        signal: Signal,
        count: u32,
        per: Duration,
    ) -> Result<(), ConfigError> {
        let counts = counts(signal);
        if !counts.contains(&count) {
            return Err(ConfigError::out_of_range("count", count, counts));
        }
        let spans = limits::WATCH_SPAN_MIN..=limits::WATCH_SPAN_MAX;
        if !spans.contains(&per) {
            return Err(ConfigError::out_of_range("per", per, spans));
        }
        let bucket = per.as_millis().div_ceil(BUCKETS as u128) as u64;
        if let Some(threshold) = self.0.get_mut(signal as usize) {
            let per = bucket * BUCKETS as u64;
            *threshold = Threshold { count, per };
        }
        Ok(())
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        let mut thresholds = [default_threshold(Signal::Saturated); SIGNALS];
        for (threshold, signal) in thresholds.iter_mut().zip(Signal::ALL) {
            *threshold = default_threshold(*signal);
        }
        Self(thresholds)
    }
}

const fn default_threshold(signal: Signal) -> Threshold {
    const MINUTE: u64 = 60_000;
    let (count, per) = match signal {
        Signal::FailureRate => (100, MINUTE),
        Signal::SourceSpread => (50, 10 * MINUTE),
        Signal::IdentityProbing => (10, 10 * MINUTE),
        Signal::IdentityTargeted => (20, 10 * MINUTE),
        Signal::DeniedBurst => (20, MINUTE),
        Signal::NewSource | Signal::EndedCredentialUsed | Signal::Saturated => (1, MINUTE),
    };
    Threshold { count, per }
}

/// The counts that fit into the memory of a signal.
const fn counts(signal: Signal) -> RangeInclusive<u32> {
    match signal {
        Signal::FailureRate | Signal::DeniedBurst => 1..=1_000_000,
        Signal::SourceSpread => 2..=limits::WATCH_SPREAD_MAX,
        Signal::IdentityProbing | Signal::IdentityTargeted => 2..=RECENT as u32,
        Signal::NewSource | Signal::EndedCredentialUsed | Signal::Saturated => 1..=1,
    }
}
