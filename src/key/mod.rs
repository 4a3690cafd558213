//! Keys: import, sets, and which one judges a token.
//!
//! The key owns the algorithm. A [`Key`] is bound to its algorithms when it is imported, and the
//! token's header can only agree with one of them.

pub(crate) mod der;
mod discovery;
mod fetched;
mod id;
mod import;
mod jwk;
mod jwks;
pub(crate) mod pem;
mod secret_lint;
mod set;
mod store;
#[cfg(test)]
pub(crate) mod test_samples;
#[cfg(test)]
pub(crate) mod test_vectors;

pub use discovery::Metadata;
pub use discovery::MetadataError;
pub use fetched::FetchedKeys;
pub use fetched::FetchedKeysBuilder;
pub(crate) use fetched::of_keys;
pub use import::KeyImporter;
pub use jwks::SkippedKey;
pub use set::KeySet;
pub use store::KeyHint;
pub use store::KeyStatus;
pub use store::KeyStore;

use std::fmt;
use std::sync::Arc;

use crate::credential::base64url;
use crate::crypto::Algorithm;
use crate::crypto::Algorithms;
use crate::crypto::Verify;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::limits;
use crate::principal::KeyId;
use crate::secret::Secret;

/// A key that verifies signatures, bound to its algorithms, prepared once, cheap to clone.
///
/// Each constructor takes one kind of key; none of them guesses. These use the default
/// [`Provider`](crate::crypto::Provider); [`KeyImporter`] offers the same for another one. `Debug` never shows
/// key material.
///
/// Without an `alg` of its own an RSA key serves every `RS*` and `PS*`, an EC key the one of its
/// curve, an Ed25519 key `EdDSA`, a secret every `HS*` whose hash is not longer than it.
///
/// ```
/// use bearergate::crypto::Algorithm;
/// use bearergate::key::Key;
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
    /// A public key is of another type and does not fit:
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
    /// `key_weak` for a shorter one, `key_malformed` for what looks like a public key.
    pub fn from_secret(secret: impl Into<Secret>) -> Result<Self, ConfigError> {
        KeyImporter::default().secret(secret)
    }

    /// Takes a MAC secret as base64url without padding.
    ///
    /// # Errors
    ///
    /// `key_malformed` for other text, and those of [`from_secret`](Self::from_secret).
    pub fn from_base64url_secret(secret: &str) -> Result<Self, ConfigError> {
        KeyImporter::default().base64url_secret(secret)
    }

    /// Takes an RSA, P-256, P-384 or Ed25519 public key as one PEM block (`PUBLIC KEY`, or
    /// `RSA PUBLIC KEY`), with nothing but white space around it.
    ///
    /// # Errors
    ///
    /// `key_private`, `key_weak`, or `key_malformed` for anything else, a certificate too.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        KeyImporter::default().pem(pem)
    }

    /// Takes an RSA, P-256, P-384 or Ed25519 public key as a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    ///
    /// `key_private`, `key_weak`, or `key_malformed` for anything else, a certificate too.
    pub fn from_der(der: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        KeyImporter::default().der(der)
    }

    /// Takes one JWK as JSON text: a public key, or a MAC secret (`kty` `oct`).
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
    /// `use` must be `sig` and `key_ops` must hold `verify` where they stand; `alg` must fit the
    /// type, and then the key serves it alone.
    ///
    /// # Errors
    ///
    /// `key_private` for a private key, `key_weak`, or `key_malformed` for anything else.
    pub fn from_jwk(jwk: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        KeyImporter::default().jwk(jwk)
    }

    /// Names the key: a token that names another one is not judged by it.
    ///
    /// # Errors
    ///
    /// `out_of_range` for a name over 256 bytes.
    pub fn with_kid(self, kid: impl Into<String>) -> Result<Self, ConfigError> {
        let kid = kid.into();
        if kid.len() > limits::KEY_ID_BYTES {
            let range = ..=limits::KEY_ID_BYTES;
            return Err(ConfigError::size_out_of_range(
                "kid",
                kid.len(),
                "bytes",
                range,
            ));
        }
        Ok(self.change(|inner| inner.kid = Some(kid.into())))
    }

    /// Restricts the key to these algorithms.
    ///
    /// ```
    /// use bearergate::crypto::Algorithm;
    /// use bearergate::error::ConfigErrorKind;
    /// use bearergate::key::Key;
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

