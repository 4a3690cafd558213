//! A cache in front of a slow store.

#[cfg(feature = "api-key")]
mod api_key;
mod builder;
mod cache;
mod changes;
#[cfg(feature = "session")]
mod session;
mod store;
mod writes;

pub use builder::CachedBuilder;
pub use store::Cached;
