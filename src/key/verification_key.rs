//! A key that verifies signatures.

use std::fmt;
use std::sync::Arc;

use crate::credential::base64url;
use crate::crypto::{Algorithm, Algorithms, Verify};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;
use crate::principal::KeyId;

/// A key that verifies signatures, bound to its algorithms; cheap to clone.
///
/// Each constructor reads one kind of key, and none of them guesses the kind. They use the default
/// [`Provider`](crate::crypto::Provider); [`KeyImporter`](crate::key::KeyImporter) has the same
/// constructors for another one. `Debug` never shows key material.
///
/// A signature is accepted only if the token's `alg` is one of the key's
/// [`algorithms`](Self::algorithms). A JWK with an `alg` has that algorithm and no other. Without
/// one, an RSA key has every `RS*` and `PS*`, an EC key the one of its curve, an Ed25519 key
/// `EdDSA`, and a secret every `HS*` whose hash is not longer than the secret.
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
pub struct Key(pub(super) Arc<KeyData>);

/// The kind of a key for MACs.
pub(super) const SECRET: &str = "secret";

/// What clones of a key share.
#[derive(Clone)]
pub(super) struct KeyData {
    /// The kind of key, for `Debug`.
    pub(super) kind: &'static str,
    pub(super) algorithms: Algorithms,
    pub(super) kid: Option<Box<str>>,
    /// Whether the key was read as a member of a JWK Set.
    pub(super) is_member: bool,
    pub(super) id: KeyId,
    pub(super) verifier: Arc<dyn Verify>,
}

impl Key {
    /// Sets the key id: a token with another `kid` is not verified with this key.
    ///
    /// Without a key id, a key that was imported by itself matches a token with any `kid`.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for a key id longer than 256 bytes.
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
        Ok(self.change(|data| data.kid = Some(kid.into())))
    }

    /// Restricts the key to these algorithms; tokens under its other algorithms are then refused.
    ///
    /// A restriction never adds an algorithm.
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
    /// [`AlgorithmUnusable`](ConfigErrorKind::AlgorithmUnusable) if one of them is not among the
    /// key's, [`Empty`](ConfigErrorKind::Empty) if none is given.
    pub fn with_algorithms(
        self,
        algorithms: impl IntoIterator<Item = Algorithm>,
    ) -> Result<Self, ConfigError> {
        let wanted = Algorithms::from_iter(algorithms);
        check_served(wanted, self.algorithms())?;
        Ok(self.change(|data| data.algorithms = wanted))
    }

    /// Returns the algorithms under which the key verifies signatures; never an empty set.
    ///
    /// A token with another `alg` is not verified with this key.
    /// [`with_algorithms`](Self::with_algorithms) restricts the set.
    pub fn algorithms(&self) -> Algorithms {
        self.0.algorithms
    }

    /// Returns the key id, as set by [`with_kid`](Self::with_kid) or as the `kid` of a JWK.
    ///
    /// Without one, the key also matches tokens that have a `kid`, as described for
    /// [`KeySet`](crate::key::KeySet).
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Returns the identity of the key material, whatever its key id and its algorithms.
    ///
    /// For a public key it is the RFC 7638 thumbprint. Two keys of equal material are one key: of
    /// identical keys in a set only one counts.
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// Returns the thumbprint of a public key (RFC 7638, with SHA-256, in base64url), or `None` for
    /// a secret.
    pub fn thumbprint(&self) -> Option<String> {
        let is_public = self.0.kind != SECRET;
        is_public.then(|| base64url::encode(self.0.id.as_bytes()))
    }

    /// Returns true only if `algorithm` is one of the key's and `signature` is valid for
    /// `message` under it. All three arguments are untrusted.
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.0.algorithms.contains(algorithm)
            && self.0.verifier.verify(algorithm, message, signature)
    }

    /// Sets the identity, in base64url, as the key id: for a public key its thumbprint. That of a
    /// secret is a MAC under it, so it says nothing about the secret that a signature does not.
    pub(super) fn named_by_id(self) -> Self {
        let kid = base64url::encode(self.id().as_bytes()).into_boxed_str();
        self.change(|data| data.kid = Some(kid))
    }

    pub(super) fn change(mut self, change: impl FnOnce(&mut KeyData)) -> Self {
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

/// Refuses an empty selection, and algorithms that no key has.
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
        format!(
            "expected algorithms that a key can serve, found {unusable:?}; choose from {served:?}, or give \
             a key for it"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Provider;
    use crate::key::{KeyImporter, KeySet, test_samples};

    const MESSAGE: &[u8] = b"header.payload";

    /// Every kind of key of this build with exactly the algorithms that it may verify under.
    fn kinds(import: &KeyImporter) -> Vec<(&'static str, Key, &'static [Algorithm])> {
        let mut kinds = kinds_of_every_build(import);
        let es512 = import.pem(test_samples::ES512);
        assert_eq!(es512.is_ok(), cfg!(feature = "aws-lc-rs"));
        if let Ok(key) = es512 {
            let jwk =
                test_samples::jwk_with(test_samples::ES512, serde_json::json!({"alg": "ES512"}));
            kinds.push(("P-521", key, &[Algorithm::Es512]));
            kinds.push((
                "P-521 JWK",
                import.jwk(jwk.to_string()).unwrap(),
                &[Algorithm::Es512],
            ));
        }
        kinds
    }

    fn kinds_of_every_build(
        import: &KeyImporter,
    ) -> Vec<(&'static str, Key, &'static [Algorithm])> {
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

    /// A signature that is valid under the algorithm, made with the key where its type allows that.
    fn signature(key: &Key, algorithm: Algorithm) -> Vec<u8> {
        let len = match key.0.kind {
            SECRET if key.algorithms().contains(Algorithm::Hs512) => 64,
            SECRET if key.algorithms().contains(Algorithm::Hs384) => 48,
            SECRET => 32,
            _ => return test_samples::sign(algorithm, MESSAGE),
        };
        if Algorithms::MAC.contains(algorithm) {
            return test_samples::mac(algorithm, &test_samples::SECRET[..len], MESSAGE);
        }
        test_samples::sign(algorithm, MESSAGE)
    }

    #[test]
    fn a_key_verifies_only_under_its_own_algorithms() {
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
    fn the_identity_does_not_depend_on_the_provider() {
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
    fn key_ids_and_restrictions_do_not_change_other_clones() {
        let key = Key::from_pem(test_samples::RSA).unwrap();
        let named = key.clone().with_kid("a").unwrap();
        let restricted = key.clone().with_algorithms([Algorithm::Rs256]).unwrap();
        assert_eq!((key.kid(), named.kid()), (None, Some("a")));
        assert_eq!(key.algorithms(), Algorithms::RSA);
        assert_eq!(restricted.algorithms(), Algorithm::Rs256.into());
        assert_eq!(key.id(), restricted.id());
    }
}
