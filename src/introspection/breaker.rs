//! The circuit breaker of an endpoint.

use crate::clock::UnixTime;
use crate::limits;

/// A circuit breaker: it opens after failures in a row, and then permits one call at a time after
/// each pause, until one succeeds.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    opened: Option<UnixTime>,
    is_probing: bool,
}

/// The kind of a permitted call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Attempt {
    /// The one call that tests whether the endpoint answers again.
    Probe,
    Normal,
}

/// What a finished call shows about the endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum CallOutcome {
    /// The endpoint is down.
    Down,
    /// The outcome is no evidence about the endpoint.
    Unknown,
    Up,
}

impl Breaker {
    /// Returns `None` if no call is permitted now.
    pub(super) fn attempt(&mut self, now: UnixTime) -> Option<Attempt> {
        let Some(opened) = self.opened else {
            return Some(Attempt::Normal);
        };
        // A clock that was set back must not extend the pause.
        let is_paused = opened <= now && now < opened.saturating_add(limits::CIRCUIT_PAUSE);
        if is_paused || self.is_probing {
            return None;
        }
        self.is_probing = true;
        Some(Attempt::Probe)
    }

    /// Records the outcome of a call; returns true if this opens the circuit.
    pub(super) fn record(&mut self, attempt: Attempt, outcome: CallOutcome, now: UnixTime) -> bool {
        let is_probe = attempt == Attempt::Probe;
        if is_probe {
            self.is_probing = false;
        }
        match outcome {
            CallOutcome::Unknown => false,
            CallOutcome::Up => {
                self.failures = 0;
                self.opened = None;
                false
            }
            CallOutcome::Down => {
                self.failures = self.failures.saturating_add(1);
                let opens = self.failures >= limits::CIRCUIT_FAILURES;
                let was_open = self.opened.is_some();
                if opens {
                    self.opened = Some(now);
                }
                opens && !was_open
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: UnixTime = UnixTime::from_secs(1_760_000_000);

    fn after(secs: u64) -> UnixTime {
        START.saturating_add(Duration::from_secs(secs))
    }

    fn fail(breaker: &mut Breaker, times: u32, now: UnixTime) {
        for _ in 0..times {
            let attempt = breaker.attempt(now).unwrap();
            breaker.record(attempt, CallOutcome::Down, now);
        }
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        fail(&mut breaker, limits::CIRCUIT_FAILURES, START);
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_the_circuit() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 4, START);
        assert_eq!(breaker.attempt(START), Some(Attempt::Normal));
        assert!(breaker.record(Attempt::Normal, CallOutcome::Down, START));
        assert_eq!(breaker.attempt(START), None);
    }

    #[test]
    fn success_resets_the_count_of_failures() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            fail(&mut breaker, 4, START);
            breaker.record(Attempt::Normal, CallOutcome::Up, START);
        }
        assert_eq!(breaker.attempt(START), Some(Attempt::Normal));
    }

    #[test]
    fn unknown_outcome_neither_counts_nor_resets() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 4, START);
        breaker.record(Attempt::Normal, CallOutcome::Unknown, START);
        assert_eq!(breaker.attempt(START), Some(Attempt::Normal));
        assert!(breaker.record(Attempt::Normal, CallOutcome::Down, START));
    }

    #[test]
    fn after_five_seconds_one_probe_closes_the_circuit() {
        let mut breaker = opened();
        assert_eq!(breaker.attempt(after(4)), None);
        assert_eq!(breaker.attempt(after(5)), Some(Attempt::Probe));
        assert_eq!(breaker.attempt(after(5)), None);
        breaker.record(Attempt::Probe, CallOutcome::Up, after(6));
        assert_eq!(breaker.attempt(after(6)), Some(Attempt::Normal));
        assert_eq!(breaker.attempt(after(6)), Some(Attempt::Normal));
    }

    #[test]
    fn failed_probe_starts_another_pause() {
        let mut breaker = opened();
        assert_eq!(breaker.attempt(after(5)), Some(Attempt::Probe));
        assert!(!breaker.record(Attempt::Probe, CallOutcome::Down, after(8)));
        assert_eq!(breaker.attempt(after(12)), None);
        assert_eq!(breaker.attempt(after(13)), Some(Attempt::Probe));
    }

    #[test]
    fn probe_with_unknown_outcome_permits_another() {
        let mut breaker = opened();
        assert_eq!(breaker.attempt(after(5)), Some(Attempt::Probe));
        breaker.record(Attempt::Probe, CallOutcome::Unknown, after(5));
        assert_eq!(breaker.attempt(after(5)), Some(Attempt::Probe));
    }

    #[test]
    fn clock_set_back_does_not_extend_the_pause() {
        let mut breaker = opened();
        let before = UnixTime::from_secs(START.as_secs() - 86_400);
        assert_eq!(breaker.attempt(before), Some(Attempt::Probe));
    }
}
