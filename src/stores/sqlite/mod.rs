//! A durable store in one SQLite file.

mod api_key;
mod column;
mod diagnose;
mod error;
mod grant;
mod last_used;
mod misfit;
mod oneshot;
mod open;
mod pepper;
mod revocation;
mod schema;
mod store;
mod transaction;
mod usage;
mod usage_quota;
mod worker_pool;

pub use open::SqliteStoreBuilder;
pub use store::SqliteStore;
