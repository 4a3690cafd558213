//! The threads that hold the connections, and the bounded queue before them.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::thread;

use super::oneshot;
use crate::error::StoreError;
use crate::error::StoreErrorKind;
use crate::now_or_later::NowOrLater;

type Job<C> = Box<dyn FnOnce(&mut C) + Send>;

/// Some threads of one purpose, each with what it works on, and their queue.
///
/// A job that was taken into the queue runs to its end, whether or not its answer is still
/// awaited. When the lane is dropped the threads do what is queued, and end.
pub(super) struct WorkerPool<C> {
    jobs: SyncSender<Job<C>>,
}

impl<C: Send + 'static> WorkerPool<C> {
    /// Starts one thread for each of `seats`; at most `waiting` jobs wait for them.
    pub(super) fn start(
        name: &str,
        seats: impl IntoIterator<Item = C>,
        waiting: usize,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::sync_channel(waiting);
        let queue = Arc::new(Mutex::new(queue));
        for seat in seats {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name(name.to_owned());
            thread.spawn(move || work(seat, &queue))?;
        }
        Ok(Self { jobs })
    }

    /// Has a thread do `job`, once the answer is first polled.
    ///
    /// The answer is `unavailable` when the queue is full.
    pub(super) fn ask<'a, T, F>(&'a self, job: F) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut C) -> Result<T, StoreError> + Send + 'static,
    {
        NowOrLater::later(async move {
            let (reply, answer) = oneshot::pair();
            let job: Job<C> = Box::new(move |seat| reply.give(job(seat)));
            self.jobs.try_send(job).map_err(refused)?;
            answer.await.unwrap_or_else(|| Err(ended()))
        })
    }

    /// Has a thread do `job` without an answer; returns false when the queue is full.
    pub(super) fn send<F>(&self, job: F) -> bool
    where
        F: FnOnce(&mut C) + Send + 'static,
    {
        self.jobs.try_send(Box::new(job)).is_ok()
    }
}

impl<C> fmt::Debug for WorkerPool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerPool").finish_non_exhaustive()
    }
}

fn work<C>(mut seat: C, queue: &Mutex<Receiver<Job<C>>>) {
    while let Some(job) = next(queue) {
        job(&mut seat);
    }
}

/// Waits for a job; the lock is given back before the job is done.
fn next<C>(queue: &Mutex<Receiver<Job<C>>>) -> Option<Job<C>> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.recv().ok()
}

fn refused<J>(refusal: TrySendError<J>) -> StoreError {
    match refusal {
        TrySendError::Full(_) => unavailable("too many calls wait for the store"),
        TrySendError::Disconnected(_) => ended(),
    }
}

fn ended() -> StoreError {
    unavailable("the store's thread has ended")
}

fn unavailable(reason: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source(reason)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::Context;
    use std::task::Poll;
    use std::task::Waker;

    use super::*;

    fn lane(waiting: usize) -> WorkerPool<u32> {
        WorkerPool::start("lane", [0], waiting).unwrap()
    }

    fn poll<T>(answer: &mut NowOrLater<'_, T>) -> Poll<T> {
        Pin::new(answer).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// A job that says when it begins, and ends when it is told to.
    fn held() -> (impl FnOnce(&mut u32), Receiver<()>, mpsc::Sender<()>) {
        let (began, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel();
        let job = move |count: &mut u32| {
            began.send(()).unwrap();
            may_end.recv().unwrap();
            *count += 1;
        };
        (job, has_begun, end)
    }

    #[test]
    fn a_full_queue_is_unavailable_and_nothing_runs_before_the_first_poll() {
        let lane = lane(1);
        let (job, has_begun, end) = held();
        let mut first = lane.ask(move |count| {
            job(count);
            Ok(*count)
        });
        let mut waiting = lane.ask(|count| Ok(*count));
        let mut refused = lane.ask(|count| Ok(*count));
        assert!(poll(&mut first).is_pending());
        has_begun.recv().unwrap();
        assert!(poll(&mut waiting).is_pending());
        let Poll::Ready(Err(error)) = poll(&mut refused) else {
            panic!("the queue took one too many");
        };
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        end.send(()).unwrap();
    }

    #[test]
    fn a_job_whose_answer_is_dropped_runs_to_its_end() {
        let lane = lane(1);
        let (job, has_begun, end) = held();
        let mut dropped = lane.ask(move |count| {
            job(count);
            Ok(())
        });
        assert!(poll(&mut dropped).is_pending());
        has_begun.recv().unwrap();
        drop(dropped);
        let (told, count) = mpsc::channel();
        let mut next = lane.ask(move |count| {
            told.send(*count).unwrap();
            Ok(())
        });
        assert!(poll(&mut next).is_pending());
        end.send(()).unwrap();
        assert_eq!(count.recv().unwrap(), 1);
    }

    #[test]
    fn a_thread_that_ended_is_unavailable() {
        let lane = lane(1);
        let (began, has_begun) = mpsc::channel::<()>();
        let mut fatal = lane.ask(move |_| -> Result<(), StoreError> {
            let _began = began;
            panic!("as no job does");
        });
        let _ = poll(&mut fatal);
        assert!(has_begun.recv().is_err());
        while poll(&mut fatal).is_pending() {
            thread::yield_now();
        }
        let mut later = lane.ask(|_| Ok(()));
        while poll(&mut later).is_pending() {
            thread::yield_now();
        }
    }
}
