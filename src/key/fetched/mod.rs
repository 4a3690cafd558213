//! Keys that are fetched from their issuer and kept up to date.

mod builder;
mod cache_control;
mod diagnose;
mod discovery_document;
mod disk_cache;
mod fetch_problem;
mod fetched_keys;
mod load;
mod plan;
mod private_file;
mod source_keys;
mod state;

pub use builder::FetchedKeysBuilder;
pub(crate) use diagnose::key_findings;
pub use fetched_keys::FetchedKeys;
