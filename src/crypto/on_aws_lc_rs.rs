//! Verification of signatures with `aws-lc-rs`.

use std::sync::Arc;

use aws_lc_rs::signature;
use aws_lc_rs::signature::{
    EcdsaVerificationAlgorithm, ParsedPublicKey, RsaPublicKeyComponents, VerificationAlgorithm,
};

use super::algorithm::{Algorithm, Algorithms};
use super::embedded::EmbeddedKey;
use super::flaw::Flaw;
use super::material::{Curve, Material};
use super::ring_interface::mac_and_rsa_params;
use super::verify::{Backend, Verify};

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
            Material::Ec(curve, point) => Arc::new(Ecdsa::new(*curve, point)?),
            Material::Rsa(n, e) => {
                Arc::new(Rsa::new(&RsaPublicKeyComponents { n, e }, algorithms)?)
            }
            Material::Secret(secret) => Arc::new(Mac::new(secret.expose(), algorithms)),
        })
    }

    fn verify_embedded(
        &self,
        key: EmbeddedKey<'_>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        verify_embedded(key, algorithm, message, signature)
    }
}

const REFUSED: Flaw = Flaw::malformed(
    "expected a key that `aws-lc-rs` takes, found one that it refuses; copy the key again",
);

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

/// Returns how proofs by keys on this curve are verified; none is on P-521.
fn ecdsa_params(curve: Curve) -> Option<&'static EcdsaVerificationAlgorithm> {
    match curve {
        Curve::P256 => Some(&signature::ECDSA_P256_SHA256_FIXED),
        Curve::P384 => Some(&signature::ECDSA_P384_SHA384_FIXED),
        Curve::P521 => None,
    }
}

struct Ecdsa(Curve, ParsedPublicKey);

impl Ecdsa {
    /// Prepares an uncompressed point; fails for one that is not on the curve.
    fn new(curve: Curve, point: &[u8]) -> Result<Self, Flaw> {
        let algorithm = match curve {
            Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
        };
        parse(algorithm, point).map(|key| Self(curve, key))
    }
}

impl Verify for Ecdsa {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        // RFC 7518 section 3.4: both halves have their full length.
        algorithm == self.0.algorithm()
            && signature.len() == 2 * self.0.len()
            && self.1.verify_sig(message, signature).is_ok()
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

mac_and_rsa_params!(aws_lc_rs);
