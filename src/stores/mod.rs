//! Implementations of the store traits.

mod cached;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "api-key")]
pub use cached::CachedApiKeyStore;
#[cfg(feature = "session")]
pub use cached::CachedSessionStore;
pub use cached::ReadCache;
#[cfg(feature = "api-key")]
pub use memory::MemoryApiKeyStore;
#[cfg(feature = "session")]
pub use memory::MemoryGrantStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStoreBuilder;
