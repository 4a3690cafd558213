//! The test keys of `tests/keys`, and signatures made with them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair,
};
use ring::{hmac, signature};
use serde_json::{Value, json};

use super::pem;
use crate::credential::base64url;
use crate::crypto::{Algorithm, Curve, Material};

pub(crate) const ED25519: &str = include_str!("../../tests/keys/ed25519.public.pem");
pub(crate) const ES256: &str = include_str!("../../tests/keys/es256.public.pem");
pub(crate) const ES384: &str = include_str!("../../tests/keys/es384.public.pem");
pub(crate) const ES512: &str = include_str!("../../tests/keys/es512.public.pem");
pub(crate) const RSA: &str = include_str!("../../tests/keys/rsa-2048.public.pem");
pub(crate) const SECRET: [u8; 64] = [7; 64];

/// The signature of [`ES512`]'s private key for `header.payload`, made with OpenSSL, because `ring`
/// does not sign on P-521.
const ES512_SIGNATURE: &str = "AYuJ5gORK5YCqj0W0adjB9m0kgUA08Vi7zJkgj4gvQs0AlCfbNtbcaeAv1YKaEhi6MLQKGvNCBvJq2AgrJ4A8P\
                               QpAEU0hOmw7X-mTxiCVMMvOixRtK2sfdSj2wZLrW8s0s3m-G-AzqiU8wZu5TX5zaSqOWxbwIfBSPXm19tNnQl\
                               978vj";

/// Signs with the sample key of the algorithm's family, or with [`SECRET`] for a MAC. For `ES512`
/// the message must be `header.payload`.
pub(crate) fn sign(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::EdDsa => sign_ed(message),
        Algorithm::Es256 => sign_ec(Curve::P256, message),
        Algorithm::Es384 => sign_ec(Curve::P384, message),
        Algorithm::Es512 => {
            assert_eq!(message, b"header.payload");
            base64url::decode(ES512_SIGNATURE).unwrap()
        }
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => mac(algorithm, &SECRET, message),
        Algorithm::Ps256 => sign_rsa(&signature::RSA_PSS_SHA256, message),
        Algorithm::Ps384 => sign_rsa(&signature::RSA_PSS_SHA384, message),
        Algorithm::Ps512 => sign_rsa(&signature::RSA_PSS_SHA512, message),
        Algorithm::Rs256 => sign_rsa(&signature::RSA_PKCS1_SHA256, message),
        Algorithm::Rs384 => sign_rsa(&signature::RSA_PKCS1_SHA384, message),
        Algorithm::Rs512 => sign_rsa(&signature::RSA_PKCS1_SHA512, message),
    }
}

/// Makes a MAC with any secret.
pub(crate) fn mac(algorithm: Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    let hash = match algorithm {
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let tag = hmac::sign(&hmac::Key::new(hash, secret), message);
    tag.as_ref().to_vec()
}

/// Returns the body of a PEM block.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
    STANDARD.decode(body).unwrap()
}

/// Returns the public members of a key as a JWK without any other member.
pub(crate) fn jwk(pem: &str) -> Value {
    let b64 = |bytes: &[u8]| base64url::encode(bytes);
    match pem::public_key(pem.as_bytes()).unwrap() {
        Material::Ed25519(x) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&x)}),
        Material::Ec(curve, point) => {
            let (x, y) = point[1..].split_at(curve.len());
            json!({"kty": "EC", "crv": curve.name(), "x": b64(x), "y": b64(y)})
        }
        Material::Rsa(n, e) => json!({"kty": "RSA", "n": b64(&n), "e": b64(&e)}),
        Material::Secret(_) => panic!("no PEM holds a secret"),
    }
}

/// Returns a JWK with these members added or replaced.
pub(crate) fn jwk_with(pem: &str, members: Value) -> Value {
    let mut jwk = jwk(pem);
    for (name, value) in members.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

fn sign_ed(message: &[u8]) -> Vec<u8> {
    let pkcs8 = der(include_str!("../../tests/keys/ed25519.private.pem"));
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).unwrap();
    pair.sign(message).as_ref().to_vec()
}

fn sign_ec(curve: Curve, message: &[u8]) -> Vec<u8> {
    let (algorithm, pem): (&EcdsaSigningAlgorithm, _) = match curve {
        Curve::P256 => (
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            include_str!("../../tests/keys/es256.private.pem"),
        ),
        Curve::P384 => (
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            include_str!("../../tests/keys/es384.private.pem"),
        ),
        Curve::P521 => panic!("ring does not sign on P-521"),
    };
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, &der(pem), &random).unwrap();
    pair.sign(&random, message).unwrap().as_ref().to_vec()
}

fn sign_rsa(encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let pkcs8 = der(include_str!("../../tests/keys/rsa-2048.private.pem"));
    let pair = RsaKeyPair::from_pkcs8(&pkcs8).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
        .unwrap();
    signature
}
