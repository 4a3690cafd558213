//! A shared call: one task does the work, others wait for its outcome.
//!
//! The task with the [`Leader`] does the work; tasks with a [`Waiter`] wait for its outcome. A
//! leader that is dropped completes the call too, so no waiter waits forever.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
#[cfg(not(all(test, bearergate_loom)))]
use std::sync::Arc;
#[cfg(not(all(test, bearergate_loom)))]
use std::sync::Mutex;
#[cfg(not(all(test, bearergate_loom)))]
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

#[cfg(all(test, bearergate_loom))]
use loom::sync::Arc;
#[cfg(all(test, bearergate_loom))]
use loom::sync::Mutex;
#[cfg(all(test, bearergate_loom))]
use loom::sync::MutexGuard;

use crate::limits;

/// Starts a shared call. `abandoned` is its outcome if the leader is dropped, and the outcome for
/// waiters beyond the most that may wait.
pub(crate) fn start<T: Clone>(abandoned: T) -> (Leader<T>, Waiter<T>) {
    let shared = Arc::new(Shared {
        abandoned,
        state: Mutex::new(State::default()),
    });
    let waiter = Waiter(Arc::clone(&shared));
    (Leader(shared), waiter)
}

/// The side of a shared call that completes it.
pub(crate) struct Leader<T: Clone>(Arc<Shared<T>>);

impl<T: Clone> Leader<T> {
    /// Gives the outcome to all waiters, present and later ones.
    pub(crate) fn complete(self, outcome: T) {
        self.0.complete(outcome);
    }
}

impl<T: Clone> Drop for Leader<T> {
    fn drop(&mut self) {
        self.0.complete(self.0.abandoned.clone());
    }
}

/// The side of a shared call that waits for its outcome; cheap to clone.
pub(crate) struct Waiter<T>(Arc<Shared<T>>);

impl<T: Clone> Waiter<T> {
    /// Returns a future of the outcome. Dropping it disturbs neither the work nor other waiters.
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

/// A future of the outcome of a shared call.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Wait<T: Clone> {
    shared: Arc<Shared<T>>,
    ticket: Option<u64>,
}

impl<T: Clone> Future for Wait<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let waker = cx.waker().clone();
        match self.shared.enqueue(self.ticket, waker) {
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
            let waker = self.shared.lock().wakers.remove(&ticket);
            drop(waker);
        }
    }
}

struct Shared<T> {
    abandoned: T,
    state: Mutex<State<T>>,
}

