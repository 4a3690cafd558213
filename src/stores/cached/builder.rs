//! The builder of stores with a cache.

use std::sync::Arc;
use std::time::Duration;

use super::cache::ReadCache;
use super::store::Cached;
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
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
    /// too many replaces a stale one, or any other one.
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

    /// Takes the clock from an [`Environment`]; without one there, the present clock stays. Call it
    /// before [`clock`](Self::clock) if the store's differs.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
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
            store: self.store,
        })
    }

    fn cache<K, V>(&self) -> ReadCache<K, V> {
        ReadCache::new(self.entries, self.staleness, Arc::clone(&self.clock))
    }
}
