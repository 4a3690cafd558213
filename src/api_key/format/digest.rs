//! What is stored of a key.

use std::fmt;
use std::hash::Hash;
use std::hash::Hasher;

use subtle::ConstantTimeEq;

/// The digest of an API key, all that is stored of its secret; `Debug` does not show it.
///
/// Two are compared in constant time.
#[derive(Clone, Copy)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Takes a digest as a store kept it.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes the 32 bytes of a SHA-256.
    pub(super) fn of_slice(bytes: &[u8]) -> Self {
        Self(bytes.first_chunk().copied().unwrap_or_default())
    }

    pub(crate) fn ct_eq(&self, other: &Self) -> subtle::Choice {
        let ([a, b], [c, d]) = (self.halves(), other.halves());
        a.ct_eq(&c) & b.ct_eq(&d)
    }

    /// Two numbers are compared faster than 32 bytes, each of which `subtle` guards.
    fn halves(&self) -> [u128; 2] {
        let (halves, _) = self.0.as_chunks();
        let number = |at| halves.get(at).map_or(0, |half| u128::from_ne_bytes(*half));
        [number(0), number(1)]
    }
}

impl PartialEq for KeyDigest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for KeyDigest {}

impl Hash for KeyDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest([redacted])")
    }
}

/// Under which pepper a digest was made.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PepperVersion(u32);

impl PepperVersion {
    /// No pepper: a plain SHA-256 digest that was imported, and is replaced at its first use.
    pub const SHA256: Self = Self(0);

    /// Takes a version as a store kept it; 0 is [`SHA256`](Self::SHA256).
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// A digest with the version of its pepper: what a record keeps of a key's secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PepperedDigest {
    digest: KeyDigest,
    version: PepperVersion,
}

impl PepperedDigest {
    /// Joins the two as a store kept them.
    pub const fn new(digest: KeyDigest, version: PepperVersion) -> Self {
        Self { digest, version }
    }

    /// Takes the SHA-256 digest of a foreign key, made before by others over the bytes of the
    /// key's text.
    pub const fn sha256(digest: [u8; 32]) -> Self {
        Self::new(KeyDigest::from_bytes(digest), PepperVersion::SHA256)
    }

    /// Returns the digest.
    pub const fn digest(&self) -> &KeyDigest {
        &self.digest
    }

    /// Returns the version of its pepper.
    pub const fn version(&self) -> PepperVersion {
        self.version
    }
}
