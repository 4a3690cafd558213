//! Check values of peppers.

use std::fmt;

use crate::api_key::KeyDigest;

/// The check value of one pepper, for one authority: with it a process notices that a pepper has
/// other bytes than the one of the same version under which the keys of the store were made.
///
/// It is an HMAC-SHA-256 under the pepper over a constant, the version and the authority, so it is
/// of no more use for finding the pepper than a key's digest is. Two values are compared in constant
/// time, and `Debug` does not show the bytes.
///
/// ```
/// use bearergate::api_key::store::PepperCheck;
///
/// // What a store has read:
/// let check = PepperCheck::from_stored([7; 32], 2);
/// assert_eq!((check.as_bytes(), check.version()), (&[7; 32], 2));
/// assert!(!format!("{check:?}").contains('7'));
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct PepperCheck {
    value: KeyDigest,
    version: u32,
}

impl PepperCheck {
    /// Makes a check value of its two parts, as a store kept them.
    pub const fn from_stored(bytes: [u8; 32], version: u32) -> Self {
        let value = KeyDigest::from_bytes(bytes);
        Self { value, version }
    }

    /// Returns the 32 bytes, for a store to keep together with the [version](Self::version).
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.value.as_bytes()
    }

    /// Returns the version of the pepper; versions start at 1.
    pub const fn version(&self) -> u32 {
        self.version
    }
}

impl fmt::Debug for PepperCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PepperCheck")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Why the pepper of a check value is the right one, for
/// [`keep_pepper_check`](crate::api_key::ApiKeyStore::keep_pepper_check).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PepperProof {
    /// The pepper is configured; nothing else speaks for it. Its check value is kept only while no
    /// record of the authority has a digest under this version.
    Configured,
    /// A key was validated with it: it is the pepper of a record.
    Validated,
}

/// What a store has as the check value of a pepper, after
/// [`keep_pepper_check`](crate::api_key::ApiKeyStore::keep_pepper_check).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeptCheck {
    /// This value is kept: the given one, or the one that was kept before. The caller compares.
    Kept(PepperCheck),
    /// None is kept: records have digests under this version, and nothing proves that they were made
    /// with this pepper. The value is offered again when a key was validated.
    Unproven,
    /// The store keeps no check values, so it cannot show that a pepper was swapped.
    Unsupported,
}

/// What a store holds under one version of the pepper, for a diagnosis.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PepperUse {
    /// The version; 0 for digests [without a pepper](crate::api_key::PepperedDigest::sha256).
    pub version: u32,
    /// How many records of the authority have a digest under it.
    pub keys: u64,
    /// The check value that is kept.
    pub check: Option<PepperCheck>,
}

impl PepperUse {
    /// Makes the entry of a version with no keys and no check value.
    pub const fn new(version: u32) -> Self {
        Self {
            version,
            keys: 0,
            check: None,
        }
    }
}
