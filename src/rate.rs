//! Rates: so many in a period, and so many at once.

use std::str::FromStr;
use std::time::Duration;

use crate::error::ConfigError;
use crate::limits;

/// How often something may happen: so many cells in a period, and so many at once.
///
/// A bucket of this rate gets one cell back in each *step*, the period divided by the quota and
/// rounded up to a whole nanosecond, so it is never faster than was asked for. In any span of time
/// `s` it lets at most `burst + s / step` cells pass: a full bucket and its refill may let nearly
/// twice the quota pass in the first period. For no more than `q` in any period set half of it
/// as the quota and as the burst.
///
/// As text a rate is `N/U` or `N/KU`, where the unit `U` is `s`, `m`, `h` or `d` and `K` a whole
/// number, and then ` burst B` if the burst is not `N`.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::limit::Rate;
///
/// # fn main() -> Result<(), bearergate::ConfigError> {
/// assert_eq!("600/m".parse::<Rate>()?, Rate::per_minute(600)?);
/// assert_eq!("5/30s".parse::<Rate>()?, Rate::new(5, Duration::from_secs(30))?);
/// assert_eq!("600/m burst 50".parse::<Rate>()?, Rate::per_minute(600)?.burst(50)?);
/// assert!("10 per sec".parse::<Rate>().is_err());
/// # Ok(())
/// # }
/// ```
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
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) in the field `period` unless it is
    /// from 1 ms to 400 days, and in the field `quota` unless it is from 1 to 1 000 000, and at most
    /// one cell a microsecond.
    pub fn new(quota: u32, period: Duration) -> Result<Self, ConfigError> {
        let periods = limits::RATE_PERIOD_MIN..=limits::RATE_SPAN_MAX;
        if !periods.contains(&period) {
            return Err(ConfigError::out_of_range("period", period, periods));
        }
        let fastest = period.as_nanos() / limits::RATE_STEP_MIN.as_nanos();
        let quotas = 1..=most_cells(fastest);
        if !quotas.contains(&quota) {
            return Err(ConfigError::out_of_range("quota", quota, quotas));
        }
        let step = period.as_nanos().div_ceil(u128::from(quota));
        Ok(Self {
            quota,
            period,
            burst: quota,
            step: u64::try_from(step).unwrap_or(u64::MAX),
        })
    }

    /// Creates a rate of `quota` cells a second.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn per_second(quota: u32) -> Result<Self, ConfigError> {
        Self::new(quota, Duration::from_secs(1))
    }

    /// Creates a rate of `quota` cells a minute.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn per_minute(quota: u32) -> Result<Self, ConfigError> {
        Self::new(quota, Duration::from_secs(MINUTE))
    }

    /// Creates a rate of `quota` cells an hour.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn per_hour(quota: u32) -> Result<Self, ConfigError> {
        Self::new(quota, Duration::from_secs(HOUR))
    }

    /// Creates a rate of `quota` cells a day of 24 hours. It knows no midnight: a
    /// [quota](crate::limit::Quota) does.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn per_day(quota: u32) -> Result<Self, ConfigError> {
        Self::new(quota, Duration::from_secs(DAY))
    }

    /// Sets how many cells may come at once; by default the quota.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) in the field `burst` unless it is
    /// from 1 to 1 000 000, and an empty bucket is full within 400 days.
    pub fn burst(self, cells: u32) -> Result<Self, ConfigError> {
        let most = limits::RATE_SPAN_MAX.as_nanos() * u128::from(self.quota);
        let bursts = 1..=most_cells(most / self.period.as_nanos());
        if !bursts.contains(&cells) {
            return Err(ConfigError::out_of_range("burst", cells, bursts));
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

    /// Reads a rate such as `600/m`, `5/30s` or `600/m burst 50`.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) in the field `rate` for
    /// another text, and the errors of [`Rate::new`] and [`Rate::burst`].
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let expected = "`N/U` or `N/KU` with the unit `s`, `m`, `h` or `d`, and then ` burst B` if the \
                        burst is not N";
        let parts = Parts::read(text).ok_or_else(|| {
            let remedy = "write it like `600/m`, `5/30s` or `600/m burst 50`";
            ConfigError::unexpected("rate", expected, text, remedy)
        })?;
        let rate = Self::new(parts.quota, parts.period)?;
        parts.burst.map_or(Ok(rate), |cells| rate.burst(cells))
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The parts of the text of a rate.
struct Parts {
    quota: u32,
    period: Duration,
    burst: Option<u32>,
}

impl Parts {
    fn read(text: &str) -> Option<Self> {
        let (pace, burst) = match text.split_once(" burst ") {
            Some((pace, burst)) => (pace, Some(number(burst)?)),
            None => (text, None),
        };
        let (quota, period) = pace.split_once('/')?;
        let unit = match period.chars().next_back()? {
            's' => 1,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            _ => return None,
        };
        let count = match period.split_at_checked(period.len() - 1)?.0 {
            "" => 1,
            digits => number(digits)?,
        };
        Some(Self {
            quota: number(quota)?,
            period: Duration::from_secs(u64::from(count) * unit),
            burst,
        })
    }
}

/// Reads digits. What is too large for the type is too large for every range.
fn number(digits: &str) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u32::MAX))
}

fn most_cells(cells: u128) -> u32 {
    u32::try_from(cells).map_or(limits::RATE_QUOTA_MAX, |most| {
        most.min(limits::RATE_QUOTA_MAX)
    })
}
