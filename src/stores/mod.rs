//! Implementations of the store traits.

mod cached;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use cached::CachedApiKeyStore;
pub use cached::CachedSessionStore;
pub use cached::ReadCache;
pub use memory::MemoryApiKeyStore;
pub use memory::MemoryGrantStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStoreBuilder;
