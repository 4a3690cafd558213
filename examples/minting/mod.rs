//! An issuer of test tokens with a key that exists only while the process runs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use ring::signature::EcdsaKeyPair;
use ring::signature::KeyPair;
use serde_json::Value;
use serde_json::json;

/// Signs ES256 tokens.
pub(crate) struct Issuer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Issuer {
    /// Makes a key.
    pub(crate) fn new() -> Result<Self, Unspecified> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
        pair.map(|pair| Self { pair, random })
            .map_err(|_| Unspecified)
    }

    /// Returns the public key as a JWK.
    pub(crate) fn jwk(&self) -> Value {
        // RFC 7518 section 6.2.1: the halves of the point after its first byte.
        let point = self.pair.public_key().as_ref();
        let half = |at: usize| URL_SAFE_NO_PAD.encode(point.get(at..at + 32).unwrap_or_default());
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KID,
            "x": half(1), "y": half(33),
        })
    }

    /// Signs a token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> Result<String, Unspecified> {
        let message = message(
            &json!({"alg": "ES256", "typ": "at+jwt", "kid": KID}),
            claims,
        );
        let signature = self.pair.sign(&self.random, message.as_bytes())?;
        Ok(compact(&message, signature))
    }
}

const KID: &str = "made-in-process";

/// Returns header and claims as they are signed.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// Returns the whole token.
pub(crate) fn compact(message: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
