//! Stores in memory.

#[cfg(feature = "api-key")]
mod api_key;
#[cfg(feature = "session")]
mod grant;
#[cfg(feature = "session")]
mod grant_diagnose;
#[cfg(feature = "session")]
mod grant_limit;
#[cfg(feature = "session")]
mod grant_list;
#[cfg(feature = "session")]
mod grant_record;
#[cfg(feature = "session")]
mod grant_table;
#[cfg(feature = "session")]
mod revocation_room;
#[cfg(feature = "session")]
mod revocations;
#[cfg(feature = "session")]
mod shards;
mod usage;
mod usage_quota;

#[cfg(feature = "api-key")]
pub use api_key::MemoryApiKeyStore;
#[cfg(feature = "session")]
pub use grant::MemoryGrantStore;
pub use usage::MemoryUsageStore;

/// Records of one kind that one step of a purge removes, and records that a list or a purge looks at
/// under one lock.
const STEP: usize = 1_000;

/// Records that a purge removes under one lock.
#[cfg(feature = "session")]
const REMOVED: usize = 100;
