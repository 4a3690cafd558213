//! Signature algorithms, and sets of them.

use std::fmt;

/// A signature or MAC algorithm of RFC 7518 section 3.1 or RFC 8037 section 3.1.
///
/// The list is closed: there is no `none`, and an application cannot add an algorithm. A
/// [`Key`](crate::key::Key) decides which algorithms may be used with it; the `alg` of a token is
/// untrusted, and only has to be one of them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519, named `EdDSA` (RFC 8037 section 3.1) or `Ed25519` (RFC 9864 section 2.2).
    ///
    /// Ed448, which RFC 8037 names `EdDSA` too, is not supported.
    EdDsa,
    /// ECDSA on P-256 with SHA-256: `ES256`.
    ///
    /// A signature has 64 bytes: both numbers in full length (RFC 7518 section 3.4).
    Es256,
    /// ECDSA on P-384 with SHA-384: `ES384`.
    ///
    /// A signature has 96 bytes: both numbers in full length (RFC 7518 section 3.4).
    Es384,
    /// ECDSA on P-521 with SHA-512: `ES512`.
    ///
    /// It is verified with the feature `aws-lc-rs`, whatever the [`Provider`](super::Provider);
    /// without the feature, keys on P-521 are refused. Nothing is signed with it. A signature has
    /// 132 bytes: both numbers in full length (RFC 7518 section 3.4).
    Es512,
    /// HMAC with SHA-256: `HS256`.
    ///
    /// The secret has at least 32 bytes (RFC 7518 section 3.2). A service that can verify can also
    /// sign.
    Hs256,
    /// HMAC with SHA-384: `HS384`.
    ///
    /// The secret has at least 48 bytes (RFC 7518 section 3.2). A service that can verify can also
    /// sign.
    Hs384,
    /// HMAC with SHA-512: `HS512`.
    ///
    /// The secret has at least 64 bytes (RFC 7518 section 3.2). A service that can verify can also
    /// sign.
    Hs512,
    /// RSASSA-PSS with SHA-256 and a salt as long as the hash: `PS256`.
    ///
    /// The key has a modulus of 2048 to 8192 bits.
    Ps256,
    /// RSASSA-PSS with SHA-384 and a salt as long as the hash: `PS384`.
    ///
    /// The key has a modulus of 2048 to 8192 bits.
    Ps384,
    /// RSASSA-PSS with SHA-512 and a salt as long as the hash: `PS512`.
    ///
    /// The key has a modulus of 2048 to 8192 bits.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256: `RS256`.
    ///
    /// The key has a modulus of 2048 to 8192 bits.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384: `RS384`.
    ///
    /// The key has a modulus of 2048 to 8192 bits.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512: `RS512`.
    ///
    /// The key has a modulus of 2048 to 8192 bits.
    Rs512,
}

impl Algorithm {
    /// Every algorithm, in the order of the variants.
    pub const ALL: &'static [Self] = &[
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// Returns the algorithm of this name, or `None` for any other text.
    ///
    /// Names are compared byte for byte, and `EdDSA` and `Ed25519` are two names of one algorithm.
    ///
    /// ```
    /// use bearergate::crypto::Algorithm;
    ///
    /// assert_eq!(Algorithm::from_name("RS256"), Some(Algorithm::Rs256));
    /// assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    /// assert_eq!(Algorithm::from_name("rs256"), None);
    /// assert_eq!(Algorithm::from_name("none"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "EdDSA" | "Ed25519" => Self::EdDsa,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            "HS256" => Self::Hs256,
            "HS384" => Self::Hs384,
            "HS512" => Self::Hs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            _ => return None,
        })
    }

    /// Returns the name as a token's header has it, such as `RS256`; Ed25519 is `EdDSA`.
    ///
    /// [`from_name`](Self::from_name) returns the same algorithm for this name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of [`Algorithm`]s, as small as an integer and `Copy`.
///
/// It is made from one algorithm by `from`, or from several by `from_iter`; `Debug` lists the
/// names.
///
/// ```
/// use bearergate::crypto::{Algorithm, Algorithms};
///
/// let set = Algorithms::from_iter([Algorithm::Es256, Algorithm::EdDsa]);
/// assert!(set.contains(Algorithm::EdDsa));
/// assert_eq!(format!("{set:?}"), "{EdDSA, ES256}");
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Algorithms(u16);

impl Algorithms {
    /// `HS256`, `HS384` and `HS512`.
    pub(crate) const MAC: Self =
        Self::from_slice(&[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]);

    /// Every `RS*` and `PS*`.
    pub(crate) const RSA: Self = Self::from_slice(&[
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
    ]);

    /// Returns the set of these algorithms.
    pub(crate) const fn from_slice(members: &[Algorithm]) -> Self {
        let mut bits = 0;
        let mut rest = members;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u16;
            rest = others;
        }
        Self(bits)
    }

    /// Returns true only if `algorithm` is in the set.
    ///
    /// `EdDSA` and `Ed25519` are one member, because they are two names of one [`Algorithm`].
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & (1 << algorithm as u16) != 0
    }

    /// Returns true only if the set has no algorithm.
    ///
    /// The default set is empty; the set of a [`Key`](crate::key::Key) never is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the set of the algorithms that are in this set, in `other`, or in both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the set of the algorithms that are in this set and in `other`.
    ///
    /// It is empty if they have no algorithm in common; check this with
    /// [`is_empty`](Self::is_empty).
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the set of the algorithms that are in this set and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns the members, in the order of [`Algorithm::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL
            .iter()
            .copied()
            .filter(move |algorithm| self.contains(*algorithm))
    }
}

impl From<Algorithm> for Algorithms {
    fn from(algorithm: Algorithm) -> Self {
        Self::from_slice(&[algorithm])
    }
}

impl FromIterator<Algorithm> for Algorithms {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(members: I) -> Self {
        members
            .into_iter()
            .fold(Self::default(), |set, member| set.union(member.into()))
    }
}

impl fmt::Debug for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        for algorithm in self.iter() {
            set.entry(&format_args!("{algorithm}"));
        }
        set.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_byte_for_byte() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.as_str()), Some(*algorithm));
        }
        for name in [
            "", "none", "NONE", "nOnE", "none ", "hs256", "HS256 ", " HS256", "HS256\0", "RS1",
            "ES256K", "ES521", "Ed448", "eddsa", "HS", "RS2560", "ECDSA", "A128KW", "dir",
        ] {
            assert_eq!(Algorithm::from_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn both_names_of_ed25519_are_one_algorithm() {
        assert_eq!(
            Algorithm::from_name("EdDSA"),
            Algorithm::from_name("Ed25519")
        );
        assert_eq!(Algorithm::EdDsa.as_str(), "EdDSA");
    }

    #[test]
    fn a_set_contains_its_members_and_no_other() {
        for one in Algorithm::ALL {
            let set = Algorithms::from(*one);
            for other in Algorithm::ALL {
                assert_eq!(set.contains(*other), one == other);
            }
            assert_eq!(set.iter().collect::<Vec<_>>(), [*one]);
        }
        assert!(Algorithms::default().is_empty());
        assert_eq!(Algorithms::MAC.union(Algorithms::RSA).iter().count(), 9);
        assert!(Algorithms::MAC.intersection(Algorithms::RSA).is_empty());
        assert_eq!(
            Algorithms::RSA.difference(Algorithms::RSA),
            Algorithms::default()
        );
    }
}
