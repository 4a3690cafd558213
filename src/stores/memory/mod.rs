//! Stores in memory.

#[cfg(feature = "api-key")]
mod api_key;
#[cfg(feature = "session")]
mod grant;
mod shards;

#[cfg(feature = "api-key")]
pub use api_key::MemoryApiKeyStore;
#[cfg(feature = "session")]
pub use grant::MemoryGrantStore;
