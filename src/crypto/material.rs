//! Key material that passed the checks of its kind.
//!
//! The checks do not depend on the provider: what one provider may be handed, every other may.

use ring::agreement;
use ring::rand::SystemRandom;

use super::Algorithm;
use super::Algorithms;
use super::edwards;
use crate::limits;
use crate::rejection::ConfigErrorKind;
use crate::secret::Secret;

/// Key material, checked; public but for `Secret`.
pub(crate) enum Material {
    /// The coordinate `y` and the sign of `x`, not of small order.
    Ed25519([u8; 32]),
    /// A point on the curve.
    Ec(Curve, Vec<u8>),
    /// Modulus and exponent without leading zero bytes.
    Rsa(Vec<u8>, Vec<u8>),
    /// At least as long as the shortest hash.
    Secret(Secret),
}

/// Why key material is refused: what it is, and constant text without any of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flaw(pub(crate) ConfigErrorKind, pub(crate) &'static str);

impl Flaw {
    pub(crate) const fn malformed(text: &'static str) -> Self {
        Self(ConfigErrorKind::KeyMalformed, text)
    }

    pub(crate) const fn private(text: &'static str) -> Self {
        Self(ConfigErrorKind::KeyPrivate, text)
    }

    pub(crate) const fn weak(text: &'static str) -> Self {
        Self(ConfigErrorKind::KeyWeak, text)
    }
}

/// An elliptic curve for ECDSA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    /// Returns the name of RFC 7518 section 6.2.1.1.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    /// Returns the length of a coordinate in bytes, half that of a signature.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
        }
    }

    fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
        }
    }
}

impl Material {
    /// Takes a MAC secret of at least 32 bytes.
    pub(crate) fn secret(secret: Secret) -> Result<Self, Flaw> {
        if mac_algorithms(secret.expose().len()).is_empty() {
            return Err(Flaw::weak(
                "the secret is shorter than 32 bytes; use 32 random bytes for HS256, \
                 48 for HS384, 64 for HS512",
            ));
        }
        Ok(Self::Secret(secret))
    }

    /// Takes an RSA public key, big-endian; leading zero bytes are dropped.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Flaw> {
        let (n, e) = (stripped(modulus), stripped(exponent));
        check_modulus(n)?;
        check_exponent(e)?;
        Ok(Self::Rsa(n.to_vec(), e.to_vec()))
    }

    /// Takes a point in uncompressed form (SEC 1 section 2.3.3).
    pub(crate) fn ec(curve: Curve, point: Vec<u8>) -> Result<Self, Flaw> {
        if point.len() != 1 + 2 * curve.len() || point.first() != Some(&4) {
            return Err(Flaw::malformed(
                "the point is not an uncompressed one of its curve's length",
            ));
        }
        check_on_curve(curve, &point)?;
        Ok(Self::Ec(curve, point))
    }

    /// Takes an encoded point (RFC 8032 section 5.1.2).
    pub(crate) fn ed25519(point: &[u8]) -> Result<Self, Flaw> {
        let Ok(point) = <[u8; 32]>::try_from(point) else {
            return Err(Flaw::malformed("an Ed25519 public key has 32 bytes"));
        };
        edwards::check_point(&point)?;
        Ok(Self::Ed25519(point))
    }

    /// Returns the algorithms that material of this kind can serve.
    pub(crate) fn algorithms(&self) -> Algorithms {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa.into(),
            Self::Ec(curve, _) => curve.algorithm().into(),
            Self::Rsa(..) => Algorithms::RSA,
            Self::Secret(secret) => mac_algorithms(secret.expose().len()),
        }
    }
}

/// Returns the algorithms whose hash is not longer than the secret (RFC 7518 section 3.2).
fn mac_algorithms(secret_len: usize) -> Algorithms {
    match secret_len {
        0..32 => Algorithms::default(),
        32..48 => Algorithm::Hs256.into(),
        48..64 => Algorithms::of(&[Algorithm::Hs256, Algorithm::Hs384]),
        64.. => Algorithms::MAC,
    }
}

/// RFC 7518 section 6.3.1.1 forbids the zero bytes, but issuers publish them and providers
/// refuse them.
fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn check_modulus(n: &[u8]) -> Result<(), Flaw> {
    let bits = bit_len(n);
    if bits < limits::RSA_BITS_MIN {
        return Err(Flaw::weak("the RSA modulus is shorter than 2048 bits"));
    }
    if bits > limits::RSA_BITS_MAX {
        return Err(Flaw::weak("the RSA modulus is longer than 8192 bits"));
    }
    if !is_odd(n) {
        return Err(Flaw::weak("the RSA modulus is even"));
    }
    if roca::is_suspect(n) {
        return Err(Flaw::weak(
            "the RSA modulus has the fingerprint of CVE-2017-15361 (ROCA)",
        ));
    }
    Ok(())
}

fn check_exponent(e: &[u8]) -> Result<(), Flaw> {
    const RANGE: Flaw = Flaw::weak("the RSA exponent is not an odd number in 65537..2^33");
    if e.len() > size_of::<u64>() {
        return Err(RANGE);
    }
    let value = e
        .iter()
        .fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    let range = limits::RSA_EXPONENT_MIN..limits::RSA_EXPONENT_END;
    if !range.contains(&value) || !is_odd(e) {
        return Err(RANGE);
    }
    Ok(())
}

fn bit_len(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |byte| byte.leading_zeros());
    number.len() * 8 - zeros as usize
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

/// Signature checks take a point as it comes; a key agreement refuses one off the curve.
fn check_on_curve(curve: Curve, point: &[u8]) -> Result<(), Flaw> {
    let ours = agreement::EphemeralPrivateKey::generate(curve.agreement(), &SystemRandom::new())
        .map_err(|_| Flaw::malformed("the point could not be checked: no random numbers"))?;
    let theirs = agreement::UnparsedPublicKey::new(curve.agreement(), point);
    agreement::agree_ephemeral(ours, &theirs, |_| ())
        .map_err(|_| Flaw::malformed("the point is not on its curve"))
}

/// The fingerprint of the moduli of CVE-2017-15361: modulo each of these primes they are powers
/// of 65537.
mod roca {
    const PRIMES: [u32; 17] = [
        11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
    ];

    pub(super) fn is_suspect(n: &[u8]) -> bool {
        PRIMES.iter().all(|p| is_power(remainder(n, *p), *p))
    }

    fn remainder(n: &[u8], p: u32) -> u32 {
        n.iter()
            .fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % p)
    }

    fn is_power(rest: u32, p: u32) -> bool {
        let powers = std::iter::successors(Some(1), |power| Some(power * 65_537 % p));
        powers.take(p as usize).any(|power| power == rest)
    }
}
