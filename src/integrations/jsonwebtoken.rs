//! Keys of `jsonwebtoken` 12, and a cryptography provider for it on `ring`.
//!
//! For an application that uses `jsonwebtoken`:
//!
//! - [`key_from_decoding_key`] and [`key_from_jwk`] convert the keys it already has, so that a
//!   [`JwtValidator`](crate::jwt::JwtValidator) can replace its calls of `jsonwebtoken::decode`;
//! - [`crypto_provider`] serves the calls that remain, so that neither `aws_lc_rs` nor
//!   `rust_crypto`, the features of `jsonwebtoken` that add a provider, is needed.
//!
//! A token that `jsonwebtoken::encode` issued, validated with the same secret:
//!
//! ```
//! use bearergate::{Gate, JwtValidator};
//! use bearergate::integrations::jsonwebtoken::{crypto_provider, key_from_decoding_key};
//! use bearergate::key::KeySet;
//! use jsonwebtoken::{DecodingKey, EncodingKey, Header, encode};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = [7; 32];
//!
//! // The issuer: its calls go through the provider of the process.
//! crypto_provider().install_default().map_err(|_| "another provider is installed")?;
//! let claims = json!({
//!     "iss": "https://idp.example.com", "aud": "https://api.example.com",
//!     "sub": "alice", "exp": 4_102_444_800_u64,
//! });
//! let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(&secret)?)?;
//!
//! // The service: the key is converted once, and no provider of the process is used.
//! let key = key_from_decoding_key(&DecodingKey::from_secret(&secret)?)?;
//! let validator = JwtValidator::builder()
//!     .issuer("https://idp.example.com")
//!     .audience("https://api.example.com")
//!     .keys(KeySet::from(key))
//!     .build()?;
//! let gate = Gate::builder().validator(validator).allow_any_authenticated().build()?;
//!
//! let authorization = format!("Bearer {token}");
//! let request = http::Request::get("/").header("authorization", authorization).body(())?;
//! let answer = gate.try_check_now(&request).ok_or("fixed keys need no waiting")?;
//! assert_eq!(answer.unwrap().principal().subject(), Some("alice"));
//! # Ok(())
//! # }
//! ```
//!
//! [`JwtValidator`](crate::jwt::JwtValidator) refuses more tokens and keys than `jsonwebtoken::decode`
//! accepts: issuer, audience and `exp` are required, secrets are at least as long as their hash,
//! and claims of a wrong type are never ignored.

use std::sync::Arc;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{EllipticCurve, Jwk, ThumbprintHash};
use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind};
use ring::digest;
use ring::signature::{KeyPair, RsaPublicKeyComponents};
use signature::Verifier;

use crate::crypto::signing::Signing;
use crate::crypto::{Algorithm, Curve, Flaw, Material, Provider, Verify, signing};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::key::{Key, KeyImporter, der};

/// Converts a `DecodingKey`; its family decides the type of the key.
///
/// Succeeds only if this crate accepts the same key from any other source: the checks are those of
/// [`Key::from_secret`] and [`Key::from_der`]. RSA keys are read as modulus and exponent or as
/// PKCS#1 DER, EC keys as uncompressed points, which is what the constructors of `DecodingKey`
/// store. A `DecodingKey` has no `kid`, so the result has none; [`Key::with_kid`] adds it.
///
/// ```
/// use bearergate::integrations::jsonwebtoken::key_from_decoding_key;
/// use jsonwebtoken::DecodingKey;
///
/// assert!(key_from_decoding_key(&DecodingKey::from_secret(&[7; 32])?).is_ok());
/// // Shorter than any hash:
/// assert!(key_from_decoding_key(&DecodingKey::from_secret(b"secret")?).is_err());
/// # Ok::<(), jsonwebtoken::errors::Error>(())
/// ```
///
/// # Errors
///
/// `key_private` for a private key, `key_weak`, or `key_malformed` for anything else, keys on
/// P-521 and secp256k1 too.
pub fn key_from_decoding_key(key: &DecodingKey) -> std::result::Result<Key, ConfigError> {
    let import = KeyImporter::default();
    match (key.family(), key.kind()) {
        (AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
            import.secret(secret.clone())
        }
        _ => import.material("key", material(key)),
    }
}

/// Converts a `Jwk`, with its `kid` and `alg`.
///
/// Where the text of the JWK is at hand, prefer [`Key::from_jwk`]: a `Jwk` has lost private
/// members, which would be refused, and an `alg` that `jsonwebtoken` does not know (`Ed25519` of
/// RFC 9864 is one), without which the key is refused.
///
/// ```
/// use bearergate::integrations::jsonwebtoken::key_from_jwk;
/// use jsonwebtoken::jwk::Jwk;
///
/// let jwk: Jwk = serde_json::from_str(
///     r#"{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
/// )?;
/// assert_eq!(key_from_jwk(&jwk)?.kid(), Some("1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of [`Key::from_jwk`].
pub fn key_from_jwk(jwk: &Jwk) -> std::result::Result<Key, ConfigError> {
    let text = serde_json::to_vec(jwk).map_err(|error| {
        ConfigError::new(
            ConfigErrorKind::KeyMalformed,
            "jwk",
            "the JWK cannot be written as JSON; build it from the public key again",
        )
        .with_source(error)
    })?;
    KeyImporter::default().jwk(text)
}

