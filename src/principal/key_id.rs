//! Which key verified a credential.

use std::fmt;

/// The identity of a key, whatever name it is published under.
///
/// For a public key it is the thumbprint of RFC 7638; for a secret a MAC made with the secret
/// itself, so that it says nothing about the secret to whoever does not have it. `Debug` does not
/// show it.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct KeyId([u8; 32]);

impl KeyId {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyId([redacted])")
    }
}
