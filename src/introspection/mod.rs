//! Introspection of opaque tokens at their provider (RFC 7662, RFC 9701), and their revocation
//! there (RFC 7009).
//!
//! An [`IntrospectionValidator`] asks the provider's endpoint whether a token is active, and caches
//! the answer for a short time. A [`RevocationClient`] asks a provider to revoke a token.

mod breaker;
mod builder;
mod cache;
mod call;
mod diagnose;
mod endpoint;
mod explain;
mod in_flight;
mod response;
mod revoke;
mod shared;
mod signed;
mod validator;

pub use builder::IntrospectionValidatorBuilder;
pub use revoke::{RevocationClient, RevokeError};
pub use validator::IntrospectionValidator;
