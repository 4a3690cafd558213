//! Digests of API keys.

use std::fmt;
use std::hash::{Hash, Hasher};

use subtle::ConstantTimeEq;

/// The bytes of a digest, compared in constant time; `Debug` does not show them.
#[derive(Clone, Copy)]
pub(crate) struct KeyDigest([u8; 32]);

impl KeyDigest {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Makes a digest of the 32 bytes of a SHA-256.
    pub(super) fn from_slice(bytes: &[u8]) -> Self {
        Self(bytes.first_chunk().copied().unwrap_or_default())
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
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

/// The number of the pepper under which a digest was made.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct PepperVersion(u32);

impl PepperVersion {
    /// No pepper: a plain SHA-256 digest that was imported, and is replaced at its first use.
    pub(super) const SHA256: Self = Self(0);

    pub(super) const fn new(number: u32) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

/// The digest of an API key and the version of the pepper it was made under: all that a record
/// keeps of the key's secret.
///
/// Without the pepper, which no store has, a digest does not help to guess the key. Two digests
/// are compared in constant time, and `Debug` does not show the bytes.
///
/// ```
/// use bearergate::api_key::PepperedDigest;
///
/// // What a store has read:
/// let digest = PepperedDigest::from_stored([7; 32], 2);
/// assert_eq!((digest.as_bytes(), digest.pepper_version()), (&[7; 32], 2));
/// assert!(!format!("{digest:?}").contains('7'));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PepperedDigest {
    digest: KeyDigest,
    version: PepperVersion,
}

impl PepperedDigest {
    pub(crate) const fn new(digest: KeyDigest, version: PepperVersion) -> Self {
        Self { digest, version }
    }

    /// Makes a digest of its two parts, as a store kept them: the
    /// [bytes](Self::as_bytes) and the [version of the pepper](Self::pepper_version).
    pub const fn from_stored(bytes: [u8; 32], pepper_version: u32) -> Self {
        Self::new(
            KeyDigest::from_bytes(bytes),
            PepperVersion::new(pepper_version),
        )
    }

    /// Makes a digest without a pepper: the SHA-256 of the bytes of a legacy key's text, which
    /// another system computed.
    ///
    /// Anyone who can read such a record can try guesses of the key. It is replaced by a digest
    /// with a pepper when the key is first used.
    pub const fn sha256(digest: [u8; 32]) -> Self {
        Self::new(KeyDigest::from_bytes(digest), PepperVersion::SHA256)
    }

    /// Returns the 32 bytes of the digest, for a store to keep together with the
    /// [version](Self::pepper_version). They are HMAC-SHA-256 under a pepper, or SHA-256 for
    /// version 0.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.digest.0
    }

    /// Returns the version of the pepper, for a store to keep; 0 for a
    /// [SHA-256 without a pepper](Self::sha256).
    pub const fn pepper_version(&self) -> u32 {
        self.version.number()
    }

    /// Returns true only if both have the same bytes, whatever their pepper's version. Compares in
    /// constant time.
    pub fn has_same_bytes(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    pub(crate) const fn digest(&self) -> &KeyDigest {
        &self.digest
    }

    pub(crate) const fn version(&self) -> PepperVersion {
        self.version
    }
}
