//! Who computes signatures.

use std::fmt;
use std::sync::Arc;

use super::algorithm::Algorithm;
use super::algorithm::Algorithms;
use super::material::Flaw;
use super::material::Material;
#[cfg(feature = "aws-lc-rs")]
use super::on_aws_lc_rs::OnAwsLcRs;
use super::on_ring::OnRing;

/// Who computes signatures: a value handed over where keys are imported.
///
/// It is never installed for the whole process. Verdicts do not depend on it, only speed does.
///
/// ```
/// use bearergate::crypto::Provider;
///
/// assert_eq!(Provider::default(), Provider::ring());
/// ```
#[derive(Clone, Copy)]
pub struct Provider(&'static dyn Backend);

impl Provider {
    /// Returns the provider on `ring`, the default.
    pub const fn ring() -> Self {
        Self(&OnRing)
    }

    /// Returns the provider on `aws-lc-rs`: faster for RSA and ES384, needs a C compiler to build.
    #[cfg(feature = "aws-lc-rs")]
    #[cfg_attr(bearergate_docsrs, doc(cfg(feature = "aws-lc-rs")))]
    pub const fn aws_lc_rs() -> Self {
        Self(&OnAwsLcRs)
    }

    /// Returns the name of the crate behind it.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Prepares a verifier for these algorithms of the material.
    pub(crate) fn prepare(
        self,
        material: &Material,
        algorithms: Algorithms,
    ) -> Result<Arc<dyn Verify>, Flaw> {
        self.0.prepare(material, algorithms)
    }
}

#[cfg(test)]
impl Provider {
    /// Every provider of this build.
    pub(crate) const ALL: &'static [Self] = &[
        Self::ring(),
        #[cfg(feature = "aws-lc-rs")]
        Self::aws_lc_rs(),
    ];
}

impl Default for Provider {
    fn default() -> Self {
        Self::ring()
    }
}

impl Eq for Provider {}

impl PartialEq for Provider {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider").field(&self.name()).finish()
    }
}

/// What a provider has to offer.
pub(super) trait Backend: Send + Sync {
    fn name(&self) -> &'static str;

    fn prepare(&self, material: &Material, algorithms: Algorithms)
    -> Result<Arc<dyn Verify>, Flaw>;
}

/// A key prepared for its algorithms.
pub(crate) trait Verify: Send + Sync {
    /// Returns true only if `signature` is valid for `message` under `algorithm` and the key was
    /// prepared for that algorithm. Message and signature are untrusted.
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool;
}
