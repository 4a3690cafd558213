//! One piece of work that many wait for.
//!
//! Whoever has the [`Leader`] does the work; whoever has a [`Waiter`] waits for its outcome. A lead
//! that is dropped settles the flight too, so nobody waits in vain.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

#[cfg(all(test, bearergate_loom))]
use loom::sync::Arc;
#[cfg(all(test, bearergate_loom))]
use loom::sync::Mutex;
#[cfg(all(test, bearergate_loom))]
use loom::sync::MutexGuard;
#[cfg(not(all(test, bearergate_loom)))]
use std::sync::Arc;
#[cfg(not(all(test, bearergate_loom)))]
use std::sync::Mutex;
#[cfg(not(all(test, bearergate_loom)))]
use std::sync::MutexGuard;

use crate::limits;

/// Starts a flight. `abandoned` is its outcome if the lead is dropped, and the answer to those
/// who come when too many wait already.
pub(crate) fn start<T: Clone>(abandoned: T) -> (Leader<T>, Waiter<T>) {
    let shared = Arc::new(Shared {
        abandoned,
        state: Mutex::new(State::default()),
    });
    let follow = Waiter(Arc::clone(&shared));
    (Leader(shared), follow)
}

/// The duty to settle a flight.
pub(crate) struct Leader<T: Clone>(Arc<Shared<T>>);

impl<T: Clone> Leader<T> {
    /// Gives the outcome to all who wait, and to all who ask later.
    pub(crate) fn settle(self, outcome: T) {
        self.0.settle(outcome);
    }
}

impl<T: Clone> Drop for Leader<T> {
    fn drop(&mut self) {
        self.0.settle(self.0.abandoned.clone());
    }
}

/// The right to wait for the outcome, cheap to clone.
pub(crate) struct Waiter<T>(Arc<Shared<T>>);

impl<T: Clone> Waiter<T> {
    /// Waits. Whoever stops waiting disturbs neither the work nor the others.
    pub(crate) fn wait(&self) -> Wait<T> {
        Wait {
            shared: Arc::clone(&self.0),
            ticket: None,
        }
    }
}

impl<T> Clone for Waiter<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Somebody who waits for the outcome of a flight.
#[must_use = "nobody waits before it is polled"]
pub(crate) struct Wait<T: Clone> {
    shared: Arc<Shared<T>>,
    ticket: Option<u64>,
}

impl<T: Clone> Future for Wait<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let waiter = cx.waker().clone();
        match self.shared.enqueue(self.ticket, waiter) {
            Ok(outcome) => Poll::Ready(outcome),
            Err(ticket) => {
                self.ticket = Some(ticket);
                Poll::Pending
            }
        }
    }
}

impl<T: Clone> Drop for Wait<T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            // A waker may run code of its own when it is dropped: not under the lock.
            let waiter = self.shared.lock().waiters.remove(&ticket);
            drop(waiter);
        }
    }
}

struct Shared<T> {
    abandoned: T,
    state: Mutex<State<T>>,
}

struct State<T> {
    outcome: Option<T>,
    waiters: BTreeMap<u64, Waker>,
    next: u64,
}

impl<T: Clone> Shared<T> {
    fn settle(&self, outcome: T) {
        let waiters = {
            let mut state = self.lock();
            if state.outcome.is_some() {
                return;
            }
            state.outcome = Some(outcome);
            std::mem::take(&mut state.waiters)
        };
        waiters.into_values().for_each(Waker::wake);
    }

    /// Returns the outcome, or the ticket under which the waker is kept.
    fn enqueue(&self, ticket: Option<u64>, waiter: Waker) -> Result<T, u64> {
        let mut state = self.lock();
        if let Some(outcome) = &state.outcome {
            return Ok(outcome.clone());
        }
        if ticket.is_none() && state.waiters.len() >= limits::FLIGHT_WAITERS {
            return Ok(self.abandoned.clone());
        }
        let ticket = ticket.unwrap_or(state.next);
        state.next = state.next.max(ticket.saturating_add(1));
        let replaced = state.waiters.insert(ticket, waiter);
        drop(state);
        drop(replaced);
        Err(ticket)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self {
            outcome: None,
            waiters: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<T: Clone> fmt::Debug for Leader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leader")
    }
}

impl<T> fmt::Debug for Waiter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiter")
    }
}

impl<T: Clone> fmt::Debug for Wait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wait")
    }
}

