//! Import of keys from bytes and text.

use std::sync::Arc;

use super::certificate_map::CertificateKeys;
use super::draft::KeyDraft;
use super::jwk::SetPurpose;
use super::set::KeySet;
use super::verification_key::Key;
use super::{der, id, jwk, jwks, pem, secret_lint};
use crate::credential::base64url;
use crate::crypto::{Algorithm, Flaw, Material, Provider};
use crate::error::ConfigError;
use crate::event::Observer;
use crate::limits;
use crate::secret::Secret;

impl Key {
    /// Imports a MAC secret: random bytes, at least 32 for HS256, 48 for HS384 and 64 for HS512.
    ///
    /// A public key cannot become a MAC secret, because it has another type:
    ///
    /// ```compile_fail
    /// # let jwk = r#"{"kty":"OKP","crv":"Ed25519",
    /// #     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let key = bearergate::key::Key::from_jwk(jwk)?;
    /// bearergate::key::Key::from_secret(key)?;
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// ```
    /// # let jwk = r#"{"kty":"OKP","crv":"Ed25519",
    /// #     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let key = bearergate::key::Key::from_jwk(jwk)?;
    /// bearergate::key::KeySet::from(key);
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyWeak`](crate::error::ConfigErrorKind::KeyWeak) for a secret shorter than 32 bytes,
    /// [`KeyMalformed`](crate::error::ConfigErrorKind::KeyMalformed) for bytes that look like a
    /// PEM, JWK, DER or SSH key.
    pub fn from_secret(secret: impl Into<Secret>) -> Result<Self, ConfigError> {
        KeyImporter::default().secret(secret)
    }

    /// Imports a MAC secret that is written as base64url without padding.
    ///
    /// # Errors
    ///
    /// [`KeyMalformed`](crate::error::ConfigErrorKind::KeyMalformed) for other text, and the errors
    /// of [`from_secret`](Self::from_secret) for the decoded bytes.
    pub fn from_base64url_secret(secret: &str) -> Result<Self, ConfigError> {
        KeyImporter::default().base64url_secret(secret)
    }

    /// Imports an RSA, P-256, P-384 or Ed25519 public key from one PEM block, and with the feature
    /// `aws-lc-rs` one on P-521.
    ///
    /// The label is `PUBLIC KEY` or `RSA PUBLIC KEY` (RFC 7468). Lines of text before the block, such
    /// as comments and the attributes that OpenSSL writes, are ignored; nothing but white space may
    /// follow it. A certificate is refused, because nothing would check its validity.
    ///
    /// # Errors
    ///
    /// [`KeyPrivate`](crate::error::ConfigErrorKind::KeyPrivate) for a private key,
    /// [`KeyWeak`](crate::error::ConfigErrorKind::KeyWeak) for a weak one, and
    /// [`KeyMalformed`](crate::error::ConfigErrorKind::KeyMalformed) for anything else.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        KeyImporter::default().pem(pem)
    }

    /// Imports an RSA, P-256, P-384 or Ed25519 public key from a DER SubjectPublicKeyInfo
    /// (RFC 5280 section 4.1.2.7), and with the feature `aws-lc-rs` one on P-521.
    ///
    /// # Errors
    ///
    /// The same as for [`from_pem`](Self::from_pem).
    pub fn from_der(der: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        KeyImporter::default().der(der)
    }

    /// Imports one JWK from JSON text (RFC 7517): a public key, or a MAC secret (`kty` is `oct`).
    ///
    /// If they are present, `use` must be `sig`, `key_ops` must contain `verify`, and `alg` must
    /// fit the type; the key then has that algorithm only.
    ///
    /// ```
    /// use bearergate::crypto::Algorithm;
    /// use bearergate::key::Key;
    ///
    /// let key = Key::from_jwk(
    ///     r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    /// )?;
    /// assert_eq!(key.algorithms(), Algorithm::EdDsa.into());
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyPrivate`](crate::error::ConfigErrorKind::KeyPrivate) for a private key,
    /// [`KeyWeak`](crate::error::ConfigErrorKind::KeyWeak) for a weak one,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for text that is not one
    /// JSON object, and [`KeyMalformed`](crate::error::ConfigErrorKind::KeyMalformed) for anything
    /// else.
    pub fn from_jwk(jwk: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        KeyImporter::default().jwk(jwk)
    }
}

impl KeySet {
    /// Imports a JWK Set from JSON text (RFC 7517 section 5).
    ///
    /// Members that are private, symmetric, weak, malformed, of an unknown type or not for
    /// verifying signatures are [skipped](Self::skipped) one by one; the others are not affected.
    ///
    /// A key has one value in whichever way a set spells it, so the spelling is read leniently, and
    /// then all checks of the key are made: a `null` member counts as absent, the coordinates of EC
    /// keys and the integers of RSA keys may lack leading zero bytes or have more of them, and all
    /// are read in either alphabet of base64, with padding or without. A `kid` that is not a string
    /// is ignored. Two members of one name inside a key skip that key; elsewhere they refuse the
    /// set. Single keys ([`Key::from_jwk`]) are read strictly.
    ///
    /// ```
    /// use bearergate::key::KeySet;
    ///
    /// let keys = KeySet::from_jwks(
    ///     r#"{"keys":[
    ///         {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ///         {"kty":"AKP","alg":"ML-DSA-44","kid":"of tomorrow"}
    ///     ]}"#,
    /// )?;
    /// assert_eq!(keys.keys().len(), 1);
    /// assert_eq!(keys.skipped()[0].kid(), Some("of tomorrow"));
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for text that is not a JWK
    /// Set in well-formed JSON,
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for more than 256 KiB or 100 keys
    /// (see [`KeyImporter::max_keys`]),
    /// and [`NoUsableKey`](crate::error::ConfigErrorKind::NoUsableKey) if every member is skipped.
    pub fn from_jwks(jwks: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        KeyImporter::default().jwks(jwks)
    }
}

