//! The cache of accepted tokens.

mod builder;
mod cache_key;
mod token_cache;

pub use builder::TokenCacheBuilder;
pub(crate) use cache_key::CacheKey;
pub use token_cache::TokenCache;
pub(crate) use token_cache::{CachedPrincipal, ValidatorCache};
