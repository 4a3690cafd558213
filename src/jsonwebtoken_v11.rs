//! The door to `jsonwebtoken` 11: its keys become ours, and its calls can run on `ring`.
//!
//! Its types appear in this module alone, so that its next major version gets a module of its own
//! and no signature elsewhere changes.

use std::sync::Arc;

use jsonwebtoken::AlgorithmFamily;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::DecodingKeyKind;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::crypto::KeyUtils;
use jsonwebtoken::errors::Error;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::jwk::ThumbprintHash;
use ring::digest;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature as signing;
use ring::signature::EcdsaKeyPair;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use ring::signature::RsaEncoding;
use ring::signature::RsaKeyPair;
use ring::signature::RsaPublicKeyComponents;
use signature::Signer;
use signature::Verifier;

use crate::crypto::Algorithm;
use crate::crypto::Curve;
use crate::crypto::Flaw;
use crate::crypto::Material;
use crate::crypto::Provider;
use crate::crypto::Verify;
use crate::key::Import;
use crate::key::Key;
use crate::key::der;
use crate::rejection::ConfigError;
use crate::rejection::ConfigErrorKind;

/// Takes the key of a `DecodingKey`; its family decides the kind.
///
/// RSA keys are read as modulus and exponent or as PKCS#1 DER, EC keys as uncompressed points,
/// which is what the constructors of `DecodingKey` leave behind. The key is checked like any
/// other, and has no `kid`.
///
/// ```
/// use bearergate::jsonwebtoken_v11::key_from_decoding_key;
/// use jsonwebtoken::DecodingKey;
///
/// assert!(key_from_decoding_key(&DecodingKey::from_secret(&[7; 32])).is_ok());
/// assert!(key_from_decoding_key(&DecodingKey::from_secret(b"secret")).is_err());
/// ```
///
/// # Errors
///
/// Those of [`Key::from_secret`] and [`Key::from_der`].
pub fn key_from_decoding_key(key: &DecodingKey) -> std::result::Result<Key, ConfigError> {
    let import = Import::default();
    match (key.family(), key.kind()) {
        (AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
            import.secret(secret.clone())
        }
        _ => import.material(material(key)),
    }
}

/// Takes the key of a `Jwk`, with its `kid` and `alg`.
///
/// `Jwk` forgets private members, and an `alg` that it does not know (`Ed25519` is one) makes the
/// key unusable; [`Key::from_jwk`] reads the text itself and has neither flaw.
///
/// # Errors
///
/// Those of [`Key::from_jwk`].
pub fn key_from_jwk(jwk: &Jwk) -> std::result::Result<Key, ConfigError> {
    let text = serde_json::to_vec(jwk).map_err(|error| {
        ConfigError::new(
            ConfigErrorKind::KeyMalformed,
            "jwk",
            "the JWK cannot be written as JSON",
        )
        .with_source(error)
    })?;
    Import::default().jwk(text)
}

/// Returns a provider on `ring` for an application that calls `jsonwebtoken` itself.
///
/// This crate never installs it. It signs and verifies every algorithm of `jsonwebtoken` 11 and
/// has all of its key utilities. Public keys are checked as [`Key`] checks them; secrets are
/// taken at any length, as by the providers of `jsonwebtoken`.
///
/// ```
/// use bearergate::jsonwebtoken_v11::crypto_provider;
/// use jsonwebtoken::Algorithm;
/// use jsonwebtoken::EncodingKey;
///
/// // Without the process-wide default:
/// let key = EncodingKey::from_secret(&[7; 32]);
/// let signer = (crypto_provider().signer_factory)(&Algorithm::HS256, &key)?;
/// assert_eq!(signer.try_sign(b"header.payload")?.len(), 32);
///
/// // Or for the calls that insist on it:
/// let _ = crypto_provider().install_default();
/// # Ok::<(), jsonwebtoken::errors::Error>(())
/// ```
pub fn crypto_provider() -> &'static CryptoProvider {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: new_signer,
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
        (AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => ec_material(point),
        (AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(point)) => Material::ed25519(point),
    }
}

fn ec_material(point: &[u8]) -> std::result::Result<Material, Flaw> {
    let curve = [Curve::P256, Curve::P384]
        .into_iter()
        .find(|curve| point.len() == 1 + 2 * curve.len())
        .ok_or(Flaw::malformed(
            "this is no uncompressed point of P-256 or P-384",
        ))?;
    Material::ec(curve, point.to_vec())
}

