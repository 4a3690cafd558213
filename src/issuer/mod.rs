//! Access tokens that the service issues itself: minting under rotating keys, and the endpoints of
//! their issuer.
//!
//! A [`JwtIssuer`] mints tokens with [`AccessClaims`] and publishes the public halves of its
//! [`SigningKeys`].

mod access_claims;
mod caller;
mod endpoint_response;
mod error;
mod grant_revocations;
mod jwt_issuer;
mod minted;
mod private_jwk;
mod random_id;
mod refresh_form;
mod schedule;
mod signing_key;
mod signing_keys;
mod signing_keys_builder;
mod signing_keys_text;
mod token_endpoints;
mod token_error;
mod token_response;

pub use access_claims::AccessClaims;
pub use caller::AuthenticatedClient;
pub use endpoint_response::EndpointResponse;
pub use error::{MintError, MintErrorKind};
pub use grant_revocations::GrantRevocations;
pub use jwt_issuer::{JwtIssuer, JwtIssuerBuilder};
pub use minted::MintedToken;
pub use refresh_form::RefreshForm;
pub use signing_key::SigningKey;
pub use signing_keys::SigningKeys;
pub use signing_keys_builder::SigningKeysBuilder;
pub use token_endpoints::TokenEndpoints;
pub use token_error::{TokenError, TokenErrorKind};
pub use token_response::TokenResponse;
