//! Turns of RSA decryptions: anybody can make a service decrypt, so only a few do at once.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::available_parallelism;

/// How many decryptions there may be at once on each core.
const PER_CORE: usize = 2;

/// How many may wait for their turn.
const WAITING: usize = 64;

/// Counts decryptions, and who waits for one.
pub(super) struct Turns(Mutex<State>);

#[derive(Default)]
struct State {
    free: usize,
    waiting: VecDeque<Waker>,
}

/// A turn; it is passed on when it is dropped.
pub(super) struct Turn<'t>(&'t Turns);

/// There are too many that wait.
#[derive(Debug)]
pub(super) struct Crowded;

impl Default for Turns {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self(Mutex::new(State {
            free: cores * PER_CORE,
            waiting: VecDeque::new(),
        }))
    }
}

impl Turns {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn if one is free.
    pub(super) fn try_take(&self) -> Option<Turn<'_>> {
        let mut state = self.state();
        state.free = state.free.checked_sub(1)?;
        Some(Turn(self))
    }

    /// Waits for a turn.
    pub(super) fn take(&self) -> Waiting<'_> {
        Waiting(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.free += 1;
        let next = state.waiting.pop_front();
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }
}

/// A future of a turn. One that is woken and dropped wakes the next one.
pub(super) struct Waiting<'t>(&'t Turns);

impl<'t> Future for Waiting<'t> {
    type Output = Result<Turn<'t>, Crowded>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state();
        if let Some(free) = state.free.checked_sub(1) {
            state.free = free;
            return Poll::Ready(Ok(Turn(self.0)));
        }
        let is_known = |waker: &Waker| waker.will_wake(context.waker());
        if state.waiting.iter().any(is_known) {
            return Poll::Pending;
        }
        if state.waiting.len() >= WAITING {
            return Poll::Ready(Err(Crowded));
        }
        state.waiting.push_back(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // It may have been the one that was woken.
        let mut state = self.0.state();
        let next = match state.free {
            0 => None,
            _ => state.waiting.pop_front(),
        };
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    fn poll<'t>(waiting: Pin<&mut Waiting<'t>>) -> Poll<Result<Turn<'t>, Crowded>> {
        waiting.poll(&mut Context::from_waker(Waker::noop()))
    }

    // Defect X86 (flood of decryptions): docs/defects.md
    #[test]
    fn a_turn_is_passed_on() {
        let turns = Turns(Mutex::new(State {
            free: 1,
            waiting: VecDeque::new(),
        }));
        let first = turns.try_take().unwrap();
        assert!(turns.try_take().is_none());
        let mut second = pin!(turns.take());
        assert!(poll(second.as_mut()).is_pending());
        drop(first);
        let Poll::Ready(Ok(turn)) = poll(second.as_mut()) else {
            panic!("the turn is free");
        };
        drop(turn);
        assert!(turns.try_take().is_some());
    }

    #[test]
    fn the_queue_is_bounded() {
        let turns = Turns(Mutex::new(State::default()));
        let mut state = turns.state();
        state
            .waiting
            .extend((0..WAITING).map(|_| Waker::noop().clone()));
        drop(state);
        struct Own;
        impl std::task::Wake for Own {
            fn wake(self: std::sync::Arc<Self>) {}
        }
        let waker = Waker::from(std::sync::Arc::new(Own));
        let waiting = pin!(turns.take());
        let polled = waiting.poll(&mut Context::from_waker(&waker));
        assert!(matches!(polled, Poll::Ready(Err(Crowded))));
    }
}
