//! The public key inside a message that it has signed, such as a DPoP proof.
//!
//! It verifies that one message and is never kept. So it is not prepared, and its point is not checked
//! here: that costs as much as the verification, in which both providers refuse a point that is not on
//! its curve.

use super::algorithm::{Algorithm, Algorithms};
use super::edwards;
use super::material::{Curve, check_exponent, check_modulus};
use crate::limits;

/// A public key as it stands in a message. Its lengths and numbers are checked.
#[derive(Clone, Copy)]
pub(crate) enum EmbeddedKey<'k> {
    /// An uncompressed point.
    Ec(Curve, &'k [u8]),
    /// An encoded point, not of small order.
    Ed25519(&'k [u8; 32]),
    /// Modulus and exponent without leading zero bytes.
    Rsa(&'k [u8], &'k [u8]),
}

impl<'k> EmbeddedKey<'k> {
    /// Takes an uncompressed point (SEC 1 section 2.3.3), or returns `None` for one of another length.
    pub(crate) fn ec(curve: Curve, point: &'k [u8]) -> Option<Self> {
        let is_point = point.len() == 1 + 2 * curve.len() && point.first() == Some(&4);
        is_point.then_some(Self::Ec(curve, point))
    }

    /// Takes an encoded point, or returns `None` for one of small order or another length.
    pub(crate) fn ed25519(point: &'k [u8]) -> Option<Self> {
        let point = point.try_into().ok()?;
        edwards::is_large_order(point).then_some(Self::Ed25519(point))
    }

    /// Takes an RSA key, or returns `None` for one with leading zero bytes or of a refused size.
    pub(crate) fn rsa(modulus: &'k [u8], exponent: &'k [u8]) -> Option<Self> {
        let is_plain = |number: &[u8]| number.first().is_some_and(|byte| *byte != 0);
        let is_good = is_plain(modulus)
            && is_plain(exponent)
            && modulus.len() * 8 <= limits::PROOF_RSA_BITS_MAX
            && check_modulus(modulus).is_ok()
            && check_exponent(exponent).is_ok();
        is_good.then_some(Self::Rsa(modulus, exponent))
    }

    /// Returns the algorithms that a key of this kind can serve.
    pub(crate) fn algorithms(self) -> Algorithms {
        match self {
            Self::Ec(curve, _) => curve.algorithm().into(),
            Self::Ed25519(_) => Algorithm::EdDsa.into(),
            Self::Rsa(..) => Algorithms::RSA,
        }
    }
}
