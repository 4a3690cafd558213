//! Tokens for benches, with keys that are created in the process, except the RSA test key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::JwtValidator;
use bearergate::clock::UnixTime;
use bearergate::crypto::Provider;
use bearergate::key::{KeyImporter, KeySet};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature;
use ring::signature::EcdsaKeyPair;
use ring::signature::EcdsaSigningAlgorithm;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use ring::signature::RsaEncoding;
use ring::signature::RsaKeyPair;

/// The time at which the tokens are validated.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

const RSA_PRIVATE: &str = include_str!("../../tests/keys/rsa-2048.private.pem");
const RSA_PUBLIC: &str = include_str!("../../tests/keys/rsa-2048.public.pem");

const CLAIMS: &str = concat!(
    r#"{"iss":"https://idp.example.com","sub":"auth0|5f7c8ec7c33c6c004bbafe82","#,
    r#""aud":"https://api.example.com","exp":1800000600,"nbf":1799999900,"iat":1799999990,"#,
    r#""jti":"3b241101-e2bb-4255-8caf-4136c566a962","client_id":"s6BhdRkqt3","#,
    r#""scope":"orders:read orders:write","tenant":"acme-corp","roles":["clerk"]}"#,
);

/// A token and its verification key.
pub(crate) struct Sample {
    /// The compact token.
    pub(crate) token: String,
    /// Its public key or secret, which every provider can import.
    pub(crate) key: Material,
}

/// Key material in the form that is imported.
pub(crate) enum Material {
    /// A MAC secret.
    Secret(Vec<u8>),
    /// A PEM block.
    Pem(&'static str),
    /// A JWK.
    Jwk(String),
}

impl Sample {
    /// Creates an RFC 9068 token: 506 bytes with HS256, 805 with RS256.
    pub(crate) fn new(algorithm: &str) -> Self {
        let header = format!(r#"{{"alg":"{algorithm}","typ":"at+jwt","kid":"2026-11"}}"#);
        let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
        let signed = format!("{}.{}", encode(&header), encode(CLAIMS));
        let (signature, key) = sign(algorithm, signed.as_bytes());
        Self {
            token: format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)),
            key,
        }
    }

    /// Creates a validator for the token.
    pub(crate) fn validator(&self, provider: Provider) -> JwtValidator {
        let importer = KeyImporter::on(provider);
        let key = match &self.key {
            Material::Secret(secret) => importer.secret(secret.clone()),
            Material::Pem(pem) => importer.pem(pem),
            Material::Jwk(jwk) => importer.jwk(jwk),
        };
        let key = key
            .and_then(|k| k.with_kid("2026-11"))
            .expect("a valid key");
        JwtValidator::builder()
            .issuer("https://idp.example.com")
            .audience("https://api.example.com")
            .keys(KeySet::from(key))
            .rfc9068()
            .build()
            .expect("a valid configuration")
    }
}

fn sign(algorithm: &str, message: &[u8]) -> (Vec<u8>, Material) {
    match algorithm {
        "HS256" => mac(message),
        "RS256" => rsa(&signature::RSA_PKCS1_SHA256, message),
        "PS256" => rsa(&signature::RSA_PSS_SHA256, message),
        "ES256" => ec(
            ("P-256", 32),
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            message,
        ),
        "ES384" => ec(
            ("P-384", 48),
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            message,
        ),
        _ => ed(message),
    }
}

fn mac(message: &[u8]) -> (Vec<u8>, Material) {
    let secret = vec![7; 32];
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message);
    (tag.as_ref().to_vec(), Material::Secret(secret))
}

fn rsa(padding: &'static dyn RsaEncoding, message: &[u8]) -> (Vec<u8>, Material) {
    let body: String = RSA_PRIVATE
        .lines()
        .filter(|l| !l.starts_with('-'))
        .collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(body)
        .expect("a PEM body");
    let key = RsaKeyPair::from_pkcs8(&der).expect("the test key");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(padding, &SystemRandom::new(), message, &mut signature)
        .expect("a signature");
    (signature, Material::Pem(RSA_PUBLIC))
}

fn ec(
    curve: (&str, usize),
    algorithm: &'static EcdsaSigningAlgorithm,
    message: &[u8],
) -> (Vec<u8>, Material) {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
    let (x, y) = key.public_key().as_ref()[1..].split_at(curve.1);
    let [x, y] = [x, y].map(|c| URL_SAFE_NO_PAD.encode(c));
    let jwk = format!(r#"{{"kty":"EC","crv":"{}","x":"{x}","y":"{y}"}}"#, curve.0);
    let signature = key.sign(&random, message).expect("a signature");
    (signature.as_ref().to_vec(), Material::Jwk(jwk))
}

fn ed(message: &[u8]) -> (Vec<u8>, Material) {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let x = URL_SAFE_NO_PAD.encode(key.public_key());
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    (key.sign(message).as_ref().to_vec(), Material::Jwk(jwk))
}
