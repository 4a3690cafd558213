//! The password check of the example. Passwords are not part of the crate.

use std::num::NonZeroU32;

use ring::error::Unspecified;
use ring::pbkdf2;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;

/// The salted hash of a password. A service should use Argon2 instead.
pub(crate) struct Password {
    salt: [u8; 16],
    hash: [u8; 32],
}

const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

impl Password {
    pub(crate) fn new(text: &str) -> Result<Self, Unspecified> {
        let (mut salt, mut hash) = ([0; 16], [0; 32]);
        SystemRandom::new().fill(&mut salt)?;
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, ROUNDS, &salt, text.as_bytes(), &mut hash);
        Ok(Self { salt, hash })
    }

    pub(crate) fn is(&self, text: &str) -> bool {
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::verify(algorithm, ROUNDS, &self.salt, text.as_bytes(), &self.hash).is_ok()
    }
}
