//! Implementations of the store traits.
//!
//! | type | keeps |
//! |---|---|
//! | `MemoryApiKeyStore` (feature `api-key`) | API keys in memory |
//! | `MemoryGrantStore` (feature `session`) | sessions and refresh tokens in memory |
//! | [`MemoryUsageStore`] | usage and quotas in memory |
//! | `SqliteStore` (feature `sqlite`) | all of them, and revocations, in a file that several processes may share |
//! | [`Cached`] | what a slower store answered, for some seconds |

mod cached;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "session")]
mod subject;

pub use cached::{Cached, CachedBuilder};
#[cfg(feature = "api-key")]
pub use memory::MemoryApiKeyStore;
#[cfg(feature = "session")]
pub use memory::MemoryGrantStore;
pub use memory::MemoryUsageStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStoreBuilder;
