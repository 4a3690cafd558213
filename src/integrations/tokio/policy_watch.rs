//! Policy files that a task reads again.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::error::ConfigError;
use crate::limits;
use crate::policy::PolicyFile;

/// A task that [polls](PolicyFile::poll) a policy file; dropping it stops the task.
///
/// It reports each new version, and each content that does not load, to the observer of the file
/// ([`PolicyFileBuilder::observer`](crate::policy::PolicyFileBuilder::observer)); without an observer
/// a failure is not seen. Keep the value as long as the gate is used.
///
/// ```
/// use bearergate::environment::Environment;
/// use bearergate::integrations::tokio::PolicyWatch;
/// use bearergate::policy::PolicyFile;
/// use bearergate::{Gate, JwtValidator};
///
/// fn gate(
///     environment: &Environment,
///     validator: JwtValidator,
/// ) -> Result<(Gate, PolicyWatch), Box<dyn std::error::Error>> {
///     let file = PolicyFile::policy("/etc/orders/policy.json").env(environment).open()?;
///     let policy = file.handle().clone();
///     let gate = Gate::builder().env(environment).validator(validator).authorizer(policy).build()?;
///     let watch = PolicyWatch::builder(file).start()?;
///     Ok((gate, watch))
/// }
/// # let _ = gate;
/// ```
#[must_use = "dropping it stops the task"]
pub struct PolicyWatch(AbortHandle);

/// Configures a [`PolicyWatch`]. It starts with [`PolicyWatch::builder`].
#[derive(Debug)]
#[must_use]
pub struct PolicyWatchBuilder<P> {
    file: PolicyFile<P>,
    interval: Duration,
}

impl PolicyWatch {
    /// Starts with a file that is open.
    pub const fn builder<P>(file: PolicyFile<P>) -> PolicyWatchBuilder<P> {
        PolicyWatchBuilder {
            file,
            interval: INTERVAL,
        }
    }
}

const INTERVAL: Duration = Duration::from_secs(10);

impl<P: Send + Sync + 'static> PolicyWatchBuilder<P> {
    /// Sets the time between two polls, by default 10 seconds. A change of the file takes as long to
    /// be seen, so a longer one delays a policy that takes rights away.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Starts the task on the tokio runtime of the caller, which needs its timers
    /// ([`enable_time`](tokio::runtime::Builder::enable_time)). The file is read on a thread for
    /// blocking work.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for an interval that is not between a
    /// second and an hour, and [`Empty`](crate::error::ConfigErrorKind::Empty) outside of a runtime,
    /// or in one without timers.
    pub fn start(self) -> Result<PolicyWatch, ConfigError> {
        let Self { mut file, interval } = self;
        let (least, most) = limits::POLICY_FILE_INTERVAL_SECS.into_inner();
        let range = Duration::from_secs(least)..=Duration::from_secs(most);
        if !range.contains(&interval) {
            return Err(ConfigError::out_of_range("interval", interval, range));
        }
        let runtime = Handle::try_current().map_err(|cause| {
            let detail = "expected a tokio runtime, found none; call `start` inside of one";
            ConfigError::missing("runtime", detail).with_source(cause)
        })?;
        // tokio panics where a runtime has no timers. In the task that would end it unseen.
        catch_unwind(|| drop(tokio::time::sleep(interval))).map_err(|_| {
            let detail = "expected a tokio runtime with timers, found one without; call \
                          `enable_time` when it is built";
            ConfigError::missing("runtime", detail)
        })?;
        let task = runtime.spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                let polled = tokio::task::spawn_blocking(move || {
                    // The observer of the file has the result. If it panics, the next change of
                    // the file must still be loaded.
                    let _ = catch_unwind(AssertUnwindSafe(|| file.poll()));
                    file
                });
                match polled.await {
                    Ok(polled) => file = polled,
                    // The runtime shuts down.
                    Err(_) => return,
                }
            }
        });
        Ok(PolicyWatch(task.abort_handle()))
    }
}

impl Drop for PolicyWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for PolicyWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_running = !self.0.is_finished();
        f.debug_struct("PolicyWatch")
            .field("is_running", &is_running)
            .finish()
    }
}
