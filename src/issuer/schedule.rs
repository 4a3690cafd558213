//! The times of a key ring.

use std::time::Duration;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::limits;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a key of a ring is announced, signs, and is kept. Whole seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Schedule {
    pub(super) announce: Duration,
    pub(super) rotate_after: Duration,
    pub(super) longest_lifetime: Duration,
}

impl Schedule {
    /// Returns how long a key is published after it signed for the last time: until its last
    /// token has expired for a verifier that forgives as much skew as is allowed.
    pub(super) fn keep(&self) -> Duration {
        self.longest_lifetime.saturating_add(limits::LEEWAY_MAX)
    }

    /// Refuses times outside their range.
    pub(super) fn checked(self) -> Result<Self, ConfigError> {
        check(
            "announce_for",
            self.announce,
            limits::ANNOUNCE_MIN..=limits::ANNOUNCE_MAX,
        )?;
        check(
            "rotate_after",
            self.rotate_after,
            self.announce..=Self::ROTATE_MAX,
        )?;
        check(
            "longest_lifetime",
            self.longest_lifetime,
            Duration::from_secs(1)..=limits::ACCESS_LIFETIME_MAX,
        )?;
        Ok(self)
    }

    /// Ten years: far beyond what any advice allows, and small enough to reckon with.
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

/// Refuses what lies outside its range or has a fraction of a second.
pub(super) fn check(
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
