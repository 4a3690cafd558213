//! The choice of the library that verifies signatures.

use std::fmt;
use std::sync::Arc;

use super::algorithm::{Algorithm, Algorithms};
use super::embedded::EmbeddedKey;
use super::flaw::Flaw;
use super::material::Material;
#[cfg(feature = "aws-lc-rs")]
use super::on_aws_lc_rs::OnAwsLcRs;
use super::on_ring::OnRing;
use super::verify::{Backend, Verify};

/// The library that verifies signatures, as a value that is given where keys are imported.
///
/// It is never installed for the whole process: two keys of one process can use two providers.
/// Which signatures are accepted does not depend on the provider, only the speed does, because the
/// checks of keys and of signature lengths are made before the library is called. Give it to
/// [`KeyImporter::on`](crate::key::KeyImporter::on); the default is [`ring`](Self::ring).
///
/// ```
/// use bearergate::crypto::Provider;
///
/// assert_eq!(Provider::default(), Provider::ring());
/// ```
#[derive(Clone, Copy)]
pub struct Provider(&'static dyn Backend);

impl Provider {
    /// Returns the provider that uses the crate `ring`, which is the default and is always there.
    ///
    /// It verifies with every [`Algorithm`](crate::crypto::Algorithm) and needs no feature of this
    /// crate, with one exception: `ring` has no P-521, so `ES512` needs the feature `aws-lc-rs`
    /// under this provider too.
    pub const fn ring() -> Self {
        Self(&OnRing)
    }

    /// Returns the provider that uses the crate `aws-lc-rs` (feature `aws-lc-rs`).
    ///
    /// It verifies RSA and `ES384` signatures faster than `ring`, and needs a C compiler to build.
    /// The feature adds `ES512`, whatever the provider.
    #[cfg(feature = "aws-lc-rs")]
    #[cfg_attr(bearergate_docsrs, doc(cfg(feature = "aws-lc-rs")))]
    pub const fn aws_lc_rs() -> Self {
        Self(&OnAwsLcRs)
    }

    /// Returns the name of the crate that computes: `ring` or `aws-lc-rs`.
    ///
    /// Two providers are equal if they have the same name. The name is for logs and diagnosis; it
    /// does not change when the crate that computes is updated.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Prepares a key of this material for these algorithms.
    pub(crate) fn prepare(
        self,
        material: &Material,
        algorithms: Algorithms,
    ) -> Result<Arc<dyn Verify>, Flaw> {
        self.0.prepare(material, algorithms)
    }

    /// Verifies one signature under a key that is used once.
    pub(crate) fn verify_embedded(
        self,
        key: EmbeddedKey<'_>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        key.algorithms().contains(algorithm)
            && self.0.verify_embedded(key, algorithm, message, signature)
    }
}

#[cfg(test)]
impl Provider {
    /// Every provider that this build has.
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