struct State<T> {
    outcome: Option<T>,
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl<T: Clone> Shared<T> {
    fn complete(&self, outcome: T) {
        let wakers = {
            let mut state = self.lock();
            if state.outcome.is_some() {
                return;
            }
            state.outcome = Some(outcome);
            std::mem::take(&mut state.wakers)
        };
        wakers.into_values().for_each(Waker::wake);
    }

    /// Returns the outcome, or the ticket under which the waker is registered.
    fn enqueue(&self, ticket: Option<u64>, waker: Waker) -> Result<T, u64> {
        let mut state = self.lock();
        if let Some(outcome) = &state.outcome {
            return Ok(outcome.clone());
        }
        if ticket.is_none() && state.wakers.len() >= limits::SINGLE_FLIGHT_WAITERS {
            return Ok(self.abandoned.clone());
        }
        let ticket = ticket.unwrap_or(state.next);
        state.next = state.next.max(ticket.saturating_add(1));
        let replaced = state.wakers.insert(ticket, waker);
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
            wakers: BTreeMap::new(),
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct WakeCount(AtomicUsize);

    impl Wake for WakeCount {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll(wait: &mut Wait<u8>, wake_count: &Arc<WakeCount>) -> Poll<u8> {
        let waker = Waker::from(Arc::clone(wake_count));
        Pin::new(wait).poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn all_waiters_get_the_outcome() {
        let (leader, waiter) = start(0_u8);
        let wake_count = Arc::new(WakeCount::default());
        let mut waits: Vec<_> = (0..3).map(|_| waiter.wait()).collect();
        for wait in &mut waits {
            assert!(poll(wait, &wake_count).is_pending());
        }
        leader.complete(7);
        assert_eq!(wake_count.0.load(Ordering::SeqCst), 3);
        for wait in &mut waits {
            assert_eq!(poll(wait, &wake_count), Poll::Ready(7));
        }
        assert_eq!(poll(&mut waiter.wait(), &wake_count), Poll::Ready(7));
    }

    #[test]
    fn dropped_leader_completes_the_call() {
        let (leader, waiter) = start(9_u8);
        let wake_count = Arc::new(WakeCount::default());
        let mut wait = waiter.wait();
        assert!(poll(&mut wait, &wake_count).is_pending());
        drop(leader);
        assert_eq!(wake_count.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut wait, &wake_count), Poll::Ready(9));
    }

    #[test]
    fn dropped_wait_is_unregistered() {
        let (leader, waiter) = start(0_u8);
        let wake_count = Arc::new(WakeCount::default());
        let (mut dropped, mut kept) = (waiter.wait(), waiter.wait());
        assert!(poll(&mut dropped, &wake_count).is_pending());
        assert!(poll(&mut kept, &wake_count).is_pending());
        drop(dropped);
        assert_eq!(waiter.0.lock().wakers.len(), 1);
        leader.complete(1);
        assert_eq!(wake_count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn repeated_polls_register_one_waker() {
        let (_leader, waiter) = start(0_u8);
        let wake_count = Arc::new(WakeCount::default());
        let mut wait = waiter.wait();
        assert!(poll(&mut wait, &wake_count).is_pending());
        assert!(poll(&mut wait, &wake_count).is_pending());
        assert_eq!(waiter.0.lock().wakers.len(), 1);
    }

    #[test]
    fn one_waiter_too_many_gets_the_abandoned_outcome() {
        let (_leader, waiter) = start(5_u8);
        let wake_count = Arc::new(WakeCount::default());
        let mut waits: Vec<_> = (0..limits::SINGLE_FLIGHT_WAITERS)
            .map(|_| waiter.wait())
            .collect();
        assert!(waits.iter_mut().all(|w| poll(w, &wake_count).is_pending()));
        assert_eq!(poll(&mut waiter.wait(), &wake_count), Poll::Ready(5));
        waits.pop();
        assert!(poll(&mut waiter.wait(), &wake_count).is_pending());
    }
}

/// `RUSTFLAGS="--cfg bearergate_loom" cargo test --lib single_flight`
#[cfg(test)]
#[cfg(bearergate_loom)]
mod interleavings {
    use loom::future::block_on;
    use loom::thread;

    use super::*;

    /// Runs every interleaving with at most two preemptions: loom's documentation names that bound
    /// as enough to find most bugs, and it takes seconds.
    fn model(scenario: impl Fn() + Send + Sync + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(scenario);
    }

    #[test]
    fn no_waiter_misses_the_outcome() {
        model(|| {
            let (leader, waiter) = start(0_u8);
            let other = waiter.clone();
            let waiting = thread::spawn(move || block_on(other.wait()));
            let completing = thread::spawn(move || leader.complete(7));
            assert_eq!(block_on(waiter.wait()), 7);
            assert_eq!(waiting.join().unwrap(), 7);
            completing.join().unwrap();
        });
    }

    #[test]
    fn no_waiter_waits_for_a_dropped_leader() {
        model(|| {
            let (leader, waiter) = start(9_u8);
            let dropping = thread::spawn(move || drop(leader));
            assert_eq!(block_on(waiter.wait()), 9);
            dropping.join().unwrap();
        });
    }

    #[test]
    fn cancelled_waiter_disturbs_no_other() {
        model(|| {
            let (leader, waiter) = start(0_u8);
            let other = waiter.clone();
            let leaving = thread::spawn(move || {
                let mut wait = other.wait();
                let waker = Waker::noop();
                let _ = Pin::new(&mut wait).poll(&mut Context::from_waker(waker));
            });
            let completing = thread::spawn(move || leader.complete(7));
            assert_eq!(block_on(waiter.wait()), 7);
            leaving.join().unwrap();
            completing.join().unwrap();
        });
    }
}
