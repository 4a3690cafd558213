//! The builder of stores with a cache.

use std::sync::Arc;
#[cfg(feature = "session")]
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::cache::ReadCache;
use super::store::Cached;
use super::writes::Writes;
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::http_client::Spawn;
use crate::limits;

/// Builds a [`Cached`] store.
///
/// ```
/// use std::sync::Arc;
///
/// use bearergate::error::ConfigErrorKind;
/// use bearergate::stores::{Cached, MemoryGrantStore};
///
/// let slow = Arc::new(MemoryGrantStore::new(10_000));
/// let error = Cached::builder(slow).entries(0).build().unwrap_err();
/// assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CachedBuilder<S: ?Sized> {
    staleness: Duration,
    entries: usize,
    clock: Arc<dyn Clock>,
    spawn: Option<Arc<dyn Spawn>>,
    store: Arc<S>,
}

impl<S: ?Sized> Cached<S> {
    /// Starts the configuration of a cache in front of this store, with a staleness of 5
    /// seconds and 10 000 entries.
    pub fn builder(store: Arc<S>) -> CachedBuilder<S> {
        CachedBuilder {
            staleness: limits::CACHE_STALENESS,
            entries: limits::CACHE_ENTRIES,
            clock: Arc::new(SystemClock),
            spawn: None,
            store,
        }
    }
}

impl<S: ?Sized> CachedBuilder<S> {
    /// Sets how long an answer is used: whole seconds, from 1 to [`limits::CACHE_STALENESS_MAX`].
    /// For so long a revocation by another process may stay unnoticed here.
    pub fn staleness(mut self, staleness: Duration) -> Self {
        self.staleness = staleness;
        self
    }

    /// Sets how many records of each kind are cached: 1 to [`limits::CACHE_ENTRIES_MAX`]. A record
    /// too many replaces a stale one among the next few, or another one.
    pub fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// Sets the clock; by default it is the system's. While it has no time, every call goes to the
    /// store.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the spawner that completes a change whose caller stopped waiting. By default there is
    /// none, and the next calls of the store drive such a change to its end; until then, nothing is
    /// cached of what it names.
    pub fn spawner(mut self, spawner: impl Spawn + 'static) -> Self {
        self.spawn = Some(Arc::new(spawner));
        self
    }

    /// Takes the clock and the spawner from an [`Environment`]; what is missing there stays as it
    /// is. Call it before [`clock`](Self::clock) and [`spawner`](Self::spawner) if those of the
    /// store differ.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        if environment.spawn.is_some() {
            self.spawn.clone_from(&environment.spawn);
        }
        self
    }

    /// Builds the store.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a staleness or a number of
    /// entries outside its range.
    pub fn build(self) -> Result<Cached<S>, ConfigError> {
        let range = Duration::from_secs(1)..=limits::CACHE_STALENESS_MAX;
        if !range.contains(&self.staleness) {
            return Err(ConfigError::out_of_range(
                "staleness",
                self.staleness,
                range,
            ));
        }
        let range = 1..=limits::CACHE_ENTRIES_MAX;
        if !range.contains(&self.entries) {
            return Err(ConfigError::out_of_range("entries", self.entries, range));
        }
        Ok(Cached {
            #[cfg(feature = "api-key")]
            records: self.cache(),
            #[cfg(feature = "api-key")]
            legacy: self.cache(),
            #[cfg(feature = "session")]
            sessions: self.cache(),
            #[cfg(feature = "session")]
            purged: AtomicU64::new(0),
            writes: Writes::new(self.spawn),
            store: self.store,
        })
    }

    fn cache<K, V>(&self) -> ReadCache<K, V> {
        ReadCache::new(self.entries, self.staleness, Arc::clone(&self.clock))
    }
}
