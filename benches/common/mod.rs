//! Tokens to measure with, signed with the test keys.

#[path = "../../tests/signing/mod.rs"]
pub(crate) mod signing;

use bearergate::JwtValidator;
use bearergate::clock::UnixTime;
use bearergate::crypto::Provider;
use bearergate::key::{KeyImporter, KeySet};

/// When the tokens are validated.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

const CLAIMS: &str = concat!(
    r#"{"iss":"https://idp.example.com","sub":"auth0|5f7c8ec7c33c6c004bbafe82","#,
    r#""aud":"https://api.example.com","exp":1800000600,"nbf":1799999900,"iat":1799999990,"#,
    r#""jti":"3b241101-e2bb-4255-8caf-4136c566a962","client_id":"s6BhdRkqt3","#,
    r#""scope":"orders:read orders:write","tenant":"acme-corp","roles":["clerk"]}"#,
);

/// A token and its key.
pub(crate) struct Sample {
    /// The compact token.
    pub(crate) token: String,
    /// Its public key or secret, which every provider can import.
    pub(crate) key: Material,
}

/// Key material in the form that is imported.
pub(crate) enum Material {
    /// A MAC secret.
    Secret(&'static [u8]),
    /// A PEM block.
    Pem(&'static str),
}

impl Sample {
    /// Makes an RFC 9068 token: 506 bytes under HS256, 805 under RS256.
    pub(crate) fn new(algorithm: &str) -> Self {
        let header = format!(r#"{{"alg":"{algorithm}","typ":"at+jwt","kid":"2026-11"}}"#);
        let key = match algorithm {
            "HS256" => Material::Secret(signing::SECRET),
            "RS256" | "PS256" => {
                Material::Pem(include_str!("../../tests/keys/rsa-2048.public.pem"))
            }
            "ES256" => Material::Pem(include_str!("../../tests/keys/es256.public.pem")),
            "ES384" => Material::Pem(include_str!("../../tests/keys/es384.public.pem")),
            _ => Material::Pem(include_str!("../../tests/keys/ed25519.public.pem")),
        };
        Self {
            token: signing::token(algorithm, &header, CLAIMS),
            key,
        }
    }

    /// Makes a validator for the token.
    pub(crate) fn validator(&self, provider: Provider) -> JwtValidator {
        let import = KeyImporter::on(provider);
        let key = match self.key {
            Material::Secret(secret) => import.secret(secret.to_vec()),
            Material::Pem(pem) => import.pem(pem),
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
