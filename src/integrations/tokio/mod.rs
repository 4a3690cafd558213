//! Background work on tokio (feature `tokio`).

#[cfg(feature = "policy-file")]
mod policy_watch;

use std::fmt;

#[cfg(feature = "policy-file")]
pub use policy_watch::{PolicyWatch, PolicyWatchBuilder};
use tokio::runtime::Handle;

use crate::http_client::Spawn;
use crate::now_or_later::NowOrLater;

/// A [`Spawn`] that runs background work on a tokio runtime.
///
/// Give it to [`FetchedKeysBuilder::build`](crate::key::FetchedKeysBuilder::build), or to any other
/// builder that refreshes something in the background. `TokioSpawner::default()` is
/// [`TokioSpawner::new`].
///
/// ```
/// use bearergate::http_client::Spawn;
/// use bearergate::integrations::tokio::TokioSpawner;
///
/// let spawner: Box<dyn Spawn> = Box::new(TokioSpawner::new());
/// ```
#[derive(Clone, Default)]
pub struct TokioSpawner(Option<Handle>);

impl TokioSpawner {
    /// Runs each task on the tokio runtime of the caller.
    ///
    /// A task that is started outside of a runtime is dropped, and what waits for it is
    /// unavailable. Use [`on`](Self::on) if requests are handled outside of tokio.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Runs every task on this runtime, whichever one the caller is in.
    ///
    /// The spawner does not keep the runtime running. When it shuts down, tasks are dropped, and
    /// what waits for them is unavailable.
    pub const fn on(runtime: Handle) -> Self {
        Self(Some(runtime))
    }
}

impl Spawn for TokioSpawner {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        let runtime = self.0.clone().or_else(|| Handle::try_current().ok());
        if let Some(runtime) = runtime {
            runtime.spawn(task);
        }
    }
}

impl fmt::Debug for TokioSpawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioSpawner")
            .field("is_fixed", &self.0.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn a_task_runs_on_the_current_runtime_or_the_given_one() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (done, seen) = mpsc::channel();
        let other = done.clone();
        let given = TokioSpawner::on(runtime.handle().clone());
        given.spawn(NowOrLater::later(async move { other.send(1).unwrap() }));
        runtime.block_on(async {
            TokioSpawner::new().spawn(NowOrLater::later(async move { done.send(2).unwrap() }));
            tokio::task::yield_now().await;
        });
        let mut seen: Vec<_> = seen.into_iter().collect();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
    }

    #[test]
    fn a_task_outside_of_a_runtime_is_dropped() {
        let (done, seen) = mpsc::channel::<()>();
        TokioSpawner::new().spawn(NowOrLater::later(async move { drop(done) }));
        assert!(seen.recv().is_err());
    }
}
