//! An issuer with a fake clock, and its validator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::crypto::Algorithm;
use bearergate::issuer::{
    AccessClaims, AuthenticatedClient, EndpointResponse, JwtIssuer, SigningKey, SigningKeys,
    TokenEndpoints,
};
use bearergate::key::KeySet;
use bearergate::{JwtValidator, Principal, Rejection, TokenValidator};

pub(crate) const NAME: &str = "https://id.example.com";
pub(crate) const API: &str = "https://api.example.com";
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const HOUR: u64 = 60 * 60;

pub(crate) const RSA: &str = include_str!("../keys/rsa-2048.private.pem");

/// The algorithms that a signing key may have.
pub(crate) const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
];

pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm)
        .or_else(|_| SigningKey::from_pem(algorithm, RSA))
        .unwrap()
}

pub(crate) fn quick_key() -> SigningKey {
    key(Algorithm::EdDsa)
}

pub(crate) fn signing_keys() -> SigningKeys {
    SigningKeys::builder(quick_key()).build(NOW).unwrap()
}

/// Keys that rotate fast, with old keys kept long.
pub(crate) fn fast_rotating_keys(key: SigningKey) -> SigningKeys {
    SigningKeys::builder(key)
        .announce_for(Duration::from_secs(HOUR))
        .rotate_after(Duration::from_secs(HOUR))
        .longest_lifetime(Duration::from_secs(24 * HOUR))
        .build(NOW)
        .unwrap()
}

pub(crate) fn after(time: UnixTime, secs: u64) -> UnixTime {
    time.saturating_add(Duration::from_secs(secs))
}

pub(crate) fn issuer(keys: SigningKeys) -> (JwtIssuer, FakeClock) {
    let clock = FakeClock::at(NOW);
    let builder = JwtIssuer::builder(NAME, keys).clock(clock.clone());
    (builder.build().unwrap(), clock)
}

pub(crate) fn claims() -> AccessClaims {
    AccessClaims::new("alice", "shop", API)
}

/// Validates like another service that has fetched this key set.
pub(crate) fn validate(token: &str, jwks: &str, now: UnixTime) -> Result<Principal, Rejection> {
    let validator = JwtValidator::builder()
        .issuer(NAME)
        .audience(API)
        .keys(KeySet::from_jwks(jwks).unwrap())
        .rfc9068()
        .build()
        .unwrap();
    validate_with(&validator, token, now)
}

pub(crate) fn validate_with(
    validator: &JwtValidator,
    token: &str,
    now: UnixTime,
) -> Result<Principal, Rejection> {
    let presented = PresentedCredential::bearer(token).unwrap().at(now);
    validator.validate(&presented).try_now().unwrap()
}

/// Returns a validator with the issuer itself as key store.
pub(crate) fn validator(issuer: &JwtIssuer) -> JwtValidator {
    JwtValidator::builder()
        .issuer(NAME)
        .audience(API)
        .key_store(Arc::new(issuer.clone()))
        .rfc9068()
        .build()
        .unwrap()
}

pub(crate) fn api() -> AuthenticatedClient {
    AuthenticatedClient::assertion("orders-api").serving(API)
}

pub(crate) fn introspect(
    responder: &TokenEndpoints,
    caller: &AuthenticatedClient,
    token: &str,
) -> EndpointResponse {
    let form = format!("token={token}");
    responder
        .introspect(caller, form.as_bytes())
        .try_now()
        .unwrap()
}

pub(crate) fn members(json: &str) -> BTreeMap<String, serde_json::Value> {
    serde_json::from_str(json).unwrap()
}
