//! Signing with the key types of `jsonwebtoken` and the algorithms of `ring`.
//!
//! Keys are prepared once. The process-wide provider of `jsonwebtoken` is not used, and its types
//! are in no public signature.

use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::errors::{Error, ErrorKind};
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
    RsaPublicKeyComponents,
};
use ring::{hmac, signature as signing};
use signature::Signer;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::flaw::Flaw;
use super::material::{Curve, Material};

type Result<T> = std::result::Result<T, Error>;

/// A private key or secret, prepared to sign under one algorithm.
pub(crate) struct Signing {
    algorithm: jsonwebtoken::Algorithm,
    pair: Pair,
}

enum Pair {
    Ec(Curve, EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Mac(hmac::Key),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl Signing {
    /// Prepares the key, which must be of the algorithm's family.
    pub(crate) fn new(algorithm: &jsonwebtoken::Algorithm, key: &EncodingKey) -> Result<Self> {
        if algorithm.family() != key.family() {
            return Err(ErrorKind::InvalidKeyFormat.into());
        }
        Ok(Self {
            algorithm: *algorithm,
            pair: Pair::new(from_jsonwebtoken(algorithm)?, key.as_bytes())?,
        })
    }

    /// Prepares a MAC secret for `HS256`. Its length is checked where it becomes a key.
    pub(crate) fn hs256(secret: &[u8]) -> Self {
        Self {
            algorithm: jsonwebtoken::Algorithm::HS256,
            pair: Pair::Mac(hmac::Key::new(hmac::HMAC_SHA256, secret)),
        }
    }

    /// Returns the public key, which passes the same checks as an imported one.
    pub(crate) fn public(&self) -> std::result::Result<Material, Flaw> {
        match &self.pair {
            Pair::Ec(curve, pair) => Material::ec(*curve, pair.public_key().as_ref().to_vec()),
            Pair::Ed(pair) => Material::ed25519(pair.public_key().as_ref()),
            Pair::Mac(_) => Err(Flaw::malformed("a secret has no public key")),
            Pair::Rsa(pair, _) => {
                let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
                Material::rsa(&public.n, &public.e)
            }
        }
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.algorithm
    }
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        self.pair.sign(message).map_err(|_| signature::Error::new())
    }
}

impl Pair {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self> {
        let ec = |curve| Ok(Self::Ec(curve, ec_pair(curve, key)?));
        let mac = |hash| Ok(Self::Mac(hmac::Key::new(hash, key)));
        let rsa = |encoding| Ok(Self::Rsa(rsa_pair(key)?, encoding));
        match algorithm {
            Algorithm::EdDsa => ed_pair(key).map(Self::Ed),
            Algorithm::Es256 => ec(Curve::P256),
            Algorithm::Es384 => ec(Curve::P384),
            Algorithm::Es512 => Err(ErrorKind::UnsupportedAlgorithm.into()),
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

    fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(_, key) => Ok(key.sign(&random, message)?.as_ref().to_vec()),
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

/// Reads PKCS#1, which `jsonwebtoken` makes from PEM, or PKCS#8.
pub(crate) fn rsa_pair(der: &[u8]) -> Result<RsaKeyPair> {
    RsaKeyPair::from_der(der)
        .or_else(|_| RsaKeyPair::from_pkcs8(der))
        .map_err(|error| ErrorKind::InvalidRsaKey(error.to_string()).into())
}

pub(crate) fn ec_pair(curve: Curve, pkcs8: &[u8]) -> Result<EcdsaKeyPair> {
    let algorithm = ecdsa(curve).ok_or(ErrorKind::UnsupportedAlgorithm)?;
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new())
        .map_err(|_| ErrorKind::InvalidEcdsaKey.into())
}

/// Reads PKCS#8 of version 2, or of version 1 without the public key, as OpenSSL writes it.
pub(crate) fn ed_pair(pkcs8: &[u8]) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

/// Returns how `ring` signs on this curve; it does not on P-521.
fn ecdsa(curve: Curve) -> Option<&'static EcdsaSigningAlgorithm> {
    match curve {
        Curve::P256 => Some(&signing::ECDSA_P256_SHA256_FIXED_SIGNING),
        Curve::P384 => Some(&signing::ECDSA_P384_SHA384_FIXED_SIGNING),
        Curve::P521 => None,
    }
}

/// Generates a private key as PKCS#8. Returns `None` for an algorithm that `ring` cannot generate
/// keys for, and an error if no random numbers are available.
pub(crate) fn generate(
    algorithm: Algorithm,
) -> Option<std::result::Result<Zeroizing<Vec<u8>>, Unspecified>> {
    let random = SystemRandom::new();
    let document = match algorithm {
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random),
        Algorithm::Es256 => EcdsaKeyPair::generate_pkcs8(ecdsa(Curve::P256)?, &random),
        Algorithm::Es384 => EcdsaKeyPair::generate_pkcs8(ecdsa(Curve::P384)?, &random),
        _ => return None,
    };
    Some(document.map(|document| document.as_ref().to_vec().into()))
}

/// Converts an algorithm of `jsonwebtoken`; one that this crate does not have is an error.
pub(crate) fn from_jsonwebtoken(algorithm: &jsonwebtoken::Algorithm) -> Result<Algorithm> {
    let mut known = Algorithm::ALL.iter().copied();
    known
        .find(|own| to_jsonwebtoken(*own) == Some(*algorithm))
        .ok_or_else(|| ErrorKind::UnsupportedAlgorithm.into())
}

/// Converts an algorithm to that of `jsonwebtoken`, or returns `None` for `ES512`, which it does not
/// have and nothing here signs with.
pub(crate) const fn to_jsonwebtoken(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    use jsonwebtoken::Algorithm as Converted;
    Some(match algorithm {
        Algorithm::EdDsa => Converted::EdDSA,
        Algorithm::Es256 => Converted::ES256,
        Algorithm::Es384 => Converted::ES384,
        Algorithm::Es512 => return None,
        Algorithm::Hs256 => Converted::HS256,
        Algorithm::Hs384 => Converted::HS384,
        Algorithm::Hs512 => Converted::HS512,
        Algorithm::Ps256 => Converted::PS256,
        Algorithm::Ps384 => Converted::PS384,
        Algorithm::Ps512 => Converted::PS512,
        Algorithm::Rs256 => Converted::RS256,
        Algorithm::Rs384 => Converted::RS384,
        Algorithm::Rs512 => Converted::RS512,
    })
}
