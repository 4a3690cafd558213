//! Random ids.

use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};

use crate::credential::base64url;

/// Returns a unique id that cannot be guessed: 128 random bits in base64url.
pub(super) fn random_id() -> Result<String, Unspecified> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(base64url::encode(bytes))
}
