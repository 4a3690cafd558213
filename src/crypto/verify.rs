//! The interface between keys and the libraries that verify signatures.

use std::sync::Arc;

use super::algorithm::{Algorithm, Algorithms};
use super::embedded::EmbeddedKey;
use super::flaw::Flaw;
use super::material::Material;

/// A library that verifies signatures.
pub(super) trait Backend: Send + Sync {
    fn name(&self) -> &'static str;

    /// Prepares a key for these algorithms.
    fn prepare(&self, material: &Material, algorithms: Algorithms)
    -> Result<Arc<dyn Verify>, Flaw>;

    /// Returns true only if the signature is valid under a key that is used once. The key serves the
    /// algorithm.
    fn verify_embedded(
        &self,
        key: EmbeddedKey<'_>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool;
}

/// A key prepared for its algorithms.
pub(crate) trait Verify: Send + Sync {
    /// Returns true only if `signature` is valid for `message` under `algorithm` and the key was
    /// prepared for that algorithm. Message and signature are untrusted.
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool;
}
