//! Keys that are fetched from their issuer and kept up to date.

mod builder;
mod cache_control;
mod diagnose;
mod disk_cache;
mod fetched_keys;
mod load;
mod plan;
mod problem;
mod state;

pub use builder::FetchedKeysBuilder;
pub(crate) use diagnose::key_findings;
pub use fetched_keys::FetchedKeys;