fn ours(algorithm: &jsonwebtoken::Algorithm) -> Result<Algorithm> {
    use jsonwebtoken::Algorithm as Theirs;
    Ok(match algorithm {
        Theirs::EdDSA => Algorithm::EdDsa,
        Theirs::ES256 => Algorithm::Es256,
        Theirs::ES384 => Algorithm::Es384,
        Theirs::HS256 => Algorithm::Hs256,
        Theirs::HS384 => Algorithm::Hs384,
        Theirs::HS512 => Algorithm::Hs512,
        Theirs::PS256 => Algorithm::Ps256,
        Theirs::PS384 => Algorithm::Ps384,
        Theirs::PS512 => Algorithm::Ps512,
        Theirs::RS256 => Algorithm::Rs256,
        Theirs::RS384 => Algorithm::Rs384,
        Theirs::RS512 => Algorithm::Rs512,
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    })
}

fn new_verifier(
    algorithm: &jsonwebtoken::Algorithm,
    key: &DecodingKey,
) -> Result<Box<dyn JwtVerifier>> {
    let verified = ours(algorithm)?;
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

fn new_signer(
    algorithm: &jsonwebtoken::Algorithm,
    key: &EncodingKey,
) -> Result<Box<dyn JwtSigner>> {
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(Signing {
        algorithm: *algorithm,
        key: SigningKey::new(ours(algorithm)?, key.as_bytes())?,
    }))
}

struct Signing {
    algorithm: jsonwebtoken::Algorithm,
    key: SigningKey,
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.algorithm
    }
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        self.key.sign(message).map_err(|_| signature::Error::new())
    }
}

enum SigningKey {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Mac(hmac::Key),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl SigningKey {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self> {
        let mac = |hash| Ok(Self::Mac(hmac::Key::new(hash, key)));
        let rsa = |encoding| Ok(Self::Rsa(rsa_pair(key)?, encoding));
        match algorithm {
            Algorithm::EdDsa => ed_pair(key).map(Self::Ed),
            Algorithm::Es256 => ec_pair(Curve::P256, key).map(Self::Ec),
            Algorithm::Es384 => ec_pair(Curve::P384, key).map(Self::Ec),
            Algorithm::Hs256 => mac(hmac::HMAC_SHA256),
            Algorithm::Hs384 => mac(hmac::HMAC_SHA384),
            Algorithm::Hs512 => mac(hmac::HMAC_SHA512),
            Algorithm::Ps256 => rsa(&signing::RSA_PSS_SHA256),
            Algorithm::Ps384 => rsa(&signing::RSA_PSS_SHA384),
            Algorithm::Ps512 => rsa(&signing::RSA_PSS_SHA512),
            Algorithm::Rs256 => rsa(&signing::RSA_PKCS1_SHA256),
            Algorithm::Rs384 => rsa(&signing::RSA_PKCS1_SHA384),
            Algorithm::Rs512 => rsa(&signing::RSA_PKCS1_SHA512),
        }
    }

    fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, ring::error::Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(key) => Ok(key.sign(&random, message)?.as_ref().to_vec()),
            Self::Ed(key) => Ok(key.sign(message).as_ref().to_vec()),
            Self::Mac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(*encoding, &random, message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

/// `jsonwebtoken` hands over PKCS#1 from PEM, and whatever its caller had from DER.
fn rsa_pair(der: &[u8]) -> Result<RsaKeyPair> {
    RsaKeyPair::from_der(der)
        .or_else(|_| RsaKeyPair::from_pkcs8(der))
        .map_err(|error| ErrorKind::InvalidRsaKey(error.to_string()).into())
}

fn ec_pair(curve: Curve, pkcs8: &[u8]) -> Result<EcdsaKeyPair> {
    let algorithm = match curve {
        Curve::P256 => &signing::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signing::ECDSA_P384_SHA384_FIXED_SIGNING,
    };
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new())
        .map_err(|_| ErrorKind::InvalidEcdsaKey.into())
}

/// OpenSSL writes version 1, without the public key.
fn ed_pair(pkcs8: &[u8]) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

fn rsa_components_of_private(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let pair = rsa_pair(der)?;
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
    let pair = ec_pair(curve, pkcs8)?;
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
    Ok(ed_pair(pkcs8)?.public_key().as_ref().to_vec())
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
