//! Tokens of tests, right ones and wrong ones alike.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::key::FakeKey;
use crate::clock::UnixTime;

/// Puts a token together, member by member; nothing is checked, so that wrong ones can be made.
///
/// A new one is an access token of RFC 9068 that is good for five minutes:
///
/// ```
/// use bearergate::*;
/// use bearergate::testing::{FakeKey, TokenBuilder};
///
/// let key = FakeKey::es256("key-1");
/// let now = UnixTime::from_secs(1_760_000_000);
/// let token = TokenBuilder::new(&key, now)
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .scope("orders:read")
///     .sign();
/// let judge = JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .keys(key.key_set())
///     .clock(FakeClock::at(now))
///     .build()?;
/// let presented = PresentedCredential::bearer(&token)?;
/// assert!(judge.validate(&presented).try_now().unwrap().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenBuilder {
    key: FakeKey,
    now: UnixTime,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl TokenBuilder {
    /// Begins a token that this key signs at this time: header `alg`, `kid` and `typ` `at+jwt`;
    /// claims `sub`, `client_id`, `iat`, `exp` and a `jti` that is new each time.
    pub fn new(key: &FakeKey, now: UnixTime) -> Self {
        let builder = Self {
            key: key.clone(),
            now,
            header: Map::new(),
            claims: Map::new(),
        };
        builder
            .key(key)
            .typ("at+jwt")
            .subject("subject-1")
            .client("client-1")
            .claim("iat", now.as_secs())
            .expires_in(Duration::from_secs(300))
            .claim("jti", random_name())
    }

    /// Sets `iss`.
    pub fn issuer(self, issuer: impl AsRef<str>) -> Self {
        self.claim("iss", issuer.as_ref())
    }

    /// Sets `sub`.
    pub fn subject(self, subject: impl AsRef<str>) -> Self {
        self.claim("sub", subject.as_ref())
    }

    /// Sets `aud` to one string.
    pub fn audience(self, audience: impl AsRef<str>) -> Self {
        self.claim("aud", audience.as_ref())
    }

    /// Sets `client_id`.
    pub fn client(self, client: impl AsRef<str>) -> Self {
        self.claim("client_id", client.as_ref())
    }

    /// Sets `scope`, separated by spaces.
    pub fn scope(self, scope: impl AsRef<str>) -> Self {
        self.claim("scope", scope.as_ref())
    }

    /// Sets `exp` to this long after the time the token is made at.
    pub fn expires_in(self, span: Duration) -> Self {
        let end = self.now.saturating_add(span);
        self.claim("exp", end.as_secs())
    }

    /// Sets a claim to any value; what cannot be written as JSON becomes `null`.
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.claims.insert(name.into(), as_json(value));
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: impl AsRef<str>) -> Self {
        self.claims.remove(name.as_ref());
        self
    }

    /// Sets a member of the header to any value.
    pub fn header(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.header.insert(name.into(), as_json(value));
        self
    }

    /// Leaves a member of the header out.
    pub fn without_header(mut self, name: impl AsRef<str>) -> Self {
        self.header.remove(name.as_ref());
        self
    }

    /// Sets `typ` in the header.
    pub fn typ(self, typ: impl AsRef<str>) -> Self {
        self.header("typ", typ.as_ref())
    }

    /// Signs with another key, and names it in the header.
    pub fn key(mut self, key: &FakeKey) -> Self {
        self.key = key.clone();
        self.header("alg", key.algorithm().as_str())
            .header("kid", key.kid())
    }

    /// Signs with another key, and leaves the header as it is: a forgery.
    pub fn forged_by(mut self, key: &FakeKey) -> Self {
        self.key = key.clone();
        self
    }

    /// Returns the claims.
    pub(super) const fn members(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns the signed token.
    pub fn sign(&self) -> String {
        let message = format!("{}.{}", segment(&self.header), segment(&self.claims));
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn as_json(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn segment(members: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(Value::from(members.clone()).to_string())
}

/// Sixteen random bytes as text.
#[expect(
    clippy::expect_used,
    reason = "the help of a test panics where the system gives no randomness"
)]
pub(super) fn random_name() -> String {
    let bytes = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    URL_SAFE_NO_PAD.encode(bytes.expect("randomness").expose())
}
