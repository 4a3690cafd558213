//! The interface of executors for background work.

use std::fmt;
use std::sync::Arc;

use crate::now_or_later::NowOrLater;

/// An executor that runs tasks in the background.
///
/// [`integrations::tokio`](crate::integrations) has one. Implement the trait to use another
/// runtime.
///
/// Contract: return at once, and drive the task to its end independently of the caller. A task that
/// cannot be driven must be dropped; its waiters then get
/// [`Unavailable`](crate::RejectionKind::Unavailable) at once.
///
/// ```
/// use std::pin::pin;
/// use std::sync::Arc;
/// use std::task::{Context, Wake, Waker};
/// use std::thread::{self, Thread};
/// use bearergate::NowOrLater;
/// use bearergate::http_client::Spawn;
///
/// /// Runs each task on a thread of its own.
/// #[derive(Debug)]
/// struct ThreadSpawner;
///
/// struct Unpark(Thread);
///
/// impl Wake for Unpark {
///     fn wake(self: Arc<Self>) {
///         self.0.unpark();
///     }
/// }
///
/// impl Spawn for ThreadSpawner {
///     fn spawn(&self, task: NowOrLater<'static, ()>) {
///         thread::spawn(move || {
///             let mut task = pin!(task);
///             let waker = Waker::from(Arc::new(Unpark(thread::current())));
///             while task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
///                 thread::park();
///             }
///         });
///     }
/// }
/// ```
pub trait Spawn: fmt::Debug + Send + Sync {
    /// Starts the task and returns. A task that cannot be driven to its end must be dropped.
    ///
    /// It is called while a request is handled, so it must not block. The task must also end when
    /// that request is dropped.
    fn spawn(&self, task: NowOrLater<'static, ()>);
}

const _: Option<&dyn Spawn> = None;

impl<S: Spawn + ?Sized> Spawn for Arc<S> {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        (**self).spawn(task);
    }
}
