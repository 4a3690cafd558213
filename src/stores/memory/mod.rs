//! Stores in memory.

#[cfg(feature = "api-key")]
mod api_key;
#[cfg(feature = "session")]
mod grant;
#[cfg(feature = "session")]
mod grant_table;
#[cfg(feature = "session")]
mod revocations;
#[cfg(feature = "session")]
mod shards;

#[cfg(feature = "api-key")]
pub use api_key::MemoryApiKeyStore;
#[cfg(feature = "session")]
pub use grant::MemoryGrantStore;
