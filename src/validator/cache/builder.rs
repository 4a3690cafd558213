//! The builder of token caches.

use std::sync::Arc;

use super::token_cache::TokenCache;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::limits;

/// Configures a [`TokenCache`]: its bounds and an observer.
///
/// Without any setting its bounds are 10 000 entries and 32 MiB.
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenCacheBuilder {
    entries: usize,
    bytes: usize,
    observer: Option<Arc<dyn Observer>>,
    keeps_mac_tokens: bool,
}

impl TokenCache {
    /// Starts the configuration of a cache, with the default bounds of [`TokenCacheBuilder`]. A
    /// cache changes nothing until a validator joins it, for example by
    /// [`JwtValidator::cached`](crate::jwt::JwtValidator::cached).
    pub fn builder() -> TokenCacheBuilder {
        TokenCacheBuilder {
            entries: limits::TOKEN_CACHE_ENTRIES,
            bytes: limits::TOKEN_CACHE_BYTES,
            observer: None,
            keeps_mac_tokens: false,
        }
    }
}

impl TokenCacheBuilder {
    /// Sets the largest number of entries, from 1 to
    /// [`limits::CACHE_ENTRIES_MAX`](crate::limits::CACHE_ENTRIES_MAX). A token that has no entry
    /// any more is validated in full when it is next presented.
    pub fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// Sets the largest size of all entries together in bytes, at least
    /// [`limits::TOKEN_CACHE_BYTES_MIN`](crate::limits::TOKEN_CACHE_BYTES_MIN). Large tokens reach
    /// it before the number of [`entries`](Self::entries) is reached.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Caches tokens that are signed with a shared secret too. By default they are not, because
    /// their signature is as cheap as a lookup.
    ///
    /// With it a gate recognises their callers while a source is
    /// [locked out](crate::limit::LockOut).
    pub fn keep_mac_tokens(mut self) -> Self {
        self.keeps_mac_tokens = true;
        self
    }

    /// Sets the observer that gets an [`Event::CacheHit`](crate::event::Event::CacheHit) for each
    /// hit. It is called inside the request, so it must not block.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the observer from an [`Environment`], if it has one; nothing else of it is used. Call
    /// it before [`observer`](Self::observer), because the later call wins.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_observer(&mut self.observer);
        self
    }

    /// Builds the cache.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) if a bound is outside its range.
    pub fn build(self) -> Result<TokenCache, ConfigError> {
        let range = 1..=limits::CACHE_ENTRIES_MAX;
        if !range.contains(&self.entries) {
            return Err(ConfigError::out_of_range("entries", self.entries, range));
        }
        let range = limits::TOKEN_CACHE_BYTES_MIN..;
        if !range.contains(&self.bytes) {
            return Err(ConfigError::out_of_range("bytes", self.bytes, range));
        }
        let cache = TokenCache::new(self.entries, self.bytes, self.observer);
        Ok(match self.keeps_mac_tokens {
            true => cache.keeping_mac_tokens(),
            false => cache,
        })
    }
}
