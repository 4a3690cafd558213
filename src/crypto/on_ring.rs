//! The provider on `ring`.

use std::sync::Arc;

use ring::hmac;
use ring::signature;
use ring::signature::RsaParameters;
use ring::signature::RsaPublicKeyComponents;
use ring::signature::UnparsedPublicKey;

use super::algorithm::Algorithm;
use super::algorithm::Algorithms;
use super::material::Curve;
use super::material::Flaw;
use super::material::Material;
use super::provider::Backend;
use super::provider::Verify;

pub(super) struct OnRing;

impl Backend for OnRing {
    fn name(&self) -> &'static str {
        "ring"
    }

    fn prepare(
        &self,
        material: &Material,
        algorithms: Algorithms,
    ) -> Result<Arc<dyn Verify>, Flaw> {
        Ok(match material {
            Material::Ed25519(point) => Arc::new(Ed25519(*point)),
            Material::Ec(curve, point) => Arc::new(Ecdsa(*curve, point.clone())),
            Material::Rsa(n, e) => Arc::new(Rsa(RsaPublicKeyComponents {
                n: n.clone(),
                e: e.clone(),
            })),
            Material::Secret(secret) => Arc::new(Mac::new(secret.expose(), algorithms)),
        })
    }
}

struct Ed25519([u8; 32]);

impl Verify for Ed25519 {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        algorithm == Algorithm::EdDsa
            && UnparsedPublicKey::new(&signature::ED25519, &self.0)
                .verify(message, signature)
                .is_ok()
    }
}

struct Ecdsa(Curve, Vec<u8>);

impl Verify for Ecdsa {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let params = match self.0 {
            Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        };
        // RFC 7518 section 3.4: both halves at full length.
        algorithm == self.0.algorithm()
            && signature.len() == 2 * self.0.len()
            && UnparsedPublicKey::new(params, &self.1)
                .verify(message, signature)
                .is_ok()
    }
}

struct Rsa(RsaPublicKeyComponents<Vec<u8>>);

impl Verify for Rsa {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        rsa_params(algorithm)
            .is_some_and(|params| self.0.verify(params, message, signature).is_ok())
    }
}

fn rsa_params(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

struct Mac {
    hs256: Option<hmac::Key>,
    hs384: Option<hmac::Key>,
    hs512: Option<hmac::Key>,
}

impl Mac {
    fn new(secret: &[u8], algorithms: Algorithms) -> Self {
        let key = |algorithm, hash| {
            algorithms
                .contains(algorithm)
                .then(|| hmac::Key::new(hash, secret))
        };
        Self {
            hs256: key(Algorithm::Hs256, hmac::HMAC_SHA256),
            hs384: key(Algorithm::Hs384, hmac::HMAC_SHA384),
            hs512: key(Algorithm::Hs512, hmac::HMAC_SHA512),
        }
    }

    fn key(&self, algorithm: Algorithm) -> Option<&hmac::Key> {
        match algorithm {
            Algorithm::Hs256 => self.hs256.as_ref(),
            Algorithm::Hs384 => self.hs384.as_ref(),
            Algorithm::Hs512 => self.hs512.as_ref(),
            _ => None,
        }
    }
}

impl Verify for Mac {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.key(algorithm)
            .is_some_and(|key| hmac::verify(key, message, signature).is_ok())
    }
}
