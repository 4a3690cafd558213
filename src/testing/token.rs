//! Valid and invalid tokens for tests.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::key::FakeKey;
use crate::clock::UnixTime;

/// Builds a signed token, member by member. Nothing is checked, so that invalid tokens can be made.
///
/// A new builder holds an access token of RFC 9068 that is valid for five minutes:
///
/// ```
/// use bearergate::clock::{FakeClock, UnixTime};
/// use bearergate::credential::PresentedCredential;
/// use bearergate::testing::{FakeKey, TokenBuilder};
/// use bearergate::{JwtValidator, TokenValidator};
///
/// let key = FakeKey::es256("key-1");
/// let now = UnixTime::from_secs(1_760_000_000);
/// let token = TokenBuilder::new(&key, now)
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .scope("orders:read")
///     .sign();
/// let validator = JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .keys(key.key_set())
///     .clock(FakeClock::at(now))
///     .build()?;
/// let presented = PresentedCredential::bearer(&token)?;
/// assert!(validator.validate(&presented).try_now().unwrap().is_ok());
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
    /// Starts a token that this key signs at this time: with `alg`, `kid` and the `typ` `at+jwt` in
    /// the header, and the claims `sub`, `client_id`, `iat`, `exp` and a random `jti`.
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

    /// Sets `iss`. A new builder has none, so a validator that expects an issuer rejects its token.
    pub fn issuer(self, issuer: impl AsRef<str>) -> Self {
        self.claim("iss", issuer.as_ref())
    }

    /// Sets `sub`, which is `subject-1` in a new builder. [`without`](Self::without) removes it.
    /// The value is not checked, so it may be empty.
    pub fn subject(self, subject: impl AsRef<str>) -> Self {
        self.claim("sub", subject.as_ref())
    }

    /// Sets `aud` to one string, and replaces an earlier one; for a list use
    /// [`claim`](Self::claim). A new builder has no audience.
    pub fn audience(self, audience: impl AsRef<str>) -> Self {
        self.claim("aud", audience.as_ref())
    }

    /// Sets `client_id` (RFC 9068 section 2.2), which is `client-1` in a new builder.
    pub fn client(self, client: impl AsRef<str>) -> Self {
        self.claim("client_id", client.as_ref())
    }

    /// Sets `scope`: all scopes in one text, separated by spaces. It replaces earlier ones; a new
    /// builder has no scope.
    pub fn scope(self, scope: impl AsRef<str>) -> Self {
        self.claim("scope", scope.as_ref())
    }

    /// Sets `exp` to this long after the time of the token, in whole seconds; the default is five
    /// minutes. For a token that has expired use [`expired`](Self::expired).
    pub fn expires_in(self, span: Duration) -> Self {
        let end = self.now.saturating_add(span);
        self.claim("exp", end.as_secs())
    }

    /// Makes a token that expired one minute before the time of this builder, and was issued five
    /// minutes before that (`iat`). A validator rejects it as
    /// [`TokenExpired`](crate::RejectionKind::TokenExpired), unless its
    /// [leeway](crate::clock::Leeway) is longer than a minute; the default is 30 seconds.
    ///
    /// ```
    /// use bearergate::clock::{FakeClock, UnixTime};
    /// use bearergate::credential::PresentedCredential;
    /// use bearergate::testing::{FakeKey, TokenBuilder};
    /// use bearergate::{JwtValidator, RejectionKind, TokenValidator};
    ///
    /// let key = FakeKey::es256("key-1");
    /// let now = UnixTime::from_secs(1_760_000_000);
    /// let builder = TokenBuilder::new(&key, now)
    ///     .issuer("https://idp.example.com")
    ///     .audience("https://api.example.com");
    /// let validator = JwtValidator::builder()
    ///     .issuer("https://idp.example.com")
    ///     .audience("https://api.example.com")
    ///     .keys(key.key_set())
    ///     .clock(FakeClock::at(now))
    ///     .build()?;
    /// let kind_of = |token: &str| {
    ///     let presented = PresentedCredential::bearer(token).unwrap();
    ///     let result = validator.validate(&presented).try_now().unwrap();
    ///     result.err().map(|rejection| rejection.kind())
    /// };
    /// assert_eq!(kind_of(&builder.sign()), None);
    /// assert_eq!(kind_of(&builder.expired().sign()), Some(RejectionKind::TokenExpired));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expired(self) -> Self {
        let end = self.now.as_secs().saturating_sub(60);
        let start = end.saturating_sub(300);
        self.claim("exp", end).claim("iat", start)
    }

    /// Sets a claim to any value, and replaces an earlier one; a value without a JSON form becomes
    /// `null`. Registered claims can get a wrong type this way.
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.claims.insert(name.into(), as_json(value));
        self
    }

    /// Removes a claim, also one that a new builder has, such as `exp` or `jti`. Without such a
    /// claim nothing changes.
    pub fn without(mut self, name: impl AsRef<str>) -> Self {
        self.claims.remove(name.as_ref());
        self
    }

    /// Sets a member of the header to any value, for example `crit` or another `alg`. The signature
    /// does not follow it: the algorithm is always that of the key.
    pub fn header(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.header.insert(name.into(), as_json(value));
        self
    }

    /// Removes a member of the header, also `alg`, `kid` or `typ`, which a new builder has.
    /// Validators have to reject a token without `alg` (RFC 7515 section 4.1.1).
    pub fn without_header(mut self, name: impl AsRef<str>) -> Self {
        self.header.remove(name.as_ref());
        self
    }

    /// Sets `typ` in the header, which is `at+jwt` in a new builder (RFC 9068 section 2.1).
    /// [`without_header`](Self::without_header) removes it.
    pub fn typ(self, typ: impl AsRef<str>) -> Self {
        self.header("typ", typ.as_ref())
    }

    /// Signs with another key, and sets `alg` and `kid` in the header to those of that key: a
    /// consistent token, which is valid for those that trust the key.
    pub fn key(mut self, key: &FakeKey) -> Self {
        self.key = key.clone();
        self.header("alg", key.algorithm().as_str())
            .header("kid", key.kid())
    }

    /// Signs with another key and keeps the header: a forged token.
    ///
    /// It names the `kid` of the first key, so a validator that looks for that key has to reject
    /// the signature.
    pub fn forged_by(mut self, key: &FakeKey) -> Self {
        self.key = key.clone();
        self
    }

    /// Returns the claims.
    pub(super) const fn members(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns the signed token in compact form (RFC 7515 section 7.1). The builder can be used
    /// again; the signatures of ES256 then differ.
    ///
    /// It panics if the system's random source fails.
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

/// Returns 16 random bytes as text.
#[expect(
    clippy::expect_used,
    reason = "a helper of tests panics if the random source fails"
)]
pub(super) fn random_name() -> String {
    let bytes = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    URL_SAFE_NO_PAD.encode(bytes.expect("the random source").expose())
}
