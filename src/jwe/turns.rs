//! Turns of RSA decryptions: anybody can make a service decrypt, so only a few do at once.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::available_parallelism;

/// A decryption holds its thread, so a runtime with a thread for each core keeps every other one for other
/// work.
const CORES_PER_TURN: usize = 2;

/// How many may wait for their turn.
const WAITING: usize = 64;

/// Counts decryptions, and who waits for one.
pub(super) struct Turns(Mutex<State>);

#[derive(Default)]
struct State {
    free: usize,
    waiting: VecDeque<(u64, Waker)>,
    next_id: u64,
}

/// A turn; it is passed on when it is dropped.
pub(super) struct Turn<'t>(&'t Turns);

/// There are too many that wait.
#[derive(Debug)]
pub(super) struct Crowded;

impl Default for Turns {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::of((cores / CORES_PER_TURN).max(1))
    }
}

impl Turns {
    fn of(free: usize) -> Self {
        Self(Mutex::new(State {
            free,
            ..State::default()
        }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn if one is free and nobody waits for it.
    pub(super) fn try_take(&self) -> Option<Turn<'_>> {
        let mut state = self.state();
        if !state.waiting.is_empty() {
            return None;
        }
        state.free = state.free.checked_sub(1)?;
        Some(Turn(self))
    }

    /// Waits for a turn.
    pub(super) fn take(&self) -> Waiting<'_> {
        Waiting {
            turns: self,
            id: None,
        }
    }

    /// Wakes the first that waits, if a turn is free. It stays in its place until it takes the turn or is
    /// dropped.
    fn wake_first(&self) {
        let state = self.state();
        let first = state.waiting.front().filter(|_| state.free > 0);
        let waker = first.map(|(_, waker)| waker.clone());
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().free += 1;
        self.0.wake_first();
    }
}

/// A future of a turn. The first that waits gets it.
pub(super) struct Waiting<'t> {
    turns: &'t Turns,
    /// Its place among those that wait.
    id: Option<u64>,
}

impl<'t> Future for Waiting<'t> {
    type Output = Result<Turn<'t>, Crowded>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let turns = self.turns;
        let mut state = turns.state();
        let Some(id) = self.id else {
            if state.waiting.is_empty() && state.free > 0 {
                state.free -= 1;
                return Poll::Ready(Ok(Turn(turns)));
            }
            if state.waiting.len() >= WAITING {
                return Poll::Ready(Err(Crowded));
            }
            let id = state.next_id;
            state.next_id += 1;
            state.waiting.push_back((id, context.waker().clone()));
            drop(state);
            self.id = Some(id);
            return Poll::Pending;
        };
        let is_first = state.waiting.front().is_some_and(|(own, _)| *own == id);
        if is_first && state.free > 0 {
            state.free -= 1;
            state.waiting.pop_front();
            drop(state);
            self.id = None;
            turns.wake_first();
            return Poll::Ready(Ok(Turn(turns)));
        }
        if let Some((_, waker)) = state.waiting.iter_mut().find(|(own, _)| *own == id) {
            waker.clone_from(context.waker());
        }
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        self.turns.state().waiting.retain(|(own, _)| *own != id);
        // It may have been the one that was woken.
        self.turns.wake_first();
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Task {
        woken: Arc<Woken>,
        waker: Waker,
    }

    impl Task {
        fn new() -> Self {
            let woken = Arc::<Woken>::default();
            let waker = Waker::from(Arc::clone(&woken));
            Self { woken, waker }
        }

        fn poll<'t>(&self, waiting: &mut Waiting<'t>) -> Poll<Result<Turn<'t>, Crowded>> {
            Pin::new(waiting).poll(&mut Context::from_waker(&self.waker))
        }

        fn woken(&self) -> usize {
            self.woken.0.load(Ordering::Relaxed)
        }
    }

    // Defect X86 (flood of decryptions): docs/defects.md
    #[test]
    fn half_of_the_cores_is_left_for_other_work() {
        let cores = available_parallelism().unwrap().get();
        assert_eq!(Turns::default().state().free, (cores / 2).max(1));
    }

    #[test]
    fn a_turn_is_passed_on_in_order() {
        let turns = Turns::of(1);
        let first = turns.try_take().unwrap();
        assert!(turns.try_take().is_none());
        let (one, two) = (Task::new(), Task::new());
        let (mut second, mut third) = (turns.take(), turns.take());
        assert!(one.poll(&mut second).is_pending());
        assert!(two.poll(&mut third).is_pending());
        drop(first);
        assert_eq!((one.woken(), two.woken()), (1, 0));
        // Nobody overtakes the one that was woken.
        assert!(turns.try_take().is_none());
        assert!(two.poll(&mut third).is_pending());
        let Poll::Ready(Ok(turn)) = one.poll(&mut second) else {
            panic!("the turn is free");
        };
        drop(turn);
        assert_eq!(two.woken(), 1);
        assert!(matches!(two.poll(&mut third), Poll::Ready(Ok(_))));
        drop(third);
        assert!(turns.try_take().is_some());
    }

    #[test]
    fn one_that_is_dropped_takes_no_turn_with_it() {
        let turns = Turns::of(1);
        let first = turns.try_take().unwrap();
        let (one, two) = (Task::new(), Task::new());
        let (mut dropped, mut waiting) = (turns.take(), turns.take());
        assert!(one.poll(&mut dropped).is_pending());
        assert!(two.poll(&mut waiting).is_pending());
        // Before the turn is free, and after it was woken.
        drop(dropped);
        let mut woken = turns.take();
        let three = Task::new();
        assert!(three.poll(&mut woken).is_pending());
        drop(first);
        assert_eq!((two.woken(), three.woken()), (1, 0));
        drop(waiting);
        assert_eq!(three.woken(), 1);
        assert!(matches!(three.poll(&mut woken), Poll::Ready(Ok(_))));
    }

    #[test]
    fn the_queue_is_bounded() {
        let turns = Turns::of(1);
        let turn = turns.try_take().unwrap();
        let task = Task::new();
        let mut waiting: Vec<_> = (0..WAITING).map(|_| turns.take()).collect();
        for own in &mut waiting {
            assert!(task.poll(own).is_pending());
        }
        let mut more = turns.take();
        assert!(matches!(task.poll(&mut more), Poll::Ready(Err(Crowded))));
        waiting.pop();
        assert!(task.poll(&mut more).is_pending());
        drop((waiting, more, turn));
        assert!(turns.try_take().is_some());
    }
}
