//! Quotas: how many units a caller may use in a window, or from a balance.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::UnixTime;
use crate::error::ConfigError;

/// How many units a caller may use in a window of the calendar, or from a balance of credits.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Quota {
    pub(super) amount: u64,
    pub(super) renewal: Renewal,
    /// Seconds east of UTC.
    pub(super) zone: i32,
    pub(super) lease: u32,
    pub(super) name: Option<Arc<str>>,
}

/// When a quota is whole again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Renewal {
    Day,
    Month,
    Every(Duration, UnixTime),
    Never,
}

impl Quota {
    /// Allows `amount` units in each day of the calendar.
    pub const fn per_day(amount: u64) -> Self {
        Self::new(amount, Renewal::Day)
    }

    /// Allows `amount` units in each month of the calendar.
    pub const fn per_month(amount: u64) -> Self {
        Self::new(amount, Renewal::Month)
    }

    /// Allows `amount` units in each `span`, of which one starts at `from`.
    pub const fn every(amount: u64, span: Duration, from: UnixTime) -> Self {
        Self::new(amount, Renewal::Every(span, from))
    }

    /// Allows what the caller has on its balance, which does not renew.
    pub const fn credits() -> Self {
        Self::new(0, Renewal::Never)
    }

    const fn new(amount: u64, renewal: Renewal) -> Self {
        Self {
            amount,
            renewal,
            zone: 0,
            lease: 0,
            name: None,
        }
    }

    /// Sets the zone in which days and months begin, `Z` or `+01:00`; by default `Z`.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for another text.
    pub fn zone(self, _zone: &str) -> Result<Self, ConfigError> {
        Ok(self)
    }

    /// Sets how many units are taken from the store at once; by default each one.
    pub const fn leased(mut self, units: u32) -> Self {
        self.lease = units;
        self
    }

    /// Sets the name under which the store counts; by default that of the limit.
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}
