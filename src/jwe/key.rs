//! Keys that decrypt.

use std::fmt;
use std::sync::Arc;

use super::algorithm::{ContentEncryption, KeyManagement};
use super::header::JweHeader;
use super::turns::Turns;
use crate::crypto::decrypt::{AgreementKey, RsaDecryptionKey};
use crate::error::ConfigError;
use crate::secret::Secret;

/// A private key or shared secret that decrypts tokens under one algorithm. Cheap to clone. `Debug` shows
/// its id and its algorithm.
#[derive(Clone)]
pub struct DecryptionKey(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kid: Option<String>,
    algorithm: KeyManagement,
    /// The one algorithm of the content, where the key names it.
    content: Option<ContentEncryption>,
    material: Arc<KeyMaterial>,
}

pub(super) enum KeyMaterial {
    Agreement(AgreementKey),
    Rsa(RsaDecryptionKey),
    Secret(Secret),
}

impl DecryptionKey {
    pub(super) fn new(
        kid: Option<String>,
        algorithm: KeyManagement,
        material: KeyMaterial,
    ) -> Self {
        Self(Arc::new(Inner {
            kid,
            algorithm,
            content: None,
            material: Arc::new(material),
        }))
    }

    /// Returns the same key, only for content under this algorithm if there is one.
    pub(super) fn of_content(self, content: Option<ContentEncryption>) -> Self {
        let inner = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Inner { content, ..inner }))
    }

    /// Returns the same key with this id. Tokens name it in `kid`.
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        let kid = Some(kid.into());
        let inner = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Inner { kid, ..inner }))
    }

    /// Returns the id.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Returns the one algorithm that it serves.
    pub fn algorithm(&self) -> KeyManagement {
        self.0.algorithm
    }

    pub(super) fn material(&self) -> &KeyMaterial {
        &self.0.material
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("kid", &self.0.kid)
            .field("algorithm", &self.0.algorithm)
            .finish_non_exhaustive()
    }
}

/// The keys of a service that decrypt tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DecryptionKeys {
    pub(super) keys: Arc<[DecryptionKey]>,
    pub(super) turns: Arc<Turns>,
}

/// Most keys of one service.
const KEYS: usize = 8;

impl DecryptionKeys {
    /// Joins keys: at most eight, each with an id of its own.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for no key or more than eight,
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for two keys of one id.
    pub fn of(keys: impl IntoIterator<Item = DecryptionKey>) -> Result<Self, ConfigError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let range = 1..=KEYS;
        if !range.contains(&keys.len()) {
            return Err(ConfigError::out_of_range("keys", keys.len(), range));
        }
        let ids: std::collections::HashSet<_> = keys.iter().map(DecryptionKey::kid).collect();
        if ids.len() < keys.len() {
            let detail = "expected keys with different ids, found one id twice; set `kid`";
            return Err(ConfigError::conflict("kid", detail));
        }
        Ok(Self {
            keys: keys.into(),
            turns: Arc::default(),
        })
    }

    /// Returns the one key that a token names: by its id, or the only one of its algorithms if the token
    /// or the key has none.
    pub(super) fn select(&self, header: &JweHeader<'_>) -> Option<&DecryptionKey> {
        let kid = header.kid.as_deref();
        let fits = |key: &&DecryptionKey| {
            key.algorithm() == header.algorithm
                && key.0.content.is_none_or(|own| own == header.encryption)
                && (kid.is_none() || key.kid().is_none() || key.kid() == kid)
        };
        let mut fitting = self.keys.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Some(key),
            // A key that has the id is named before those without one.
            (Some(_), Some(_)) => {
                let mut named = self.keys.iter().filter(fits).filter(|key| key.kid() == kid);
                named.next().filter(|_| kid.is_some())
            }
            (None, _) => None,
        }
    }
}
