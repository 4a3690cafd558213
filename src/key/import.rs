//! From bytes and text to keys.

use std::sync::Arc;

use super::Inner;
use super::Key;
use super::der;
use super::jwk;
use super::jwks;
use super::pem;
use super::secret_lint;
use super::set::KeySet;
use crate::credential::base64url;
use crate::crypto::Algorithm;
use crate::crypto::Algorithms;
use crate::crypto::Curve;
use crate::crypto::Flaw;
use crate::crypto::Material;
use crate::crypto::Provider;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::secret::Secret;

/// The constructors of [`Key`] and [`KeySet`], for a provider and an observer of one's choice.
///
/// ```
/// use bearergate::crypto::Provider;
/// use bearergate::key::KeyImporter;
///
/// let key = KeyImporter::on(Provider::ring()).secret(vec![7; 32])?;
/// assert_eq!(key.kid(), None);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeyImporter {
    provider: Provider,
    observer: Option<Arc<dyn Observer>>,
}

impl KeyImporter {
    /// Prepares keys for this provider.
    pub fn on(provider: Provider) -> Self {
        Self {
            provider,
            observer: None,
        }
    }

    /// Tells this observer of each key that is skipped.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// As [`Key::from_secret`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn secret(&self, secret: impl Into<Secret>) -> Result<Key, ConfigError> {
        self.checked_secret(secret.into())
            .map_err(|flaw| flaw.in_field("secret"))
    }

    /// As [`Key::from_base64url_secret`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn base64url_secret(&self, secret: &str) -> Result<Key, ConfigError> {
        let decoded = base64url::decode(secret).ok_or(Flaw::malformed(
            "expected base64url without padding; encode the secret so, \
             or give its bytes to `from_secret`",
        ));
        decoded
            .and_then(|bytes| self.checked_secret(bytes.into()))
            .map_err(|flaw| flaw.in_field("secret"))
    }

    /// As [`Key::from_pem`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn pem(&self, pem: impl AsRef<[u8]>) -> Result<Key, ConfigError> {
        self.material("pem", pem::public_key(pem.as_ref()))
    }

    /// As [`Key::from_der`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn der(&self, der: impl AsRef<[u8]>) -> Result<Key, ConfigError> {
        self.material("der", der::public_key(der.as_ref()))
    }

    /// As [`Key::from_jwk`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn jwk(&self, jwk: impl AsRef<[u8]>) -> Result<Key, ConfigError> {
        jwk::single(jwk.as_ref())?
            .and_then(|draft| self.prepared(draft))
            .map_err(|flaw| flaw.in_field("jwk"))
    }

    /// As [`KeySet::from_jwks`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn jwks(&self, jwks: impl AsRef<[u8]>) -> Result<KeySet, ConfigError> {
        let set = self.jwks_or_empty(jwks.as_ref())?;
        jwks::check_usable(&set)?;
        Ok(set)
    }

    /// As [`jwks`](Self::jwks), but a set without a usable key is none of its errors.
    pub(crate) fn jwks_or_empty(&self, jwks: &[u8]) -> Result<KeySet, ConfigError> {
        jwks::read(self, jwks)
    }

    /// Prepares key material that was read from this field.
    pub(crate) fn material(
        &self,
        field: &'static str,
        material: Result<Material, Flaw>,
    ) -> Result<Key, ConfigError> {
        material
            .and_then(|material| self.prepared(material.into()))
            .map_err(|flaw| flaw.in_field(field))
    }

    /// Takes the public half of a signing key, named by its thumbprint, and returns the JWK to
    /// publish too.
    pub(crate) fn signer(
        &self,
        material: Material,
        algorithm: Algorithm,
    ) -> Result<(Key, String), Flaw> {
        let jwk = super::id::public_jwk(&material, algorithm);
        let mut draft = Draft::from(material);
        draft.algorithm = Some(algorithm);
        let key = self.prepared(draft)?;
        let kid = key.thumbprint().map(String::into_boxed_str);
        Ok((key.change(|inner| inner.kid = kid), jwk))
    }

    pub(super) fn watcher(&self) -> Option<&dyn Observer> {
        self.observer.as_deref()
    }

    fn checked_secret(&self, secret: Secret) -> Result<Key, Flaw> {
        secret_lint::check_secret(secret.expose())?;
        self.prepared(Material::secret(secret)?.into())
    }

    pub(super) fn prepared(&self, draft: Draft) -> Result<Key, Flaw> {
        let algorithms = draft.algorithms()?;
        Ok(Key(Arc::new(Inner {
            kind: kind(&draft.material),
            algorithms,
            kid: draft.kid,
            is_member: draft.is_member,
            id: super::id::identity(&draft.material),
            verifier: self.provider.prepare(&draft.material, algorithms)?,
        })))
    }
}

/// What an import has read, before it is prepared.
pub(super) struct Draft {
    pub(super) material: Material,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) kid: Option<Box<str>>,
    pub(super) is_member: bool,
}

impl Draft {
    /// Returns what the key is bound to: its own `alg`, else all that its type allows.
    fn algorithms(&self) -> Result<Algorithms, Flaw> {
        let allowed = self.material.algorithms();
        let Some(own) = self.algorithm else {
            return Ok(allowed);
        };
        if allowed.contains(own) {
            return Ok(own.into());
        }
        Err(match self.material {
            Material::Secret(_) if Algorithms::MAC.contains(own) => {
                Flaw::weak("the secret is shorter than the hash of its `alg`")
            }
            _ => Flaw::malformed("`alg` does not fit the key's type"),
        })
    }
}

impl From<Material> for Draft {
    fn from(material: Material) -> Self {
        Self {
            material,
            algorithm: None,
            kid: None,
            is_member: false,
        }
    }
}

pub(super) const SECRET: &str = "secret";

fn kind(material: &Material) -> &'static str {
    match material {
        Material::Ed25519(_) => "Ed25519",
        Material::Ec(Curve::P256, _) => "P-256",
        Material::Ec(Curve::P384, _) => "P-384",
        Material::Rsa(..) => "RSA",
        Material::Secret(_) => SECRET,
    }
}
