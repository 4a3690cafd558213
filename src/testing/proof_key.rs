//! DPoP proofs for tests.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::key::FakeKey;
use crate::clock::{Clock, SystemClock, UnixTime};

/// A key of a client that makes DPoP proofs (RFC 9449), for tests; cheap to clone.
///
/// ```
/// use bearergate::testing::ProofKey;
///
/// let key = ProofKey::es256();
/// let proof = key.proof("GET", "https://api.example.com/orders").token("the access token").sign();
/// assert_eq!(proof.split('.').count(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct ProofKey(FakeKey);

/// A proof that is being made. Everything in it can be set, also to what is wrong.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProofBuilder {
    key: ProofKey,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    raw_header: Option<String>,
    raw_claims: Option<String>,
}

impl ProofKey {
    /// Generates a key for `ES256`.
    pub fn es256() -> Self {
        Self(FakeKey::es256("proof"))
    }

    /// Generates a key for `EdDSA`.
    pub fn ed25519() -> Self {
        Self(FakeKey::ed25519("proof"))
    }

    /// Returns a key for `RS256`. It is always the same, and everybody knows it.
    pub fn rs256() -> Self {
        Self(FakeKey::rs256("proof"))
    }

    /// Returns the public key as a JWK with the members of its thumbprint.
    pub fn jwk(&self) -> Value {
        let mut jwk: Map<String, Value> = serde_json::from_str(&self.0.jwk()).unwrap_or_default();
        jwk.retain(|name, _| ["kty", "crv", "x", "y", "n", "e"].contains(&&**name));
        Value::Object(jwk)
    }

    /// Returns the SHA-256 thumbprint (RFC 7638), which tokens that are bound to the key have in
    /// `cnf.jkt`.
    pub fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        // In the order of RFC 7638 section 3.3.
        let names = ["crv", "e", "kty", "n", "x", "y"];
        let members = names.iter().filter_map(|name| Some((name, jwk.get(name)?)));
        let members: Vec<_> = members
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        let text = format!("{{{}}}", members.join(","));
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
    }

    /// Starts a proof for a request, with an id of its own and the system's time.
    pub fn proof(&self, method: &str, url: &str) -> ProofBuilder {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = format!("proof-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let now = SystemClock.now().map_or(0, UnixTime::as_secs);
        let header =
            json!({"typ": "dpop+jwt", "alg": self.0.algorithm().as_str(), "jwk": self.jwk()});
        let claims = json!({"htm": method, "htu": url, "iat": now, "jti": id});
        ProofBuilder {
            key: self.clone(),
            header: object(header),
            claims: object(claims),
            raw_header: None,
            raw_claims: None,
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

impl ProofBuilder {
    /// Sets `ath` to the hash of the access token.
    pub fn token(self, token: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        self.claim("ath", URL_SAFE_NO_PAD.encode(hash))
    }

    /// Sets `nonce`.
    pub fn nonce(self, nonce: &str) -> Self {
        self.claim("nonce", nonce)
    }

    /// Sets `iat`.
    pub fn at(self, now: UnixTime) -> Self {
        self.claim("iat", now.as_secs())
    }

    /// Sets `jti`.
    pub fn id(self, id: &str) -> Self {
        self.claim("jti", id)
    }

    /// Sets a claim. A value that is not JSON is `null`.
    pub fn claim(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.claims.insert(name.to_owned(), value);
        self
    }

    /// Removes a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a member of the header. A value that is not JSON is `null`.
    pub fn header(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.header.insert(name.to_owned(), value);
        self
    }

    /// Removes a member of the header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Sets the text of the header, whatever it is.
    pub fn raw_header(mut self, text: impl Into<String>) -> Self {
        self.raw_header = Some(text.into());
        self
    }

    /// Sets the text of the claims, whatever it is.
    pub fn raw_claims(mut self, text: impl Into<String>) -> Self {
        self.raw_claims = Some(text.into());
        self
    }

    /// Signs the proof.
    pub fn sign(&self) -> String {
        let text = |raw: &Option<String>, members: &Map<String, Value>| {
            let own = || Value::Object(members.clone()).to_string();
            URL_SAFE_NO_PAD.encode(raw.clone().unwrap_or_else(own))
        };
        let header = text(&self.raw_header, &self.header);
        let message = format!("{header}.{}", text(&self.raw_claims, &self.claims));
        let signature = self.key.0.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
