//! Keys on P-521, which `ring` does not have: `aws-lc-rs` checks and uses them under every provider.

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, ParsedPublicKey};

use super::flaw::Flaw;

/// A point of the curve, prepared to verify `ES512`.
pub(super) struct P521Key(ParsedPublicKey);

impl P521Key {
    /// Reads an uncompressed point; fails for one that is not on the curve.
    pub(super) fn new(point: &[u8]) -> Result<Self, Flaw> {
        let parsed = ParsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point);
        parsed.map(Self).map_err(|_| Flaw::OFF_CURVE)
    }

    /// Returns true only if the signature is valid. It has 132 bytes (RFC 7518 section 3.4).
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        signature.len() == 132 && self.0.verify_sig(message, signature).is_ok()
    }
}
