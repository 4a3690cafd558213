//! Leaves an endpoint alone that does not answer.

use crate::clock::UnixTime;
use crate::limits;

/// Closed at first; opens after failures in a row, and then lets one call at a time try.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    opened: Option<UnixTime>,
    is_probing: bool,
}

/// The right to make one call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pass {
    /// The one call that tries whether the endpoint is back.
    Probe,
    Usual,
}

/// What the end of a call says about the endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sign {
    Down,
    Nothing,
    Up,
}

impl Breaker {
    /// Says whether a call may be made.
    pub(super) fn admit(&mut self, now: UnixTime) -> Option<Pass> {
        let Some(opened) = self.opened else {
            return Some(Pass::Usual);
        };
        // A clock set back must not keep the endpoint out.
        let is_paused = opened <= now && now < opened.saturating_add(limits::CIRCUIT_PAUSE);
        if is_paused || self.is_probing {
            return None;
        }
        self.is_probing = true;
        Some(Pass::Probe)
    }

    /// Takes note of how a call ended; returns true if this opens the circuit.
    pub(super) fn note(&mut self, pass: Pass, sign: Sign, now: UnixTime) -> bool {
        let is_probe = pass == Pass::Probe;
        if is_probe {
            self.is_probing = false;
        }
        match sign {
            Sign::Nothing => false,
            Sign::Up => {
                self.failures = 0;
                self.opened = None;
                false
            }
            Sign::Down => {
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
            let pass = breaker.admit(now).unwrap();
            breaker.note(pass, Sign::Down, now);
        }
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        fail(&mut breaker, limits::CIRCUIT_FAILURES, START);
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_four_do_not() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 4, START);
        assert_eq!(breaker.admit(START), Some(Pass::Usual));
        assert!(breaker.note(Pass::Usual, Sign::Down, START));
        assert_eq!(breaker.admit(START), None);
    }

    #[test]
    fn a_failure_between_successes_does_not_open_it() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            fail(&mut breaker, 4, START);
            breaker.note(Pass::Usual, Sign::Up, START);
        }
        assert_eq!(breaker.admit(START), Some(Pass::Usual));
    }

    #[test]
    fn what_says_nothing_neither_counts_nor_clears() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 4, START);
        breaker.note(Pass::Usual, Sign::Nothing, START);
        assert_eq!(breaker.admit(START), Some(Pass::Usual));
        assert!(breaker.note(Pass::Usual, Sign::Down, START));
    }

    #[test]
    fn after_five_seconds_one_call_tries_and_closes_it() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(after(4)), None);
        assert_eq!(breaker.admit(after(5)), Some(Pass::Probe));
        assert_eq!(breaker.admit(after(5)), None);
        breaker.note(Pass::Probe, Sign::Up, after(6));
        assert_eq!(breaker.admit(after(6)), Some(Pass::Usual));
        assert_eq!(breaker.admit(after(6)), Some(Pass::Usual));
    }

    #[test]
    fn a_try_that_fails_is_followed_by_another_pause() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(after(5)), Some(Pass::Probe));
        assert!(!breaker.note(Pass::Probe, Sign::Down, after(8)));
        assert_eq!(breaker.admit(after(12)), None);
        assert_eq!(breaker.admit(after(13)), Some(Pass::Probe));
    }

    #[test]
    fn a_try_that_comes_to_nothing_is_followed_by_another() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(after(5)), Some(Pass::Probe));
        breaker.note(Pass::Probe, Sign::Nothing, after(5));
        assert_eq!(breaker.admit(after(5)), Some(Pass::Probe));
    }

    #[test]
    fn a_clock_set_back_does_not_keep_the_endpoint_out() {
        let mut breaker = opened();
        let before = UnixTime::from_secs(START.as_secs() - 86_400);
        assert_eq!(breaker.admit(before), Some(Pass::Probe));
    }
}