/// Refuses an empty selection, and algorithms that are not served.
pub(crate) fn check_served(wanted: Algorithms, served: Algorithms) -> Result<(), ConfigError> {
    if wanted.is_empty() {
        return Err(ConfigError::empty("algorithms", "name at least one"));
    }
    let unusable = wanted.difference(served);
    if unusable.is_empty() {
        return Ok(());
    }
    Err(ConfigError::new(
        ConfigErrorKind::AlgorithmUnusable,
        "algorithms",
        format!("no key can serve {unusable:?}; choose from {served:?}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Provider;

    const MESSAGE: &[u8] = b"header.payload";

    /// Every kind of key with the algorithms of its type, the only ones that it may verify.
    fn kinds(import: &KeyImporter) -> Vec<(&'static str, Key, &'static [Algorithm])> {
        use Algorithm::*;
        let secret = |len| import.secret(test_samples::SECRET[..len].to_vec()).unwrap();
        let jwk = |pem, alg: &str| {
            let jwk = test_samples::jwk_with(pem, serde_json::json!({"alg": alg}));
            import.jwk(jwk.to_string()).unwrap()
        };
        let restricted = import.pem(test_samples::RSA).unwrap();
        vec![
            ("secret 32", secret(32), &[Hs256]),
            ("secret 48", secret(48), &[Hs256, Hs384]),
            ("secret 64", secret(64), &[Hs256, Hs384, Hs512]),
            (
                "RSA",
                import.pem(test_samples::RSA).unwrap(),
                &[Ps256, Ps384, Ps512, Rs256, Rs384, Rs512],
            ),
            ("RSA JWK RS256", jwk(test_samples::RSA, "RS256"), &[Rs256]),
            ("RSA JWK PS512", jwk(test_samples::RSA, "PS512"), &[Ps512]),
            (
                "RSA restricted",
                restricted.with_algorithms([Rs384, Ps256]).unwrap(),
                &[Ps256, Rs384],
            ),
            ("P-256", import.pem(test_samples::ES256).unwrap(), &[Es256]),
            ("P-384", import.pem(test_samples::ES384).unwrap(), &[Es384]),
            (
                "Ed25519",
                import.pem(test_samples::ED25519).unwrap(),
                &[EdDsa],
            ),
            ("JWK EdDSA", jwk(test_samples::ED25519, "EdDSA"), &[EdDsa]),
            (
                "JWK Ed25519",
                jwk(test_samples::ED25519, "Ed25519"),
                &[EdDsa],
            ),
        ]
    }

    /// A signature that the key's material makes valid under the algorithm, where its type can.
    fn signature(key: &Key, algorithm: Algorithm) -> Vec<u8> {
        let len = match key.0.kind {
            import::SECRET if key.algorithms().contains(Algorithm::Hs512) => 64,
            import::SECRET if key.algorithms().contains(Algorithm::Hs384) => 48,
            import::SECRET => 32,
            _ => return test_samples::sign(algorithm, MESSAGE),
        };
        if Algorithms::MAC.contains(algorithm) {
            return test_samples::mac(algorithm, &test_samples::SECRET[..len], MESSAGE);
        }
        test_samples::sign(algorithm, MESSAGE)
    }

    #[test]
    fn only_the_pairs_of_rule_1_verify() {
        for provider in Provider::ALL {
            for (name, key, allowed) in kinds(&KeyImporter::on(*provider)) {
                for algorithm in Algorithm::ALL {
                    let signature = signature(&key, *algorithm);
                    let verified = key.verify(*algorithm, MESSAGE, &signature);
                    assert_eq!(
                        verified,
                        allowed.contains(algorithm),
                        "{provider:?} {name} {algorithm}"
                    );
                    let set = KeySet::from(key.clone());
                    let found = set.select(*algorithm, None).is_ok();
                    assert_eq!(found, allowed.contains(algorithm), "{name} {algorithm}");
                    assert_eq!(set.algorithms().contains(*algorithm), found);
                }
            }
        }
    }

    #[test]
    fn a_changed_message_signature_or_algorithm_is_refused() {
        for provider in Provider::ALL {
            for (name, key, allowed) in kinds(&KeyImporter::on(*provider)) {
                for algorithm in allowed {
                    let good = signature(&key, *algorithm);
                    let mut bad = good.clone();
                    *bad.last_mut().unwrap() ^= 1;
                    assert!(key.verify(*algorithm, MESSAGE, &good), "{name}");
                    assert!(!key.verify(*algorithm, b"header.payloae", &good), "{name}");
                    assert!(!key.verify(*algorithm, MESSAGE, &bad), "{name}");
                    assert!(!key.verify(*algorithm, MESSAGE, &good[1..]), "{name}");
                    assert!(!key.verify(*algorithm, MESSAGE, &[]), "{name}");
                    assert!(!key.verify(*algorithm, MESSAGE, &[good.as_slice(), &[0]].concat()));
                    for other in allowed.iter().filter(|other| *other != algorithm) {
                        assert!(!key.verify(*other, MESSAGE, &good), "{name} {other}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_mac_made_with_any_form_of_a_public_key_is_refused() {
        let jwk = test_samples::jwk(test_samples::RSA);
        let n = base64url::decode(jwk["n"].as_str().unwrap()).unwrap();
        let forms = [
            test_samples::RSA.as_bytes().to_vec(),
            test_samples::RSA.trim_end().as_bytes().to_vec(),
            test_samples::der(test_samples::RSA),
            jwk.to_string().into_bytes(),
            n,
            Vec::new(),
        ];
        for provider in Provider::ALL {
            let import = KeyImporter::on(*provider);
            for key in [
                import.pem(test_samples::RSA).unwrap(),
                import.jwk(jwk.to_string()).unwrap(),
            ] {
                for (form, algorithm) in forms
                    .iter()
                    .flat_map(|form| Algorithms::MAC.iter().map(move |alg| (form, alg)))
                {
                    let tag = test_samples::mac(algorithm, form, MESSAGE);
                    assert!(!key.verify(algorithm, MESSAGE, &tag));
                }
            }
        }
    }

    #[test]
    fn both_providers_give_one_identity() {
        for pem in [
            test_samples::RSA,
            test_samples::ES256,
            test_samples::ES384,
            test_samples::ED25519,
        ] {
            let ids: std::collections::HashSet<_> = Provider::ALL
                .iter()
                .map(|provider| KeyImporter::on(*provider).pem(pem).unwrap().id())
                .collect();
            assert_eq!(ids.len(), 1);
        }
    }

    #[test]
    fn names_and_restrictions_do_not_change_other_clones() {
        let key = Key::from_pem(test_samples::RSA).unwrap();
        let named = key.clone().with_kid("a").unwrap();
        let restricted = key.clone().with_algorithms([Algorithm::Rs256]).unwrap();
        assert_eq!((key.kid(), named.kid()), (None, Some("a")));
        assert_eq!(key.algorithms(), Algorithms::RSA);
        assert_eq!(restricted.algorithms(), Algorithm::Rs256.into());
        assert_eq!(key.id(), restricted.id());
    }
}
