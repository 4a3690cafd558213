//! What looks out for signals.

use std::sync::Arc;
use std::time::Duration;

use super::signal::{Signal, Signals};
use crate::address::Source;
use crate::environment::Environment;
use crate::error::{ConfigError, RejectionKind};
use crate::event::Observer;
use crate::metrics::{Counted, Sample};
use crate::principal::Principal;

/// Raises [`Signal`]s. Cheap to clone; clones share their counts.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {}

/// A [`Watch`] that is being configured. [`Watch::builder`] makes it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct WatchBuilder {
    observer: Option<Arc<dyn Observer>>,
}

impl Watch {
    /// Starts with the defaults.
    pub fn builder() -> WatchBuilder {
        WatchBuilder::default()
    }

    /// Counts a request that was refused before its caller was known. `claimed` is a keyed hash of
    /// the identity that its credential claims.
    pub(crate) fn refused(
        &self,
        _source: Source,
        _kind: RejectionKind,
        _claimed: Option<u64>,
        _at: Duration,
    ) -> Signals {
        Signals::NONE
    }

    /// Counts a request that the policy denied.
    pub(crate) fn denied(&self, _caller: &Principal, _at: Duration) -> Signals {
        Signals::NONE
    }

    /// Counts a request that was admitted.
    pub(crate) fn admitted(&self, _caller: &Principal, _source: Source, _at: Duration) -> Signals {
        Signals::NONE
    }

    /// Counts that a table of limits or lock-outs had no slot.
    pub(crate) fn saturated(&self, _at: Duration) -> Signals {
        Signals::NONE
    }
}

impl WatchBuilder {
    /// Sets from how many in which time a signal is raised.
    pub fn threshold(self, _signal: Signal, _count: u32, _per: Duration) -> Self {
        self
    }

    /// Sets the observer.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the observer of an environment, if it has one.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_observer(&mut self.observer);
        self
    }

    /// Builds the watch.
    pub fn build(self) -> Result<Watch, ConfigError> {
        Ok(Watch::default())
    }
}

impl Counted for Watch {
    fn samples(&self, _add: &mut dyn FnMut(Sample<'_>)) {}
}
