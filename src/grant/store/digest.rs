//! What a store holds in place of a secret.

use std::fmt;
use std::hash::{Hash, Hasher};

use subtle::{Choice, ConstantTimeEq};

/// The 32-byte digest of a session id or a part of a refresh token: all that a store ever sees of
/// it.
///
/// Compared in constant time; `Debug` does not show it.
#[derive(Clone, Copy)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Takes the bytes of a digest that was computed before. A store calls it for what it reads
    /// back. Nothing is hashed here.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn of(digest: ring::digest::Digest) -> Self {
        let mut bytes = [0; 32];
        bytes
            .iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// Returns the 32 bytes, for a store to write. They reveal nothing about the secret, but
    /// identify its record: do not log them.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ConstantTimeEq for TokenDigest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for TokenDigest {}

impl Hash for TokenDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_equals_itself_alone() {
        let digest = TokenDigest::new([7; 32]);
        assert_eq!(digest, TokenDigest::new([7; 32]));
        for at in 0..32 {
            let mut bytes = [7; 32];
            bytes[at] ^= 1;
            assert_ne!(digest, TokenDigest::new(bytes), "{at}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(
            format!("{:?}", TokenDigest::new([7; 32])),
            "TokenDigest([redacted])"
        );
    }
}
