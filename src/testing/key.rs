//! Signing keys for tests.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};

use crate::crypto::Algorithm;
use crate::key::{Key, KeySet};

/// A private key for tests, with a `kid`; cheap to clone.
///
/// ```
/// use bearergate::testing::FakeKey;
///
/// let key = FakeKey::es256("key-1");
/// assert!(key.jwk().contains(r#""kid":"key-1""#));
/// ```
///
/// # Panics
///
/// The constructors panic if the system's random source fails.
#[derive(Clone)]
pub struct FakeKey(Arc<KeyInner>);

struct KeyInner {
    kid: String,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

/// Public: anyone who reads this repository can sign with it.
const RSA: &str = include_str!("../../tests/keys/rsa-2048.private.pem");

#[expect(
    clippy::expect_used,
    reason = "a helper of tests panics if the random source fails"
)]
impl FakeKey {
    /// Generates a P-256 key, which signs as `ES256`. Each call makes a different key, also for the
    /// same `kid`.
    pub fn es256(kid: impl Into<String>) -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("the random source");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
        Self::new(kid, Pair::Es256(pair.expect("a generated key")))
    }

    /// Generates an Ed25519 key, which signs as `EdDSA` (RFC 8037). Each call makes a different
    /// key, also for the same `kid`.
    pub fn ed25519(kid: impl Into<String>) -> Self {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("the random source");
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref());
        Self::new(kid, Pair::Ed25519(pair.expect("a generated key")))
    }

    /// Returns the RSA key of this crate's tests, which signs as `RS256`.
    ///
    /// It is the same key for every `kid`, and its private part is published with this crate: never
    /// trust it outside tests.
    pub fn rs256(kid: impl Into<String>) -> Self {
        let body: String = RSA.lines().filter(|line| !line.contains('-')).collect();
        let der = STANDARD.decode(body).expect("the test key");
        let pair = RsaKeyPair::from_pkcs8(&der).expect("the test key");
        Self::new(kid, Pair::Rs256(pair))
    }

    /// Returns the public key, as validators use it, restricted to its
    /// [`algorithm`](Self::algorithm). It is the same key that validators import from
    /// [`jwk`](Self::jwk).
    pub fn public(&self) -> Key {
        Key::from_jwk(self.jwk()).expect("a supported key")
    }

    /// Signs the message; an ES256 signature has the form of RFC 7518 section 3.4.
    ///
    /// It panics if the system's random source fails. For a whole token use
    /// [`TokenBuilder`](crate::testing::TokenBuilder).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.pair.sign(message).expect("the random source")
    }
}

impl FakeKey {
    fn new(kid: impl Into<String>, pair: Pair) -> Self {
        let kid = kid.into();
        Self(Arc::new(KeyInner { kid, pair }))
    }

    /// Returns the `kid` that was given to the constructor, which nothing checks to be unique.
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// Returns the algorithm that it signs with, which follows from the constructor: `ES256`,
    /// `EdDSA` or `RS256`.
    pub fn algorithm(&self) -> Algorithm {
        match self.0.pair {
            Pair::Ed25519(_) => Algorithm::EdDsa,
            Pair::Es256(_) => Algorithm::Es256,
            Pair::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// Returns the public key as a JWK (RFC 7517) with `kid`, `alg` and the `use` `sig`, as JSON
    /// text. The private part is never in it.
    pub fn jwk(&self) -> String {
        let mut jwk = self.0.pair.jwk();
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), self.kid().into());
            members.insert("alg".to_owned(), self.algorithm().as_str().into());
            members.insert("use".to_owned(), "sig".into());
        }
        jwk.to_string()
    }

    /// Returns a key set that has only the public key, to configure a validator without an issuer.
    pub fn key_set(&self) -> KeySet {
        KeySet::from(self.public())
    }

    /// Returns a new key of the same kind; there is only one RSA key.
    pub(super) fn successor(&self, kid: String) -> Self {
        match self.0.pair {
            Pair::Ed25519(_) => Self::ed25519(kid),
            Pair::Es256(_) => Self::es256(kid),
            Pair::Rs256(_) => Self::rs256(kid),
        }
    }
}

impl Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Es256(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
        }
    }

    fn jwk(&self) -> Value {
        match self {
            Self::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Self::Rs256(pair) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e)})
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl fmt::Debug for FakeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeKey")
            .field("kid", &self.kid())
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validators_support_every_kind_of_key() {
        for key in [
            FakeKey::es256("a"),
            FakeKey::ed25519("a"),
            FakeKey::rs256("a"),
        ] {
            assert_eq!(key.key_set().keys().len(), 1, "{key:?}");
            assert_eq!(
                key.public().kid().map(ToString::to_string),
                Some("a".to_owned())
            );
        }
    }

    #[test]
    fn new_keys_differ_and_debug_shows_no_key_material() {
        assert_ne!(FakeKey::es256("a").jwk(), FakeKey::es256("a").jwk());
        assert_ne!(FakeKey::ed25519("a").jwk(), FakeKey::ed25519("a").jwk());
        let shown = format!("{:?}", FakeKey::es256("a"));
        assert_eq!(shown, r#"FakeKey { kid: "a", algorithm: Es256, .. }"#);
    }
}
