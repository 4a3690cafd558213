//! JSON Web Tokens: signature, then claims (RFC 7519, RFC 8725, RFC 9068).
//!
//! [`JwtValidator`] validates the tokens of one issuer; [`JwtValidator::join`] makes one validator
//! of several. Its builder requires an issuer, an audience and keys by its type, in this order, and
//! every check that can be disabled is disabled by a method whose name says so. For the tokens of
//! well-known identity providers there are [`providers`].

mod absent;
mod access_token;
mod builder;
mod builder_purpose;
mod builder_state;
mod checks;
mod claim_name;
mod claims;
mod compact;
mod config;
mod contrast;
mod decode;
#[cfg(feature = "jwe")]
mod decryption;
mod diagnose;
#[cfg(feature = "jwe")]
mod encrypted;
mod explain;
mod facts;
mod grants;
mod header;
mod id_token;
#[cfg(feature = "introspection")]
mod introspection_rules;
mod issuer_rules;
mod issuers;
mod join;
pub mod providers;
mod purpose;
mod rejections;
mod requirement;
mod revalidation;
mod tenant;
#[cfg(test)]
mod test_vectors;
mod validator;
mod verified_token;
mod verify;

pub use builder::JwtValidatorBuilder;
pub use builder_state::{NeedsAudience, NeedsIssuer, NeedsKeys, Ready};
#[cfg(feature = "introspection")]
pub(crate) use introspection_rules::ActiveClaims;
#[cfg(feature = "introspection")]
pub(crate) use introspection_rules::IntrospectionRules;
#[cfg(feature = "introspection")]
pub(crate) use introspection_rules::TokenType;
pub use tenant::Tenant;
pub use validator::JwtValidator;
