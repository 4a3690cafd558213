//! Verification of signatures with `ring`.

use std::sync::Arc;

use ring::signature;
use ring::signature::{EcdsaVerificationAlgorithm, RsaPublicKeyComponents, UnparsedPublicKey};

use super::algorithm::{Algorithm, Algorithms};
use super::embedded::EmbeddedKey;
use super::flaw::Flaw;
use super::material::{Curve, Material};
use super::p521::P521Key;
use super::ring_interface::mac_and_rsa_params;
use super::verify::{Backend, Verify};

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
            Material::Ec(curve, point) => ec(*curve, point)?,
            Material::Rsa(n, e) => Arc::new(Rsa(RsaPublicKeyComponents {
                n: n.clone(),
                e: e.clone(),
            })),
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

struct Ed25519([u8; 32]);

impl Verify for Ed25519 {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        algorithm == Algorithm::EdDsa
            && UnparsedPublicKey::new(&signature::ED25519, &self.0)
                .verify(message, signature)
                .is_ok()
    }
}

struct Ecdsa {
    curve: Curve,
    params: &'static EcdsaVerificationAlgorithm,
    point: Vec<u8>,
}

impl Verify for Ecdsa {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        // RFC 7518 section 3.4: both halves have their full length.
        algorithm == self.curve.algorithm()
            && signature.len() == 2 * self.curve.len()
            && UnparsedPublicKey::new(self.params, &self.point)
                .verify(message, signature)
                .is_ok()
    }
}

impl Verify for P521Key {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        algorithm == Algorithm::Es512 && self.verifies(message, signature)
    }
}

/// Returns how `ring` verifies on this curve; it does not on P-521.
fn ecdsa_params(curve: Curve) -> Option<&'static EcdsaVerificationAlgorithm> {
    match curve {
        Curve::P256 => Some(&signature::ECDSA_P256_SHA256_FIXED),
        Curve::P384 => Some(&signature::ECDSA_P384_SHA384_FIXED),
        Curve::P521 => None,
    }
}

fn ec(curve: Curve, point: &[u8]) -> Result<Arc<dyn Verify>, Flaw> {
    let Some(params) = ecdsa_params(curve) else {
        return Ok(Arc::new(P521Key::new(point)?));
    };
    let point = point.to_vec();
    Ok(Arc::new(Ecdsa {
        curve,
        params,
        point,
    }))
}

struct Rsa(RsaPublicKeyComponents<Vec<u8>>);

impl Verify for Rsa {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        rsa_params(algorithm)
            .is_some_and(|params| self.0.verify(params, message, signature).is_ok())
    }
}

mac_and_rsa_params!(ring);
