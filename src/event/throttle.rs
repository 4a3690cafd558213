//! A bound on how often an event is reported.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::limits;

/// Lets an event through once a second and counts what it held back, so that an attacker cannot
/// flood an observer.
#[derive(Debug, Default)]
pub(crate) struct EventThrottle {
    /// Nanoseconds of elapsed time at which the next event may be reported.
    next: AtomicU64,
    held: AtomicU64,
}

impl EventThrottle {
    pub(crate) const fn new() -> Self {
        Self {
            next: AtomicU64::new(0),
            held: AtomicU64::new(0),
        }
    }

    /// Counts `count` things, and returns how many there were since the last event if one may be
    /// reported now.
    pub(crate) fn admit(&self, at: Duration, count: u64) -> Option<u64> {
        self.held.fetch_add(count, Ordering::Relaxed);
        let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        let next = self.next.load(Ordering::Relaxed);
        // What is far ahead is from before the clock was set back.
        let is_set_back = next.saturating_sub(at) > THROTTLE_AHEAD;
        if at < next && !is_set_back {
            return None;
        }
        let later = at.saturating_add(1_000_000_000);
        let is_first =
            self.next
                .compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed);
        is_first.ok()?;
        Some(self.held.swap(0, Ordering::Relaxed))
    }
}

/// How far the next event may be ahead of a request that had to wait, in nanoseconds.
const THROTTLE_AHEAD: u64 = 1_000_000_000 + limits::REQUEST_AGE.as_nanos() as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_reported_once_a_second_with_its_count() {
        let throttle = EventThrottle::new();
        let at = Duration::from_millis;
        assert_eq!(throttle.admit(at(5), 1), Some(1));
        assert_eq!(throttle.admit(at(6), 1), None);
        assert_eq!(throttle.admit(at(1_004), 2), None);
        assert_eq!(throttle.admit(at(1_005), 1), Some(4));
    }

    #[test]
    fn a_clock_that_was_set_back_holds_no_event_back_and_a_late_request_adds_none() {
        let throttle = EventThrottle::new();
        let at = Duration::from_secs;
        assert_eq!(throttle.admit(at(86_400), 1), Some(1));
        assert_eq!(throttle.admit(at(86_400 - 59), 1), None);
        assert_eq!(throttle.admit(at(5), 1), Some(2));
        assert_eq!(throttle.admit(at(5), 1), None);
        assert_eq!(throttle.admit(at(6), 1), Some(2));
    }
}