/// Returns a provider on `ring` for an application that calls `jsonwebtoken` itself.
///
/// This crate never installs it and never uses the installed one. It signs and verifies with every
/// algorithm of `jsonwebtoken` 12 and has all of its key utilities. Public keys are checked as
/// [`Key`] checks them; secrets of any length are accepted, as by the providers of
/// `jsonwebtoken`.
///
/// ```
/// use bearergate::integrations::jsonwebtoken::crypto_provider;
/// use jsonwebtoken::Algorithm;
/// use jsonwebtoken::EncodingKey;
///
/// // Without a provider of the process:
/// let key = EncodingKey::from_secret(&[7; 32])?;
/// let signer = (crypto_provider().signer_factory)(&Algorithm::HS256, &key)?;
/// assert_eq!(signer.try_sign(b"header.payload")?.len(), 32);
///
/// // For `jsonwebtoken::encode` and `decode`, once, at start:
/// let _ = crypto_provider().install_default();
/// # Ok::<(), jsonwebtoken::errors::Error>(())
/// ```
pub fn crypto_provider() -> &'static CryptoProvider {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| Ok(Box::new(Signing::new(algorithm, key)?)),
        verifier_factory: new_verifier,
        key_utils: KeyUtils {
            rsa_pub_components_from_private_key: rsa_components_of_private,
            rsa_pub_components_from_public_key: rsa_components_of_public,
            ec_pub_components_from_private_key: ec_components_of_private,
            ed_pub_components_from_private_key: ed_component_of_private,
            compute_digest,
        },
    };
    &PROVIDER
}

type Result<T> = std::result::Result<T, Error>;

fn material(key: &DecodingKey) -> std::result::Result<Material, Flaw> {
    match (key.family(), key.kind()) {
        (_, DecodingKeyKind::RsaModulusExponent { n, e }) => Material::rsa(n, e),
        (AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
            Ok(Material::Secret(secret.clone().into()))
        }
        (AlgorithmFamily::Rsa, DecodingKeyKind::SecretOrDer(der)) => der::rsa_public_key(der),
        (AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
            let curve = [Curve::P256, Curve::P384]
                .into_iter()
                .find(|curve| point.len() == 1 + 2 * curve.len())
                .ok_or(Flaw::malformed(
                    "expected an uncompressed point of P-256 or P-384",
                ))?;
            Material::ec(curve, point.clone())
        }
        (AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(point)) => Material::ed25519(point),
    }
}

fn new_verifier(
    algorithm: &jsonwebtoken::Algorithm,
    key: &DecodingKey,
) -> Result<Box<dyn JwtVerifier>> {
    let verified = signing::from_jsonwebtoken(algorithm)?;
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    let verifier = material(key).and_then(|key| Provider::ring().prepare(&key, verified.into()));
    Ok(Box::new(Verifying {
        algorithm: *algorithm,
        verified,
        verifier: verifier.map_err(|Flaw(_, text)| ErrorKind::Provider(text.to_owned()))?,
    }))
}

struct Verifying {
    algorithm: jsonwebtoken::Algorithm,
    verified: Algorithm,
    verifier: Arc<dyn Verify>,
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Verifying {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        let is_valid = self.verifier.verify(self.verified, message, signature);
        is_valid.then_some(()).ok_or_else(signature::Error::new)
    }
}

fn rsa_components_of_private(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let pair = signing::rsa_pair(der)?;
    let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
    Ok((public.n, public.e))
}

fn rsa_components_of_public(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    match der::rsa_public_key(der) {
        Ok(Material::Rsa(n, e)) => Ok((n, e)),
        Ok(_) => Err(ErrorKind::InvalidKeyFormat.into()),
        Err(Flaw(_, text)) => Err(ErrorKind::InvalidRsaKey(text.to_owned()).into()),
    }
}

fn ec_components_of_private(
    pkcs8: &[u8],
    algorithm: jsonwebtoken::Algorithm,
) -> Result<(EllipticCurve, Vec<u8>, Vec<u8>)> {
    let (curve, name) = match algorithm {
        jsonwebtoken::Algorithm::ES256 => (Curve::P256, EllipticCurve::P256),
        jsonwebtoken::Algorithm::ES384 => (Curve::P384, EllipticCurve::P384),
        _ => return Err(ErrorKind::InvalidEcdsaKey.into()),
    };
    let pair = signing::ec_pair(curve, pkcs8)?;
    let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
    let (x, y) = point
        .split_at_checked(curve.len())
        .ok_or(ErrorKind::InvalidEcdsaKey)?;
    Ok((name, x.to_vec(), y.to_vec()))
}

fn ed_component_of_private(pkcs8: &[u8], curve: &EllipticCurve) -> Result<Vec<u8>> {
    if *curve != EllipticCurve::Ed25519 {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(signing::ed_pair(pkcs8)?.public_key().as_ref().to_vec())
}

fn compute_digest(data: &[u8], hash: ThumbprintHash) -> Result<Vec<u8>> {
    let algorithm = match hash {
        ThumbprintHash::SHA256 => &digest::SHA256,
        ThumbprintHash::SHA384 => &digest::SHA384,
        ThumbprintHash::SHA512 => &digest::SHA512,
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    Ok(digest::digest(algorithm, data).as_ref().to_vec())
}
