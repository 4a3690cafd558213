//! The refusal of keys on P-521 in a build without `aws-lc-rs`.

use std::sync::Arc;

use super::flaw::Flaw;
use super::verify::Verify;

/// Refuses every point.
pub(super) fn check_point(_: &[u8]) -> Result<(), Flaw> {
    Err(FEATURE)
}

/// Refuses every key.
pub(super) fn verifier(_: &[u8]) -> Result<Arc<dyn Verify>, Flaw> {
    Err(FEATURE)
}

const FEATURE: Flaw = Flaw::malformed(
    "P-521 (`ES512`) is not supported in this build; enable the feature `aws-lc-rs`",
);
