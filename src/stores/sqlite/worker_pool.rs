//! Threads that own the connections, and their bounded queue.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::{fmt, io, thread};

use super::oneshot;
use crate::error::{StoreError, StoreErrorKind};
use crate::now_or_later::NowOrLater;

type Job<C> = Box<dyn FnOnce(&mut C) + Send>;

/// Threads of one purpose, each with its own resource, and their queue.
///
/// A queued job runs to its end, also if its answer is dropped. After the pool is dropped, the
/// threads complete the queued jobs and end.
pub(super) struct WorkerPool<C> {
    jobs: SyncSender<Job<C>>,
}

impl<C: Send + 'static> WorkerPool<C> {
    /// Starts one thread for each resource; at most `waiting` jobs wait for them.
    pub(super) fn start(
        name: &str,
        resources: impl IntoIterator<Item = C>,
        waiting: usize,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::sync_channel(waiting);
        let queue = Arc::new(Mutex::new(queue));
        for mut resource in resources {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name(name.to_owned());
            thread.spawn(move || {
                while let Some(job) = next(&queue) {
                    job(&mut resource);
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Queues a job when the answer is first polled. The answer is `unavailable` if the queue is
    /// full.
    pub(super) fn ask<'a, T, F>(&'a self, job: F) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut C) -> Result<T, StoreError> + Send + 'static,
    {
        NowOrLater::later(async move {
            let (sender, receiver) = oneshot::channel();
            let job: Job<C> = Box::new(move |resource| sender.send(job(resource)));
            self.jobs.try_send(job).map_err(|error| match error {
                TrySendError::Full(_) => unavailable("too many calls are waiting for the store"),
                TrySendError::Disconnected(_) => ended(),
            })?;
            receiver.await.unwrap_or_else(|| Err(ended()))
        })
    }

    /// Queues a job without an answer; returns false if the queue is full.
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

/// Waits for a job; the lock is released before the job runs.
fn next<C>(queue: &Mutex<Receiver<Job<C>>>) -> Option<Job<C>> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.recv().ok()
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
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn pool(waiting: usize) -> WorkerPool<u32> {
        WorkerPool::start("test", [0], waiting).unwrap()
    }

    fn poll<T>(answer: &mut NowOrLater<'_, T>) -> Poll<T> {
        Pin::new(answer).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// A job that reports its start, and ends on request.
    fn blocking_job() -> (impl FnOnce(&mut u32), Receiver<()>, mpsc::Sender<()>) {
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
    fn full_queue_is_unavailable_and_nothing_runs_before_the_first_poll() {
        let pool = pool(1);
        let (job, has_begun, end) = blocking_job();
        let mut first = pool.ask(move |count| {
            job(count);
            Ok(*count)
        });
        let mut waiting = pool.ask(|count| Ok(*count));
        let mut rejected = pool.ask(|count| Ok(*count));
        assert!(poll(&mut first).is_pending());
        has_begun.recv().unwrap();
        assert!(poll(&mut waiting).is_pending());
        let Poll::Ready(Err(error)) = poll(&mut rejected) else {
            panic!("the queue accepted one job too many");
        };
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        end.send(()).unwrap();
    }

    #[test]
    fn job_runs_to_its_end_if_its_answer_is_dropped() {
        let pool = pool(1);
        let (job, has_begun, end) = blocking_job();
        let mut dropped = pool.ask(move |count| {
            job(count);
            Ok(())
        });
        assert!(poll(&mut dropped).is_pending());
        has_begun.recv().unwrap();
        drop(dropped);
        let (counted, count) = mpsc::channel();
        let mut next = pool.ask(move |count| {
            counted.send(*count).unwrap();
            Ok(())
        });
        assert!(poll(&mut next).is_pending());
        end.send(()).unwrap();
        assert_eq!(count.recv().unwrap(), 1);
    }

    /// Polls until the answer is there, and not once more.
    fn answered<T>(mut answer: NowOrLater<'_, T>) -> T {
        loop {
            match poll(&mut answer) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::yield_now(),
            }
        }
    }

    #[test]
    fn ended_thread_is_unavailable() {
        let pool = pool(1);
        let fatal = pool.ask(|_| -> Result<(), StoreError> {
            panic!("real jobs do not panic");
        });
        assert_eq!(
            answered(fatal).unwrap_err().kind(),
            StoreErrorKind::Unavailable
        );
        // Queued before or after the queue is closed, the next job does not wait forever.
        let later = pool.ask(|_| Ok(()));
        assert_eq!(
            answered(later).unwrap_err().kind(),
            StoreErrorKind::Unavailable
        );
    }
}
