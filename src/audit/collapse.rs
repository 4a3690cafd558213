//! Collapsing of many equal refusals into summaries.

use std::time::Duration;

use crate::error::ConfigError;

/// When refusals of unauthenticated requests are counted in a summary in place of one record each.
///
/// So an attacker cannot fill the trail: of each source and kind of rejection so many refusals a
/// minute have a record, and the rest is in one [`Summary`](super::What::Summary) for each kind every
/// ten seconds, with its exact number, the first and the last time, and the number of sources.
/// Refusals of a verified caller always have a record each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Collapse {
    pub(super) per_minute: Option<u32>,
}

impl Collapse {
    /// How often a summary is written.
    pub(super) const EVERY: Duration = Duration::from_secs(10);

    /// Lets so many refusals a minute of each source and kind have a record; by default 10.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for 0 and above 1 000 000.
    pub fn after(per_minute: u32) -> Result<Self, ConfigError> {
        const RANGE: std::ops::RangeInclusive<u32> = 1..=1_000_000;
        if !RANGE.contains(&per_minute) {
            return Err(ConfigError::out_of_range("collapse", per_minute, RANGE));
        }
        Ok(Self {
            per_minute: Some(per_minute),
        })
    }

    /// Gives every refusal a record. An attacker then fills the lane of refusals, and what has no
    /// room is lost and counted.
    pub const fn never() -> Self {
        Self { per_minute: None }
    }
}

/// Ten a minute.
impl Default for Collapse {
    fn default() -> Self {
        Self {
            per_minute: Some(10),
        }
    }
}
