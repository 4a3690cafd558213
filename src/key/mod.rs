//! Keys: import, sets, and which one judges a token.
//!
//! The key owns the algorithm. A [`Key`] is bound to its algorithms when it is imported, and the
//! token's header can only agree with one of them.

pub(crate) mod der;
mod id;
mod import;
mod jwk;
mod pem;
mod set;
mod sniff;
mod store;

pub use id::KeyId;
pub use import::Import;
pub use set::KeySet;
pub use set::SkippedKey;
pub use store::KeyHint;
pub use store::KeyLife;
pub use store::KeyStore;

pub(crate) use set::Candidates;

use std::fmt;
use std::sync::Arc;

use crate::credential::base64url;
use crate::crypto::Algorithm;
use crate::crypto::Algorithms;
use crate::crypto::Verify;
use crate::limits;
use crate::rejection::ConfigError;
use crate::rejection::ConfigErrorKind;
use crate::secret::Secret;

/// A key that verifies signatures, bound to its algorithms, prepared once, cheap to clone.
///
/// Each constructor takes one kind of key; none of them guesses. These use the default
/// [`Provider`](crate::Provider); [`Import`] offers the same for another one. `Debug` never shows
/// key material.
///
/// Without an `alg` of its own an RSA key serves every `RS*` and `PS*`, an EC key the one of its
/// curve, an Ed25519 key `EdDSA`, a secret every `HS*` whose hash is not longer than it.
///
/// ```
/// use bearergate::Algorithm;
/// use bearergate::Key;
///
/// let key = Key::from_secret(vec![7; 32])?;
/// assert!(key.algorithms().contains(Algorithm::Hs256));
/// assert!(!key.algorithms().contains(Algorithm::Hs512));
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Key(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: &'static str,
    algorithms: Algorithms,
    kid: Option<Box<str>>,
    is_member: bool,
    id: KeyId,
    verifier: Arc<dyn Verify>,
}

impl Key {
    /// Takes a MAC secret: random bytes, at least 32 for HS256, 48 for HS384, 64 for HS512.
    ///
    /// # Errors
    ///
    /// `key_weak` for a shorter one, `key_malformed` for what looks like a public key.
    pub fn from_secret(secret: impl Into<Secret>) -> Result<Self, ConfigError> {
        Import::default().secret(secret)
    }

    /// Takes a MAC secret as base64url without padding.
    ///
    /// # Errors
    ///
    /// `key_malformed` for other text, and those of [`from_secret`](Self::from_secret).
    pub fn from_base64url_secret(secret: &str) -> Result<Self, ConfigError> {
        Import::default().base64url_secret(secret)
    }

    /// Takes an RSA, P-256, P-384 or Ed25519 public key as one PEM block (`PUBLIC KEY`, or
    /// `RSA PUBLIC KEY`), with nothing but white space around it.
    ///
    /// # Errors
    ///
    /// `key_private`, `key_weak`, or `key_malformed` for anything else, a certificate too.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Import::default().pem(pem)
    }

    /// Takes an RSA, P-256, P-384 or Ed25519 public key as a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    ///
    /// `key_private`, `key_weak`, or `key_malformed` for anything else, a certificate too.
    pub fn from_der(der: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Import::default().der(der)
    }

    /// Takes one JWK as JSON text: a public key, or a MAC secret (`kty` `oct`).
    ///
    /// `use` must be `sig` and `key_ops` must hold `verify` where they stand; `alg` must fit the
    /// type, and then the key serves it alone.
    ///
    /// # Errors
    ///
    /// `key_private` for a private key, `key_weak`, or `key_malformed` for anything else.
    pub fn from_jwk(jwk: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Import::default().jwk(jwk)
    }

    /// Names the key: a token that names another one is not judged by it.
    ///
    /// # Errors
    ///
    /// `out_of_range` for a name over 256 bytes.
    pub fn with_kid(self, kid: impl Into<String>) -> Result<Self, ConfigError> {
        let kid = kid.into();
        if kid.len() > limits::KEY_ID_BYTES {
            return Err(ConfigError::new(
                ConfigErrorKind::OutOfRange,
                "kid",
                "the key id is longer than 256 bytes; use a shorter one",
            ));
        }
        Ok(self.change(|inner| inner.kid = Some(kid.into())))
    }

    /// Restricts the key to these algorithms.
    ///
    /// ```
    /// use bearergate::Algorithm;
    /// use bearergate::ConfigErrorKind;
    /// use bearergate::Key;
    ///
    /// let key = Key::from_secret(vec![7; 64])?;
    /// assert!(key.clone().with_algorithms([Algorithm::Hs512]).is_ok());
    /// let error = key.with_algorithms([Algorithm::Rs256]).unwrap_err();
    /// assert_eq!(error.kind(), ConfigErrorKind::AlgorithmUnusable);
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `algorithm_unusable` if it cannot serve one of them, `empty` if there is none.
    pub fn with_algorithms(
        self,
        algorithms: impl IntoIterator<Item = Algorithm>,
    ) -> Result<Self, ConfigError> {
        let wanted = Algorithms::from_iter(algorithms);
        check_served(wanted, self.algorithms())?;
        Ok(self.change(|inner| inner.algorithms = wanted))
    }

    /// Returns the algorithms that the key serves.
    pub fn algorithms(&self) -> Algorithms {
        self.0.algorithms
    }

    /// Returns the name of the key.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Returns the identity of the key.
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// Returns the RFC 7638 thumbprint, SHA-256 in base64url; `None` for a secret.
    pub fn thumbprint(&self) -> Option<String> {
        let is_public = self.0.kind != import::SECRET;
        is_public.then(|| base64url::encode(self.0.id.as_bytes()))
    }

    /// Returns true only if `algorithm` is one of the key's and `signature` is valid for
    /// `message` under it. All three are untrusted.
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.0.algorithms.contains(algorithm)
            && self.0.verifier.verify(algorithm, message, signature)
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kind", &self.0.kind)
            .field("algorithms", &self.0.algorithms)
            .field("has_kid", &self.0.kid.is_some())
            .finish_non_exhaustive()
    }
}

fn check_served(wanted: Algorithms, served: Algorithms) -> Result<(), ConfigError> {
    if wanted.is_empty() {
        return Err(ConfigError::new(
            ConfigErrorKind::Empty,
            "algorithms",
            "no algorithm is named; name at least one",
        ));
    }
    let unusable = wanted.difference(served);
    if unusable.is_empty() {
        return Ok(());
    }
    Err(ConfigError::new(
        ConfigErrorKind::AlgorithmUnusable,
        "algorithms",
        format!("the key cannot serve {unusable:?}; it serves {served:?}"),
    ))
}
