//! Background work on tokio (feature `tokio`).

use std::fmt;

use tokio::runtime::Handle;

use crate::http_client::Spawn;
use crate::now_or_later::NowOrLater;

/// Drives background work on a tokio runtime.
///
/// ```
/// use bearergate::http_client::Spawn;
/// use bearergate::integrations::tokio::Engine;
///
/// fn takes(_: impl Spawn) {}
/// takes(Engine::new());
/// ```
#[derive(Clone, Default)]
pub struct Engine(Option<Handle>);

impl Engine {
    /// Drives each task on the runtime in which it comes up; outside of any it is dropped.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Drives every task on this runtime, for services that have several.
    pub const fn on(runtime: Handle) -> Self {
        Self(Some(runtime))
    }
}

impl Spawn for Engine {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        let runtime = self.0.clone().or_else(|| Handle::try_current().ok());
        if let Some(runtime) = runtime {
            runtime.spawn(task);
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
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
    fn a_task_runs_on_the_runtime_at_hand_or_the_one_given() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (done, seen) = mpsc::channel();
        let other = done.clone();
        let given = Engine::on(runtime.handle().clone());
        given.spawn(NowOrLater::later(async move { other.send(1).unwrap() }));
        runtime.block_on(async {
            Engine::new().spawn(NowOrLater::later(async move { done.send(2).unwrap() }));
            tokio::task::yield_now().await;
        });
        let mut seen: Vec<_> = seen.into_iter().collect();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
    }

    #[test]
    fn a_task_that_nobody_can_drive_is_dropped() {
        let (done, seen) = mpsc::channel::<()>();
        Engine::new().spawn(NowOrLater::later(async move { drop(done) }));
        assert!(seen.recv().is_err());
    }
}
