//! The store with a cache.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "session")]
use std::sync::atomic::AtomicU64;

use super::cache::ReadCache;
use super::writes::Writes;
#[cfg(feature = "api-key")]
use crate::api_key::ApiKeyId;
#[cfg(feature = "api-key")]
use crate::api_key::ApiKeyRecord;
#[cfg(feature = "api-key")]
use crate::api_key::KeyDigest;
#[cfg(feature = "session")]
use crate::grant::store::TokenDigest;
#[cfg(feature = "session")]
use crate::session::SessionRecord;

/// A store that caches what another, slower one answered. It implements `ApiKeyStore` and
/// `SessionStore` if the other store does.
///
/// What other processes change is seen after the [staleness](super::CachedBuilder::staleness) at
/// the latest: a key or session that one of them revoked stays valid here until then. What is
/// changed through this store is seen at once, so make all changes of this process through it. A
/// change begins when its answer is first polled, and then runs to its end also if the answer is
/// dropped: on the [spawner](super::CachedBuilder::spawner), or else driven by the next calls. Until
/// it has ended, nothing is cached of what it names. Only
/// found records are cached: never that there is none, never an error, and no list. Refresh tokens
/// are not cached, because each is valid once.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use bearergate::stores::{Cached, MemoryApiKeyStore};
///
/// let slow = Arc::new(MemoryApiKeyStore::new(100_000)?);
/// let store = Cached::builder(slow).staleness(Duration::from_secs(2)).build()?;
/// # let _ = store;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub struct Cached<S: ?Sized> {
    #[cfg(feature = "api-key")]
    pub(super) records: ReadCache<ApiKeyId, ApiKeyRecord>,
    // The id of a legacy key's record, which must still have this digest when it is read.
    #[cfg(feature = "api-key")]
    pub(super) legacy: ReadCache<KeyDigest, ApiKeyId>,
    #[cfg(feature = "session")]
    pub(super) sessions: ReadCache<TokenDigest, Arc<SessionRecord>>,
    /// The latest time of a purge, in seconds.
    #[cfg(feature = "session")]
    pub(super) purged: AtomicU64,
    pub(super) writes: Writes,
    pub(super) store: Arc<S>,
}

impl<S: fmt::Debug + ?Sized> fmt::Debug for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
