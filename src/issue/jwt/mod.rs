//! Minting: access tokens under a rotating key, and what their issuer answers about them.

mod access_claims;
mod answer;
mod caller;
mod error;
mod issuer;
mod key_ring;
mod marked;
mod minted;
mod responder;
mod ring_builder;
mod ring_text;
mod schedule;
mod signing_key;

pub use access_claims::AccessClaims;
pub use answer::Answer;
pub use caller::AuthenticatedClient;
pub use error::MintError;
pub use error::MintErrorKind;
pub use issuer::JwtIssuer;
pub use issuer::JwtIssuerBuilder;
pub use key_ring::KeyRing;
pub use marked::MarkedTokens;
pub use minted::MintedToken;
pub use responder::Revocations;
pub use responder::TokenResponder;
pub use ring_builder::KeyRingBuilder;
pub use signing_key::SigningKey;

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
