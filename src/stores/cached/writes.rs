//! Changes of a store that run to their end, whether their callers wait or not.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::changes::PendingChange;
use crate::error::{StoreError, StoreErrorKind};
use crate::http_client::Spawn;
use crate::now_or_later::NowOrLater;

/// The changes whose callers stopped waiting. With a spawner they are handed to it; without one
/// the next callers of the store drive them.
#[derive(Default)]
pub(super) struct Writes {
    left: Mutex<VecDeque<Task>>,
    /// How many are left, read without the lock.
    count: AtomicUsize,
    spawn: Option<Arc<dyn Spawn>>,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Most changes that are left to others; of one more, the oldest is lost.
const LEFT: usize = 1024;

/// How many changes of others one call polls.
const DRIVEN: usize = 4;

impl Writes {
    pub(super) fn new(spawn: Option<Arc<dyn Spawn>>) -> Self {
        Self {
            spawn,
            ..Self::default()
        }
    }

    /// Makes a change. It begins when the answer is first polled, and then ends by itself: a caller
    /// that drops the answer leaves the rest of it to others.
    pub(super) fn run<'a, T, B, W>(
        &'a self,
        begin: B,
        write: W,
    ) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        B: FnOnce() -> PendingChange + Send + 'a,
        W: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        NowOrLater::later(async move {
            self.drive();
            let change = begin();
            let answer = Arc::new(Mutex::new(None));
            let answered = Arc::clone(&answer);
            let task: Task = Box::pin(async move {
                let result = write.await;
                change.done();
                *lock(&answered) = Some(result);
            });
            let mut running = Running {
                task: Some(task),
                writes: self,
            };
            poll_fn(|cx| running.poll(cx)).await;
            let result = lock(&answer).take();
            result.unwrap_or_else(|| Err(StoreErrorKind::Unavailable.into()))
        })
    }

    /// Polls some of the changes whose callers stopped waiting.
    pub(super) fn drive(&self) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        for _ in 0..DRIVEN {
            let Some(mut task) = self.take() else { return };
            // Nobody waits for it, so nobody is woken: the next caller polls it again.
            let mut cx = Context::from_waker(Waker::noop());
            if task.as_mut().poll(&mut cx).is_pending() {
                self.leave(task);
            }
        }
    }

    fn take(&self) -> Option<Task> {
        let mut left = lock(&self.left);
        let task = left.pop_front();
        self.count.store(left.len(), Ordering::SeqCst);
        task
    }

    fn leave(&self, task: Task) {
        let mut left = lock(&self.left);
        left.push_back(task);
        let lost = match left.len() > LEFT {
            true => left.pop_front(),
            false => None,
        };
        self.count.store(left.len(), Ordering::SeqCst);
        drop(left);
        // Its code runs outside the lock. What it names is then in doubt.
        drop(lost);
    }
}

/// A change while its caller waits for it.
struct Running<'a> {
    task: Option<Task>,
    writes: &'a Writes,
}

impl Running<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(task) = &mut self.task {
            if task.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.task = None;
        }
        Poll::Ready(())
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        if thread::panicking() {
            // The store may have panicked, and must not be polled again.
            return;
        }
        match &self.writes.spawn {
            Some(spawn) => spawn.spawn(NowOrLater::later(task)),
            None => self.writes.leave(task),
        }
    }
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writes").finish_non_exhaustive()
    }
}

// No code of others runs while one of these locks is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
