//! Tokens with any header and payload, and their validation.

use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::{Key, KeySet};
use bearergate::{JwtValidator, Principal, Rejection, TokenValidator};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};

pub(crate) const ISSUER: &str = "https://idp.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const ED25519: &str = include_str!("../keys/ed25519.public.pem");
pub(crate) const ES256: &str = include_str!("../keys/es256.public.pem");
pub(crate) const RSA: &str = include_str!("../keys/rsa-2048.public.pem");

/// The claims that mark a token of another purpose by being there, besides `nonce`.
pub(crate) const MARKS: [&str; 12] = [
    "at_hash",
    "c_hash",
    "s_hash",
    "events",
    "sd_hash",
    "_sd",
    "_sd_alg",
    "vct",
    "vc",
    "vp",
    "status_list",
    "sub_id",
];

/// A JSON object whose members are raw text, so that it can be malformed.
#[derive(Clone, Debug)]
pub(crate) struct Text(Vec<(String, String)>);

impl Text {
    pub(crate) fn empty() -> Self {
        Self(Vec::new())
    }

    /// Replaces the value of a member, or adds the member.
    pub(crate) fn set(mut self, name: &str, raw: impl ToString) -> Self {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, value)) => *value = raw.to_string(),
            None => self = self.add(name, raw),
        }
        self
    }

    /// Adds a member, even if there is one with that name.
    pub(crate) fn add(mut self, name: &str, raw: impl ToString) -> Self {
        self.0.push((name.to_owned(), raw.to_string()));
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut members = self.0.iter();
        let found = members.find(|(own, _)| own == name);
        found.map(|(_, raw)| raw.as_str())
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let members = self.0.iter().map(|(name, raw)| format!("\"{name}\":{raw}"));
        write!(f, "{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

/// A valid header, for [`mac`].
pub(crate) fn header() -> Text {
    Text::empty().set("alg", "\"HS256\"")
}

/// Valid claims.
pub(crate) fn claims() -> Text {
    Text::empty()
        .set("iss", format!("\"{ISSUER}\""))
        .set("sub", "\"alice\"")
        .set("aud", format!("\"{AUDIENCE}\""))
        .set("exp", NOW + 300)
        .set("iat", NOW)
}

pub(crate) fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// Encodes header and payload as the message to sign.
pub(crate) fn message(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    format!("{}.{}", encode(header), encode(payload))
}

/// Appends the MAC of any text under a secret.
pub(crate) fn mac_with(secret: &[u8], message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", encode(tag))
}

/// Makes an HS256 token, whatever its header says.
pub(crate) fn mac(header: impl ToString, payload: impl ToString) -> String {
    let message = message(header.to_string(), payload.to_string());
    mac_with(&SECRET, &message)
}

/// Makes an HS256 token of these claims.
pub(crate) fn token(payload: impl ToString) -> String {
    mac(header(), payload)
}

static PAIR: LazyLock<Ed25519KeyPair> = LazyLock::new(|| {
    let pkcs8 = der(include_str!("../keys/ed25519.private.pem"));
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).unwrap()
});

/// Makes an Ed25519 token, whatever its header says.
pub(crate) fn ed25519(header: impl ToString, payload: impl ToString) -> String {
    let message = message(header.to_string(), payload.to_string());
    format!("{message}.{}", encode(PAIR.sign(message.as_bytes())))
}

/// Makes an ES256 token, whatever its header says, and returns the message and the signature.
pub(crate) fn es256(header: impl ToString, payload: impl ToString) -> (String, Vec<u8>) {
    let message = message(header.to_string(), payload.to_string());
    let random = SystemRandom::new();
    let pkcs8 = der(include_str!("../keys/es256.private.pem"));
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random).unwrap();
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    (message, signature.as_ref().to_vec())
}

/// Returns the body of a PEM block.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
    STANDARD.decode(body).unwrap()
}

pub(crate) fn secret() -> Key {
    Key::from_secret(SECRET.to_vec()).unwrap()
}

pub(crate) fn clock() -> FakeClock {
    FakeClock::at(UnixTime::from_secs(NOW))
}

/// A builder for [`ISSUER`] and [`AUDIENCE`] with the secret, at [`NOW`].
pub(crate) fn builder() -> JwtValidatorBuilder<Ready> {
    with_keys(KeySet::from(secret()))
}

pub(crate) fn with_keys(keys: KeySet) -> JwtValidatorBuilder<Ready> {
    let builder = JwtValidator::builder().issuer(ISSUER).audience(AUDIENCE);
    builder.keys(keys).clock(clock())
}

pub(crate) fn validator() -> JwtValidator {
    builder().build().unwrap()
}

/// A builder without any check that can be disabled.
pub(crate) fn open() -> JwtValidatorBuilder<Ready> {
    let builder = JwtValidator::builder().any_issuer().any_audience();
    let builder = builder.keys(KeySet::from(secret())).clock(clock());
    builder.allow_missing_expiry()
}

/// Validates a token, with a few polls if the result is not ready.
pub(crate) fn validate(validator: &JwtValidator, token: &str) -> Result<Principal, Rejection> {
    let presented = PresentedCredential::token(token);
    let mut answer = validator.validate(&presented);
    for _ in 0..10 {
        let context = &mut Context::from_waker(Waker::noop());
        if let Poll::Ready(validated) = Pin::new(&mut answer).poll(context) {
            return validated;
        }
    }
    panic!("no answer after ten polls")
}

/// Returns `accept`, or the kind of the rejection and the claim that caused it.
pub(crate) fn outcome(validator: &JwtValidator, token: &str) -> String {
    match validate(validator, token) {
        Ok(_) => "accept".to_owned(),
        Err(rejection) => reason(&rejection),
    }
}

pub(crate) fn reason(rejection: &Rejection) -> String {
    match rejection.claim() {
        Some(claim) => format!("{} {claim}", rejection.kind().as_str()),
        None => rejection.kind().as_str().to_owned(),
    }
}
