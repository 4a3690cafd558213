//! A cache in front of a slow store.

mod api_key;
mod builder;
mod cache;
mod session;
mod store;

pub use builder::CachedBuilder;
pub use store::Cached;
