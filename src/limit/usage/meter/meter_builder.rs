//! The builder of meters.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::usage_generation::{FIRST, Generations};
use super::usage_journal::UsageJournal;
use super::usage_meter::{Background, Counters, Meter, Shared};
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::event::Observer;
use crate::http_client::Spawn;
use crate::limit::usage::spend::random;
use crate::limit::usage::usage_store::UsageStore;
use crate::limits;

/// Configures a [`Meter`].
#[derive(Debug)]
#[must_use = "no meter is made before `build` is called"]
pub struct MeterBuilder {
    store: Arc<dyn UsageStore>,
    node: String,
    journal: Option<PathBuf>,
    every: Duration,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    spawn: Option<Arc<dyn Spawn>>,
}

impl Meter {
    /// Starts the configuration of a meter that writes to this store.
    pub fn builder(store: impl UsageStore + 'static) -> MeterBuilder {
        MeterBuilder {
            store: Arc::new(store),
            node: "node".to_owned(),
            journal: None,
            every: limits::METER_FLUSH,
            clock: Arc::new(SystemClock),
            observer: None,
            spawn: None,
        }
    }
}

impl MeterBuilder {
    /// Sets the name of this node in the numbers of batches; by default `node`. Nodes may share a
    /// name: each start has 128 random bits of its own.
    pub fn node(mut self, name: impl Into<String>) -> Self {
        self.node = name.into();
        self
    }

    /// Writes each addition to a file before it counts, so that a process that is killed loses
    /// nothing. By default there is no journal, and such a process loses what was counted since the
    /// last flush began.
    ///
    /// The files are in one folder, named as `path` with a suffix, one for each generation, and are
    /// removed when the store has their batch; [`build`](Self::build) reads those of the last start.
    /// They grow with each addition while the store does not answer. One process may use a path at a
    /// time. An addition then costs a call of the system, and what the system had not yet written
    /// is lost in a loss of power. They name subjects, and only their owner may read them.
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// Sets the time between two flushes in the background: whole seconds, 1 second to
    /// [`limits::METER_FLUSH_MAX`], by default 1 second. It has no effect without a spawner.
    pub fn flush_every(mut self, span: Duration) -> Self {
        self.every = span;
        self
    }

    /// Takes the clock, the observer and the spawner of an environment. With a spawner additions start
    /// flushes in the background; by default the service calls [`Meter::flush`].
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        environment.set_observer(&mut self.observer);
        environment.set_network(&mut None, &mut self.spawn);
        self
    }

    /// Sets the observer, to which failed flushes and sums that are too large are reported; by
    /// default they are not reported.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Creates the meter. What a journal has of a former start waits for the first flush.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for a name or a time out of range,
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for a fraction of a second,
    /// [`StoreUnusable`](ConfigErrorKind::StoreUnusable) for a journal that cannot be read or written.
    pub fn build(self) -> Result<Meter, ConfigError> {
        let most = limits::NODE_NAME_BYTES;
        if !(1..=most).contains(&self.node.len()) {
            let len = self.node.len();
            return Err(ConfigError::size_out_of_range(
                "node",
                len,
                "bytes",
                1..=most,
            ));
        }
        let range = Duration::from_secs(1)..=limits::METER_FLUSH_MAX;
        if !range.contains(&self.every) {
            return Err(ConfigError::out_of_range("flush_every", self.every, range));
        }
        if self.every.subsec_nanos() != 0 {
            let detail = "expected whole seconds, found a fraction; round it";
            return Err(ConfigError::malformed("flush_every", detail));
        }
        let boot = random().ok_or_else(|| ConfigError::no_random("node"))?;
        let generations = self.generations(boot)?;
        Ok(Meter::new(Shared {
            generations,
            store: self.store,
            clock: self.clock,
            observer: self.observer,
            spawn: self.spawn,
            every: self.every.as_secs(),
            background: Background::default(),
            counters: Counters::new(),
        }))
    }

    fn generations(&self, boot: u128) -> Result<Generations, ConfigError> {
        let origin = (self.node.clone(), boot);
        let Some(path) = &self.journal else {
            return Ok(Generations::new(origin, None, Vec::new()));
        };
        if path.file_name().is_none() {
            let remedy = "give the path of a file, like `usage.journal`";
            return Err(ConfigError::empty("journal", remedy));
        }
        let journal = UsageJournal::new(path.clone());
        let recovered = journal.recover().map_err(|error| unusable(path, error))?;
        let file = journal.begin(&self.node, boot, FIRST);
        let file = file.map_err(|error| unusable(path, error))?;
        Ok(Generations::new(origin, Some((journal, file)), recovered))
    }
}

fn unusable(path: &Path, error: io::Error) -> ConfigError {
    let detail = format!(
        "expected a folder in which files `{}.*` can be written and read, found: {error}; create it, \
         or correct the path",
        path.display()
    );
    ConfigError::new(ConfigErrorKind::StoreUnusable, "journal", detail).with_source(error)
}
