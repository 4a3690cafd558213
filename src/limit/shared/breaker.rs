//! The breaker of a store of shared limits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits;

/// Decides whether the store is asked: not for a second after half of at least 20 calls within a
/// second have failed. Then one call probes the store.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug)]
struct State {
    /// When the counted second began.
    begun: Duration,
    calls: u32,
    failures: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    since: Duration,
    /// When the call began that probes the store.
    probe: Option<Duration>,
}

/// The right to one call. Dropping it frees the probe that it may be.
#[derive(Debug)]
#[must_use = "the outcome of the call has to be counted"]
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(State::new()))
    }

    /// Returns the right to a call, or `None` while the store is not asked.
    pub(super) fn admit(&self, at: Duration) -> Option<Permit<'_>> {
        let mut state = self.lock();
        let is_probe = state.open.is_some();
        if let Some(open) = &mut state.open {
            if is_within_pause(open.since, at) {
                return None;
            }
            // A probe without an end must not keep the breaker open forever.
            if open.probe.is_some_and(|begun| is_within_pause(begun, at)) {
                return None;
            }
            open.probe = Some(at);
        }
        drop(state);
        Some(Permit {
            breaker: self,
            is_probe,
        })
    }

    /// Counts a call that failed without a permit of its own: one that is overdue.
    pub(super) fn count_failure(&self, at: Duration) {
        self.lock().count(true, at);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// Counts the outcome of the call.
    pub(super) fn settle(mut self, has_failed: bool, at: Duration) {
        let is_probe = std::mem::take(&mut self.is_probe);
        let mut state = self.breaker.lock();
        match (is_probe, has_failed) {
            (true, false) => *state = State::new(),
            (true, true) => state.open_at(at),
            (false, _) => state.count(has_failed, at),
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.is_probe
            && let Some(open) = &mut self.breaker.lock().open
        {
            open.probe = None;
        }
    }
}

impl State {
    const fn new() -> Self {
        Self {
            begun: Duration::ZERO,
            calls: 0,
            failures: 0,
            open: None,
        }
    }

    fn count(&mut self, has_failed: bool, at: Duration) {
        if self.open.is_some() {
            return;
        }
        if !is_within_pause(self.begun, at) {
            (self.begun, self.calls, self.failures) = (at, 0, 0);
        }
        self.calls = self.calls.saturating_add(1);
        self.failures = self.failures.saturating_add(u32::from(has_failed));
        let is_half = self.failures >= self.calls.div_ceil(2);
        if self.calls >= limits::RATE_STORE_CALLS && is_half {
            self.open_at(at);
        }
    }

    const fn open_at(&mut self, since: Duration) {
        self.open = Some(Open { since, probe: None });
        (self.calls, self.failures) = (0, 0);
    }
}

/// Returns true if `at` is less than the pause from `since`, before it or after it: a clock that
/// goes back by more ends the pause.
fn is_within_pause(since: Duration, at: Duration) -> bool {
    at.abs_diff(since) < limits::RATE_STORE_PAUSE
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn call(breaker: &Breaker, has_failed: bool, millis: u64) -> bool {
        let permit = breaker.admit(at(millis));
        let is_admitted = permit.is_some();
        if let Some(permit) = permit {
            permit.settle(has_failed, at(millis));
        }
        is_admitted
    }

    fn opened_at(millis: u64) -> Breaker {
        let breaker = Breaker::new();
        for _ in 0..20 {
            assert!(call(&breaker, true, millis));
        }
        breaker
    }

    #[test]
    fn half_of_twenty_failed_calls_open_it_and_fewer_do_not() {
        for (failures, stays_closed) in [(9, true), (10, false)] {
            let breaker = Breaker::new();
            for index in 0..20 {
                assert!(call(&breaker, index >= 20 - failures, 5));
            }
            assert_eq!(call(&breaker, false, 6), stays_closed, "{failures}");
        }
        let breaker = Breaker::new();
        for _ in 0..19 {
            assert!(call(&breaker, true, 5));
        }
        assert!(call(&breaker, false, 5));
    }

    #[test]
    fn failures_of_more_than_a_second_ago_do_not_count() {
        let breaker = Breaker::new();
        for index in 0..60 {
            assert!(call(&breaker, true, index * 60));
        }
    }

    #[test]
    fn one_call_probes_after_a_second_and_its_outcome_decides() {
        let breaker = opened_at(0);
        assert!(breaker.admit(at(999)).is_none());
        let probe = breaker.admit(at(1_000)).unwrap();
        assert!(breaker.admit(at(1_001)).is_none());
        probe.settle(true, at(1_000));
        assert!(breaker.admit(at(1_999)).is_none());
        assert!(call(&breaker, false, 2_000));
        let both = [breaker.admit(at(2_000)), breaker.admit(at(2_000))];
        assert!(both.iter().all(Option::is_some));
    }

    #[test]
    fn dropped_and_endless_probes_make_way_for_another() {
        let breaker = opened_at(0);
        drop(breaker.admit(at(1_000)).unwrap());
        let endless = breaker.admit(at(1_001)).unwrap();
        assert!(breaker.admit(at(2_000)).is_none());
        assert!(breaker.admit(at(2_001)).is_some());
        drop(endless);
    }

    #[test]
    fn clock_that_goes_back_does_not_keep_it_open() {
        let breaker = opened_at(86_400_000);
        assert!(breaker.admit(at(86_400_500)).is_none());
        assert!(breaker.admit(at(5)).is_some());
    }
}