/// The constructors of [`Key`] and [`KeySet`] for a chosen [`Provider`] and [`Observer`].
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
    /// Set by `max_keys`; out of range until it is checked.
    max_keys: Option<usize>,
    purpose: SetPurpose,
}

impl KeyImporter {
    /// Makes an importer whose keys verify signatures with this provider.
    ///
    /// It has no [observer](Self::observer), so skipped members are only listed by
    /// [`KeySet::skipped`]. The default importer uses [`Provider::ring`].
    pub fn on(provider: Provider) -> Self {
        Self {
            provider,
            observer: None,
            max_keys: None,
            purpose: SetPurpose::Signatures,
        }
    }

    /// Sets an observer that gets an event for each member of a set that is skipped
    /// ([`Event::KeySkipped`](crate::event::Event::KeySkipped)).
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets how many members a JWK Set may have: by default 100, from 1 to
    /// [`limits::JWKS_KEYS_MAX`]. A set with more is refused as a whole, so every token of its
    /// issuer is; members that would be skipped count too.
    ///
    /// ```
    /// use bearergate::key::KeyImporter;
    /// # let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519",
    /// #     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    ///
    /// let keys = KeyImporter::default().max_keys(500).jwks(jwks)?;
    /// # let _ = keys;
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// A number outside the range is an error ([`OutOfRange`]) of the import of a set; single keys
    /// are not affected.
    ///
    /// [`OutOfRange`]: crate::error::ConfigErrorKind::OutOfRange
    #[must_use]
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = Some(keys);
        self
    }

    /// Reads sets as SPIFFE bundles: a member is a key only if its `use` is `jwt-svid` (SPIFFE
    /// Trust Domain and Bundle, section 4.2.2). By default a key's `use` is `sig` or absent.
    ///
    /// All others are skipped, those of `use` `x509-svid` and those without `use` too: they never
    /// verify a token. Single keys are not affected.
    ///
    /// ```
    /// use bearergate::key::KeyImporter;
    ///
    /// let bundle = r#"{"spiffe_sequence":1,"keys":[
    ///     {"kty":"EC","crv":"P-256","use":"x509-svid","x5c":["MIIB"]},
    ///     {"kty":"OKP","crv":"Ed25519","use":"jwt-svid","kid":"1",
    ///      "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    /// ]}"#;
    /// let keys = KeyImporter::default().spiffe_bundle().jwks(bundle)?;
    /// assert_eq!(keys.keys().len(), 1);
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    #[must_use]
    pub fn spiffe_bundle(mut self) -> Self {
        self.purpose = SetPurpose::SpiffeBundle;
        self
    }

    /// Returns how many members a set may have.
    ///
    /// # Errors
    ///
    /// `out_of_range` for a configured number outside its range.
    pub(crate) fn checked_max_keys(&self) -> Result<usize, ConfigError> {
        let keys = self.max_keys.unwrap_or(limits::JWKS_KEYS);
        let range = 1..=limits::JWKS_KEYS_MAX;
        if !range.contains(&keys) {
            return Err(ConfigError::out_of_range("max_keys", keys, range));
        }
        Ok(keys)
    }

    /// Imports a MAC secret, as [`Key::from_secret`] does.
    ///
    /// # Errors
    ///
    /// The same as for [`Key::from_secret`].
    pub fn secret(&self, secret: impl Into<Secret>) -> Result<Key, ConfigError> {
        self.checked_secret(secret.into())
            .map_err(|flaw| flaw.in_field("secret"))
    }

    /// Imports a MAC secret in base64url, as [`Key::from_base64url_secret`] does.
    ///
    /// # Errors
    ///
    /// The same as for [`Key::from_base64url_secret`].
    pub fn base64url_secret(&self, secret: &str) -> Result<Key, ConfigError> {
        let decoded = base64url::decode(secret).ok_or(Flaw::malformed(
            "expected base64url without padding; encode the secret so, \
             or give its bytes to `from_secret`",
        ));
        decoded
            .and_then(|bytes| self.checked_secret(bytes.into()))
            .map_err(|flaw| flaw.in_field("secret"))
    }

    /// Imports a public key from PEM, as [`Key::from_pem`] does.
    ///
    /// # Errors
    ///
    /// The same as for [`Key::from_pem`].
    pub fn pem(&self, pem: impl AsRef<[u8]>) -> Result<Key, ConfigError> {
        self.material("pem", pem::public_key(pem.as_ref()))
    }

    /// Imports a public key from DER, as [`Key::from_der`] does.
    ///
    /// # Errors
    ///
    /// The same as for [`Key::from_der`].
    pub fn der(&self, der: impl AsRef<[u8]>) -> Result<Key, ConfigError> {
        self.material("der", der::public_key(der.as_ref()))
    }

    /// Imports a public key or a secret from a JWK, as [`Key::from_jwk`] does.
    ///
    /// # Errors
    ///
    /// The same as for [`Key::from_jwk`].
    pub fn jwk(&self, jwk: impl AsRef<[u8]>) -> Result<Key, ConfigError> {
        jwk::single(jwk.as_ref())?
            .and_then(|draft| self.prepared(draft))
            .map_err(|flaw| flaw.in_field("jwk"))
    }

    /// Imports a JWK Set, as [`KeySet::from_jwks`] does.
    ///
    /// # Errors
    ///
    /// The same as for [`KeySet::from_jwks`].
    pub fn jwks(&self, jwks: impl AsRef<[u8]>) -> Result<KeySet, ConfigError> {
        let set = self.jwks_or_empty(jwks.as_ref())?;
        set.check_usable()?;
        Ok(set)
    }

    /// Imports a JWK Set as [`jwks`](Self::jwks) does, but allows a set without a usable key.
    pub(crate) fn jwks_or_empty(&self, jwks: &[u8]) -> Result<KeySet, ConfigError> {
        self.set_reader()?.read(jwks)
    }

    /// Imports the keys of an object whose members are certificates in PEM, each under its key id.
    pub(super) fn certificate_map(&self, text: &[u8]) -> Result<CertificateKeys, ConfigError> {
        CertificateKeys::read(&self.set_reader()?, text)
    }

    fn set_reader(&self) -> Result<jwks::SetReader<'_>, ConfigError> {
        Ok(jwks::SetReader {
            provider: self.provider,
            observer: self.observer.as_deref(),
            max_keys: self.checked_max_keys()?,
            purpose: self.purpose,
        })
    }

    /// Imports key material that was read from this field.
    pub(crate) fn material(
        &self,
        field: &'static str,
        material: Result<Material, Flaw>,
    ) -> Result<Key, ConfigError> {
        material
            .and_then(|material| self.prepared(material.into()))
            .map_err(|flaw| flaw.in_field(field))
    }

    /// Imports the public half of a signing key, with its thumbprint as the key id, and returns the
    /// JWK to publish too.
    pub(crate) fn signer(
        &self,
        material: Material,
        algorithm: Algorithm,
    ) -> Result<(Key, String), Flaw> {
        let jwk = id::public_jwk(&material, algorithm);
        let mut draft = KeyDraft::from(material);
        draft.algorithm = Some(algorithm);
        self.prepared(draft).map(|key| (key.named_by_id(), jwk))
    }

    /// Imports a MAC secret that signs `HS256`, with its identity as the key id.
    pub(crate) fn secret_signer(&self, secret: Secret) -> Result<Key, Flaw> {
        secret_lint::check_secret(secret.expose())?;
        let mut draft = KeyDraft::from(Material::secret(secret)?);
        draft.algorithm = Some(Algorithm::Hs256);
        self.prepared(draft).map(Key::named_by_id)
    }

    fn checked_secret(&self, secret: Secret) -> Result<Key, Flaw> {
        secret_lint::check_secret(secret.expose())?;
        self.prepared(Material::secret(secret)?.into())
    }

    fn prepared(&self, draft: KeyDraft) -> Result<Key, Flaw> {
        draft.prepare(self.provider)
    }
}
