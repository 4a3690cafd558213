//! Times in header fields.

use std::time::Duration;

/// Returns a wait in whole seconds, rounded up, at least one.
pub(super) fn whole_secs(wait: Duration) -> u64 {
    let fraction = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(fraction).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up_to_whole_seconds() {
        for (millis, secs) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(whole_secs(Duration::from_millis(millis)), secs);
        }
        assert_eq!(whole_secs(Duration::MAX), u64::MAX);
    }
}
