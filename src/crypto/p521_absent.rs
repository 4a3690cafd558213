//! The refusal of keys on P-521 in a build without `aws-lc-rs`.

use std::convert::Infallible;

use super::flaw::Flaw;

/// A key that cannot be made.
pub(super) struct P521Key(Infallible);

impl P521Key {
    /// Refuses every point.
    pub(super) fn new(_: &[u8]) -> Result<Self, Flaw> {
        Err(Flaw::malformed(
            "expected a curve of this build, found P-521 (`ES512`); enable the feature `aws-lc-rs`",
        ))
    }

    pub(super) fn verifies(&self, _: &[u8], _: &[u8]) -> bool {
        match self.0 {}
    }
}
