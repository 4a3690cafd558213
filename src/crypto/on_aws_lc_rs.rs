//! The provider on `aws-lc-rs`.

use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::signature;
use aws_lc_rs::signature::ParsedPublicKey;
use aws_lc_rs::signature::RsaParameters;
use aws_lc_rs::signature::RsaPublicKeyComponents;
use aws_lc_rs::signature::VerificationAlgorithm;

use super::algorithm::Algorithm;
use super::algorithm::Algorithms;
use super::material::Curve;
use super::material::Flaw;
use super::material::Material;
use super::provider::Backend;
use super::provider::Verify;

pub(super) struct OnAwsLcRs;

impl Backend for OnAwsLcRs {
    fn name(&self) -> &'static str {
        "aws-lc-rs"
    }

    fn prepare(
        &self,
        material: &Material,
        algorithms: Algorithms,
    ) -> Result<Arc<dyn Verify>, Flaw> {
        Ok(match material {
            Material::Ed25519(point) => Arc::new(Ed25519(parse(&signature::ED25519, point)?)),
            Material::Ec(curve, point) => Arc::new(Ecdsa(*curve, parse(ecdsa(*curve), point)?)),
            Material::Rsa(n, e) => {
                Arc::new(Rsa::new(&RsaPublicKeyComponents { n, e }, algorithms)?)
            }
            Material::Secret(secret) => Arc::new(Mac::new(secret.expose(), algorithms)),
        })
    }
}

const REFUSED: Flaw = Flaw::malformed("the provider refused the key");

fn parse(
    algorithm: &'static dyn VerificationAlgorithm,
    point: &[u8],
) -> Result<ParsedPublicKey, Flaw> {
    ParsedPublicKey::new(algorithm, point).map_err(|_| REFUSED)
}

struct Ed25519(ParsedPublicKey);

impl Verify for Ed25519 {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        algorithm == Algorithm::EdDsa && self.0.verify_sig(message, signature).is_ok()
    }
}

struct Ecdsa(Curve, ParsedPublicKey);

impl Verify for Ecdsa {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        // RFC 7518 section 3.4: both halves at full length.
        algorithm == self.0.algorithm()
            && signature.len() == 2 * self.0.len()
            && self.1.verify_sig(message, signature).is_ok()
    }
}

fn ecdsa(curve: Curve) -> &'static dyn VerificationAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
    }
}

/// One prepared key per algorithm: a prepared key is bound to its parameters.
struct Rsa(Box<[(Algorithm, ParsedPublicKey)]>);

impl Rsa {
    fn new(
        components: &RsaPublicKeyComponents<&Vec<u8>>,
        algorithms: Algorithms,
    ) -> Result<Self, Flaw> {
        let prepared = algorithms.iter().map(|algorithm| {
            let params = rsa_params(algorithm).ok_or(REFUSED)?;
            let key = components.to_parsed_public_key(params);
            Ok((algorithm, key.map_err(|_| REFUSED)?))
        });
        prepared.collect::<Result<_, _>>().map(Self)
    }
}

impl Verify for Rsa {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let mut prepared = self.0.iter();
        prepared
            .find(|(served, _)| *served == algorithm)
            .is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
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
