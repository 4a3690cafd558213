//! Signatures on P-521, which `ring` does not have: `aws-lc-rs` verifies them under every provider.

use std::sync::Arc;

use super::flaw::Flaw;
use super::material::Curve;
use super::on_aws_lc_rs::Ecdsa;
use super::verify::Verify;

/// Checks that an uncompressed point is on the curve.
pub(super) fn check_point(point: &[u8]) -> Result<(), Flaw> {
    let parsed = Ecdsa::new(Curve::P521, point);
    parsed.map(drop).map_err(|_| Flaw::OFF_CURVE)
}

/// Prepares a key on the curve.
pub(super) fn verifier(point: &[u8]) -> Result<Arc<dyn Verify>, Flaw> {
    Ok(Arc::new(Ecdsa::new(Curve::P521, point)?))
}
