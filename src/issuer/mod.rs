//! Minting: access tokens under a rotating key, and what their issuer answers about them.

mod access_claims;
mod caller;
mod endpoint_response;
mod error;
mod grant_revocations;
mod issuer;
mod minted;
mod schedule;
mod signing_key;
mod signing_keys;
mod signing_keys_builder;
mod signing_keys_text;
mod token_endpoints;

pub use access_claims::AccessClaims;
pub use caller::AuthenticatedClient;
pub use endpoint_response::EndpointResponse;
pub use error::MintError;
pub use error::MintErrorKind;
pub use grant_revocations::GrantRevocations;
pub use issuer::JwtIssuer;
pub use issuer::JwtIssuerBuilder;
pub use minted::MintedToken;
pub use signing_key::SigningKey;
pub use signing_keys::SigningKeys;
pub use signing_keys_builder::SigningKeysBuilder;
pub use token_endpoints::TokenEndpoints;

use ring::error::Unspecified;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;

use crate::credential::base64url;

/// Returns a name that nobody can guess and nobody else gets: 128 random bits in base64url.
fn random_id() -> Result<String, Unspecified> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(base64url::encode(bytes))
}
