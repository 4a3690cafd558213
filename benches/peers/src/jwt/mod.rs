//! The JWT groups: signature, `exp`, `nbf`, `iss`, `aud` and typed claims.

pub mod claims;
pub mod mint;
pub mod peers;
pub mod raw;

use crate::case::Case;
use crate::case::Check;
use crate::case::Probe;
use crate::error::Result;
use crate::ours;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

/// The issuer that all cases trust.
pub const ISSUER: &str = "https://idp.example.com";

/// The audience of all cases.
pub const AUDIENCE: &str = "https://api.example.com";

/// The leeway of all cases, in seconds.
pub const LEEWAY: u64 = 30;

/// The key id in the header of every token.
pub const KEY_ID: &str = "2026-11-a";

/// A signature algorithm, by its JOSE name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Alg {
    /// HMAC with SHA-256.
    Hs256,
    /// RSA PKCS #1 v1.5 with SHA-256, 2048 bits.
    Rs256,
    /// RSA PSS with SHA-256, 2048 bits.
    Ps256,
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Alg {
    /// The name in the header of a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// The key and the tokens of one group; a worker process receives them as JSON.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fixture {
    /// The algorithm of the key and of all tokens.
    pub alg: Alg,
    /// The key to verify with.
    pub key: Key,
    /// The tokens that are validated.
    pub tokens: Tokens,
}

impl Fixture {
    /// Creates a new key and signs the tokens with it.
    ///
    /// # Errors
    ///
    /// Fails if the key cannot be created.
    pub fn new(alg: Alg) -> Result<Self> {
        let (signer, key) = mint::key(alg)?;
        let tokens = mint::tokens(alg, &signer)?;
        Ok(Self { alg, key, tokens })
    }

    /// Returns a check by a closure that accepts or refuses a token.
    pub fn check(&self, accepts: impl Fn(&str) -> bool + 'static) -> Check {
        let tokens = self.tokens.clone();
        Box::new(move |probe| accepts(tokens.of(probe)))
    }
}

/// A verification key, in the forms that the peers accept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Key {
    /// For HMAC: a string of 43 random characters.
    Secret(String),
    /// For signatures.
    Public(PublicKey),
}

impl Key {
    /// Returns the public key, unless it is a secret.
    pub fn public(&self) -> Option<&PublicKey> {
        match self {
            Self::Public(key) => Some(key),
            Self::Secret(_) => None,
        }
    }
}

/// One public key in several encodings.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PublicKey {
    /// RSA: PKCS #1 DER. ECDSA: the uncompressed point. Ed25519: the 32 bytes.
    pub bytes: Vec<u8>,
    /// The SubjectPublicKeyInfo, as PEM.
    pub pem: String,
    /// The JWK, with `kid`, `alg` and `use`.
    pub jwk: Value,
}

impl PublicKey {
    /// Returns a JWK Set with only this key.
    pub fn jwks(&self) -> String {
        serde_json::json!({ "keys": [&self.jwk] }).to_string()
    }
}

/// One token for each probe.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Tokens(Vec<String>);

impl Tokens {
    /// Creates the token of every probe.
    ///
    /// # Errors
    ///
    /// Returns the first error of `make`.
    pub fn new(make: impl Fn(Probe) -> Result<String>) -> Result<Self> {
        Probe::ALL
            .into_iter()
            .map(make)
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Returns the token of a probe.
    pub fn of(&self, probe: Probe) -> &str {
        &self.0[probe as usize]
    }
}

/// Creates the cases of one algorithm: the raw checks, those of bearergate, and the peers that support
/// it.
///
/// # Errors
///
/// Fails if a key is refused or a worker does not start.
pub fn cases(alg: Alg) -> Result<Vec<Case>> {
    let fixture = Fixture::new(alg)?;
    let mut cases = raw::cases(&fixture)?;
    cases.extend(ours::cases(&fixture)?);
    for peer in peers::ALL {
        cases.extend(peer(&fixture)?);
    }
    Ok(cases)
}
