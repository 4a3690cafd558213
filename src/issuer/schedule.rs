//! The rotation times of signing keys.

use std::time::Duration;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a key is announced, signs, and is kept. Whole seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Schedule {
    pub(super) announce: Duration,
    pub(super) rotate_after: Duration,
    pub(super) longest_lifetime: Duration,
}

impl Schedule {
    /// Returns how long a key stays published after its last signature: until its last token has
    /// expired for a validator with the largest leeway.
    pub(super) fn keep(&self) -> Duration {
        self.longest_lifetime.saturating_add(limits::LEEWAY_MAX)
    }

    /// Checks the ranges of all times.
    pub(super) fn checked(self) -> Result<Self, ConfigError> {
        check_span(
            "announce_for",
            self.announce,
            limits::ANNOUNCE_MIN..=limits::ANNOUNCE_MAX,
        )?;
        check_span(
            "rotate_after",
            self.rotate_after,
            self.announce..=Self::ROTATE_MAX,
        )?;
        check_span(
            "longest_lifetime",
            self.longest_lifetime,
            Duration::from_secs(1)..=limits::ACCESS_LIFETIME_MAX,
        )?;
        Ok(self)
    }

    /// Ten years: far longer than any recommendation, and small enough for all sums of times.
    const ROTATE_MAX: Duration = Duration::from_secs(3650 * 24 * 60 * 60);
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            announce: DAY,
            rotate_after: 30 * DAY,
            longest_lifetime: HOUR,
        }
    }
}

/// Checks that a time is in its range and in whole seconds.
pub(super) fn check_span(
    field: &'static str,
    span: Duration,
    range: std::ops::RangeInclusive<Duration>,
) -> Result<(), ConfigError> {
    if range.contains(&span) && span.subsec_nanos() == 0 {
        return Ok(());
    }
    Err(ConfigError::new(
        ConfigErrorKind::OutOfRange,
        field,
        format!(
            "expected whole seconds between {} and {}, found {span:?}",
            range.start().as_secs(),
            range.end().as_secs(),
        ),
    ))
}
