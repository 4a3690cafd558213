//! The times at which a proof is fresh. One function admits a proof and says how long its mark has to
//! be kept, so that they cannot disagree.

use std::time::Duration;

use crate::clock::UnixTime;
use crate::json::{Rounding, seconds};

/// How old a proof may be, and how far ahead, in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Window {
    past: u64,
    future: u64,
}

/// The time of a proof; fractions of a second count against it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct IssuedAt {
    pub(super) down: u64,
    up: u64,
}

impl IssuedAt {
    /// Reads the digits of a number.
    pub(super) fn read(raw: &[u8]) -> Option<Self> {
        Some(Self {
            down: seconds(raw, Rounding::Down)?,
            up: seconds(raw, Rounding::Up)?,
        })
    }
}

impl Window {
    pub(super) const fn new(past: Duration, future: Duration) -> Self {
        Self {
            past: past.as_secs(),
            future: future.as_secs(),
        }
    }

    /// Returns the time that a proof may be ahead, in seconds.
    pub(super) const fn future(self) -> u64 {
        self.future
    }

    /// Returns the first second at which a proof of this time is too old, or `None` if it is not
    /// fresh now.
    pub(super) fn admit(self, iat: IssuedAt, now: UnixTime) -> Option<UnixTime> {
        let now = now.as_secs();
        let until = iat.down.saturating_add(self.past).saturating_add(1);
        let is_fresh = iat.up <= now.saturating_add(self.future) && now < until;
        is_fresh.then_some(UnixTime::from_secs(until))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Window = Window {
        past: 60,
        future: 30,
    };

    fn admits(iat: &str, now: u64) -> bool {
        let iat = IssuedAt::read(iat.as_bytes()).unwrap();
        WINDOW.admit(iat, UnixTime::from_secs(now)).is_some()
    }

    #[test]
    fn both_ends_are_inclusive_and_fractions_count_against_the_proof() {
        for (iat, now, expected) in [
            ("1000", 1_060, true),
            ("1000", 1_061, false),
            ("1000.9", 1_060, true),
            ("1000.9", 1_061, false),
            ("1000", 970, true),
            ("1000", 969, false),
            ("1000.1", 970, false),
            ("1000.1", 971, true),
            ("1e3", 1_000, true),
        ] {
            assert_eq!(admits(iat, now), expected, "{iat} {now}");
        }
        assert_eq!(IssuedAt::read(b"-1"), None);
        assert_eq!(IssuedAt::read(b"1e300"), None);
    }

    proptest! {
        /// Whatever is admitted is remembered for as long as it would be admitted again.
        // Defect E21 (mark forgotten before the proof ends): docs/defects.md
        #[test]
        fn a_mark_lives_as_long_as_its_proof(
            down in 0_u64..1_000, fraction in 0_u64..2, past in 5_u64..=300, future in 5_u64..=300, now in 0_u64..2_000,
        ) {
            let window = Window { past, future };
            let iat = IssuedAt { down, up: down + fraction };
            if let Some(until) = window.admit(iat, UnixTime::from_secs(now)) {
                prop_assert!(until.as_secs() > now);
                for later in [until.as_secs(), until.as_secs() + 1, u64::MAX] {
                    prop_assert_eq!(window.admit(iat, UnixTime::from_secs(later)), None);
                }
            }
        }
    }
}
