//! Ids of keys.

use std::fmt;

/// The id of a key, computed from the key itself and independent of its `kid`.
///
/// For a public key it is the thumbprint of RFC 7638. For a secret it is a MAC with the secret as
/// key, so that it reveals nothing about the secret. `Debug` does not show it.
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
