//! A cache in front of a slow store.

#[cfg(feature = "api-key")]
mod api_key;
mod builder;
mod cache;
#[cfg(feature = "session")]
mod session;
mod store;

pub use builder::CachedBuilder;
pub use store::Cached;