#[cfg(test)]
#[cfg(not(bearergate_loom))]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll(wait: &mut Wait<u8>, bell: &Arc<Bell>) -> Poll<u8> {
        let waker = Waker::from(Arc::clone(bell));
        Pin::new(wait).poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn all_waiters_get_the_one_outcome() {
        let (lead, follow) = start(0_u8);
        let bell = Arc::new(Bell::default());
        let mut waits: Vec<_> = (0..3).map(|_| follow.wait()).collect();
        for wait in &mut waits {
            assert!(poll(wait, &bell).is_pending());
        }
        lead.settle(7);
        assert_eq!(bell.0.load(Ordering::SeqCst), 3);
        for wait in &mut waits {
            assert_eq!(poll(wait, &bell), Poll::Ready(7));
        }
        assert_eq!(poll(&mut follow.wait(), &bell), Poll::Ready(7));
    }

    #[test]
    fn a_dropped_lead_settles_the_flight() {
        let (lead, follow) = start(9_u8);
        let bell = Arc::new(Bell::default());
        let mut wait = follow.wait();
        assert!(poll(&mut wait, &bell).is_pending());
        drop(lead);
        assert_eq!(bell.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut wait, &bell), Poll::Ready(9));
    }

    #[test]
    fn whoever_stops_waiting_leaves_nothing_behind() {
        let (lead, follow) = start(0_u8);
        let bell = Arc::new(Bell::default());
        let (mut gone, mut stays) = (follow.wait(), follow.wait());
        assert!(poll(&mut gone, &bell).is_pending());
        assert!(poll(&mut stays, &bell).is_pending());
        drop(gone);
        assert_eq!(follow.0.lock().waiters.len(), 1);
        lead.settle(1);
        assert_eq!(bell.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn polling_again_keeps_one_place() {
        let (_lead, follow) = start(0_u8);
        let bell = Arc::new(Bell::default());
        let mut wait = follow.wait();
        assert!(poll(&mut wait, &bell).is_pending());
        assert!(poll(&mut wait, &bell).is_pending());
        assert_eq!(follow.0.lock().waiters.len(), 1);
    }

    #[test]
    fn one_waiter_too_many_is_sent_away() {
        let (_lead, follow) = start(5_u8);
        let bell = Arc::new(Bell::default());
        let mut waits: Vec<_> = (0..limits::FLIGHT_WAITERS).map(|_| follow.wait()).collect();
        assert!(waits.iter_mut().all(|w| poll(w, &bell).is_pending()));
        assert_eq!(poll(&mut follow.wait(), &bell), Poll::Ready(5));
        waits.pop();
        assert!(poll(&mut follow.wait(), &bell).is_pending());
    }
}

/// `RUSTFLAGS="--cfg bearergate_loom" cargo test --lib flight`
#[cfg(test)]
#[cfg(bearergate_loom)]
mod interleavings {
    use loom::future::block_on;
    use loom::thread;

    use super::*;

    /// Every order of steps with at most two switches that nobody asked for: enough for what
    /// loom's authors have seen go wrong, and over within seconds.
    fn model(course: impl Fn() + Send + Sync + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(course);
    }

    #[test]
    fn nobody_misses_the_outcome() {
        model(|| {
            let (lead, follow) = start(0_u8);
            let other = follow.clone();
            let waiting = thread::spawn(move || block_on(other.wait()));
            let settling = thread::spawn(move || lead.settle(7));
            assert_eq!(block_on(follow.wait()), 7);
            assert_eq!(waiting.join().unwrap(), 7);
            settling.join().unwrap();
        });
    }

    #[test]
    fn nobody_waits_for_a_dropped_lead() {
        model(|| {
            let (lead, follow) = start(9_u8);
            let dropping = thread::spawn(move || drop(lead));
            assert_eq!(block_on(follow.wait()), 9);
            dropping.join().unwrap();
        });
    }

    #[test]
    fn a_cancelled_waiter_disturbs_nobody() {
        model(|| {
            let (lead, follow) = start(0_u8);
            let other = follow.clone();
            let leaving = thread::spawn(move || {
                let mut wait = other.wait();
                let waker = Waker::noop();
                let _ = Pin::new(&mut wait).poll(&mut Context::from_waker(waker));
            });
            let settling = thread::spawn(move || lead.settle(7));
            assert_eq!(block_on(follow.wait()), 7);
            leaving.join().unwrap();
            settling.join().unwrap();
        });
    }
}
