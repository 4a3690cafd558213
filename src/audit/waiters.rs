//! Those who wait until a record is written.

use std::task::Waker;
use std::time::Instant;

/// Wakers, each with the number that it waits for.
#[derive(Debug, Default)]
pub(super) struct Waiters(Vec<Waiter>);

#[derive(Debug)]
struct Waiter {
    number: u64,
    deadline: Instant,
    waker: Waker,
}

impl Waiters {
    /// Adds a waker, unless it waits for this number already.
    pub(super) fn add(&mut self, number: u64, deadline: Instant, waker: &Waker) {
        let is_known = |waiter: &Waiter| waiter.number == number && waiter.waker.will_wake(waker);
        if !self.0.iter().any(is_known) {
            self.0.push(Waiter {
                number,
                deadline,
                waker: waker.clone(),
            });
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes those that wait for at most this number.
    pub(super) fn take_up_to(&mut self, number: u64) -> Vec<Waker> {
        self.take(|waiter| waiter.number <= number)
    }

    /// Takes those whose deadline has passed.
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<Waker> {
        self.take(|waiter| waiter.deadline <= now)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.0.iter().map(|waiter| waiter.deadline).min()
    }

    fn take(&mut self, mut is_taken: impl FnMut(&Waiter) -> bool) -> Vec<Waker> {
        let taken = self.0.extract_if(.., |waiter| is_taken(waiter));
        taken.map(|waiter| waiter.waker).collect()
    }
}
