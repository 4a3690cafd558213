//! Stores in memory.

mod api_key;
mod grant;
mod shards;

pub use api_key::MemoryApiKeyStore;
pub use grant::MemoryGrantStore;
