//! Tokens signed with the test keys: the one helper of tests and benches that sign arbitrary headers
//! and payloads, which `bearergate::testing::TokenBuilder` does not make.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair,
};
use ring::{hmac, signature};

pub(crate) const SECRET: &[u8] = b"test secret of thirty-two bytes!";

/// Signs a message with the test key of this algorithm.
pub(crate) fn sign(algorithm: &str, message: &[u8]) -> Vec<u8> {
    match algorithm {
        "HS256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
            hmac::sign(&key, message).as_ref().to_vec()
        }
        "RS256" => rsa(&signature::RSA_PKCS1_SHA256, message),
        "PS256" => rsa(&signature::RSA_PSS_SHA256, message),
        "ES256" => {
            let pem = include_str!("../keys/es256.private.pem");
            ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, pem, message)
        }
        "ES384" => {
            let pem = include_str!("../keys/es384.private.pem");
            ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, pem, message)
        }
        _ => {
            let pem = include_str!("../keys/ed25519.private.pem");
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(pem)).unwrap();
            key.sign(message).as_ref().to_vec()
        }
    }
}

fn rsa(padding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let key = RsaKeyPair::from_pkcs8(&der(include_str!("../keys/rsa-2048.private.pem")));
    let key = key.unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(padding, &SystemRandom::new(), message, &mut signature)
        .unwrap();
    signature
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, pem: &str, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(algorithm, &der(pem), &random).unwrap();
    key.sign(&random, message).unwrap().as_ref().to_vec()
}

/// Makes a token of exactly this header and payload.
pub(crate) fn token(algorithm: &str, header: &str, payload: &str) -> String {
    let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let message = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(payload.as_bytes())
    );
    let signature = encode(&sign(algorithm, message.as_bytes()));
    format!("{message}.{signature}")
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
    STANDARD.decode(body).unwrap()
}
