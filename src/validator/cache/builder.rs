//! Configures a cache of tokens.

use std::sync::Arc;

use super::TokenCache;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::limits;

/// Builds a [`TokenCache`].
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenCacheBuilder {
    pub(super) entries: usize,
    pub(super) bytes: usize,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl TokenCacheBuilder {
    pub(super) fn new() -> Self {
        Self {
            entries: limits::TOKEN_CACHE_ENTRIES,
            bytes: limits::TOKEN_CACHE_BYTES,
            observer: None,
        }
    }

    /// Sets how many credentials are remembered at most: one to
    /// [`limits::CACHE_ENTRIES_MAX`](crate::limits::CACHE_ENTRIES_MAX).
    pub fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// Sets how many bytes the facts take at most: at least
    /// [`limits::TOKEN_CACHE_BYTES_MIN`](crate::limits::TOKEN_CACHE_BYTES_MIN).
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets who hears of every hit.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Makes the cache.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a bound that is out of its range.
    pub fn build(self) -> Result<TokenCache, ConfigError> {
        let range = 1..=limits::CACHE_ENTRIES_MAX;
        if !range.contains(&self.entries) {
            return Err(ConfigError::out_of_range("entries", self.entries, range));
        }
        let range = limits::TOKEN_CACHE_BYTES_MIN..;
        if !range.contains(&self.bytes) {
            return Err(ConfigError::out_of_range("bytes", self.bytes, range));
        }
        Ok(TokenCache::from_settings(&self))
    }
}
