//! A key that was read and not yet prepared.

use std::sync::Arc;

use super::id;
use super::verification_key::{Key, KeyData, SECRET};
use crate::crypto::{Algorithm, Algorithms, Curve, Flaw, Material, Provider};

/// What an import has read.
pub(super) struct KeyDraft {
    pub(super) material: Material,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) kid: Option<Box<str>>,
    pub(super) is_member: bool,
}

impl KeyDraft {
    /// Binds the key to its algorithms and prepares it on this provider.
    pub(super) fn prepare(self, provider: Provider) -> Result<Key, Flaw> {
        let algorithms = self.algorithms()?;
        Ok(Key(Arc::new(KeyData {
            kind: kind(&self.material),
            algorithms,
            kid: self.kid,
            is_member: self.is_member,
            id: id::identity(&self.material),
            verifier: provider.prepare(&self.material, algorithms)?,
        })))
    }

    /// Returns the key's own `alg`, or else all algorithms of its type.
    fn algorithms(&self) -> Result<Algorithms, Flaw> {
        let allowed = self.material.algorithms();
        let Some(own) = self.algorithm else {
            return Ok(allowed);
        };
        if allowed.contains(own) {
            return Ok(own.into());
        }
        Err(match self.material {
            Material::Secret(_) if Algorithms::MAC.contains(own) => Flaw::weak(
                "expected a secret as long as the hash of its `alg`, found a shorter one; use 48 random bytes for HS384, 64 for HS512",
            ),
            _ => Flaw::malformed(
                "expected an `alg` of the key's type, found that of another; correct it, or remove `alg`",
            ),
        })
    }
}

impl From<Material> for KeyDraft {
    fn from(material: Material) -> Self {
        Self {
            material,
            algorithm: None,
            kid: None,
            is_member: false,
        }
    }
}

fn kind(material: &Material) -> &'static str {
    match material {
        Material::Ed25519(_) => "Ed25519",
        Material::Ec(Curve::P256, _) => "P-256",
        Material::Ec(Curve::P384, _) => "P-384",
        Material::Ec(Curve::P521, _) => "P-521",
        Material::Rsa(..) => "RSA",
        Material::Secret(_) => SECRET,
    }
}
