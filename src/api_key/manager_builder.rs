//! The builder of API key managers.

use std::fmt;
use std::sync::Arc;

use super::manager::ApiKeyManager;
use super::scheme::ApiKeyScheme;
use super::store::contract::ApiKeyStore;
use crate::clock::{Clock, SystemClock};
use crate::credential::Sources;
use crate::environment::Environment;
use crate::error::ConfigError;

/// Builds an [`ApiKeyManager`].
///
/// ```
/// use std::sync::Arc;
///
/// use bearergate::ConfigError;
/// use bearergate::api_key::{ApiKeyManager, ApiKeyScheme};
/// use bearergate::clock::FakeClock;
/// use bearergate::stores::MemoryApiKeyStore;
///
/// fn for_test(scheme: ApiKeyScheme, clock: FakeClock) -> Result<ApiKeyManager, ConfigError> {
///     let store = Arc::new(MemoryApiKeyStore::new(100)?);
///     ApiKeyManager::builder(scheme, store).clock(clock).build()
/// }
/// # let _ = for_test;
/// ```
#[must_use]
pub struct ApiKeyManagerBuilder {
    scheme: ApiKeyScheme,
    store: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
    sources: Option<Sources>,
}

impl ApiKeyManager {
    /// Starts the configuration of a manager for the keys of this scheme, whose records are in
    /// this store.
    pub fn builder(scheme: ApiKeyScheme, store: Arc<dyn ApiKeyStore>) -> ApiKeyManagerBuilder {
        ApiKeyManagerBuilder {
            scheme,
            store,
            clock: Arc::new(SystemClock),
            sources: None,
        }
    }
}

impl ApiKeyManagerBuilder {
    /// Sets the clock, which decides when keys were created, disabled and expire; by default it is
    /// the system's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the places in which clients send keys, so that
    /// [`import`](ApiKeyManager::import) refuses a key that none of them can carry: only a header of a
    /// name of one's own and `Authorization: Basic` carry all visible ASCII characters. By default
    /// the places are not known, and keys that one of those two can carry are imported.
    pub fn sources(mut self, sources: &Sources) -> Self {
        self.sources = Some(sources.clone());
        self
    }

    /// Takes the clock from an [`Environment`]; without one there, the present clock stays. Call it
    /// before [`clock`](Self::clock) if the manager's differs.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        self
    }

    /// Builds the manager.
    ///
    /// # Errors
    ///
    /// None at present: the parts were checked when they were made.
    pub fn build(self) -> Result<ApiKeyManager, ConfigError> {
        Ok(ApiKeyManager {
            scheme: self.scheme,
            store: self.store,
            clock: self.clock,
            sources: self.sources,
            peppers: Arc::default(),
        })
    }
}

impl fmt::Debug for ApiKeyManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyManagerBuilder")
            .field("scheme", &self.scheme)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
