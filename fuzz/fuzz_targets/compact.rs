//! Any text as a token.
//!
//! The keys are those of RFC 7515 appendix A, and the seeds are its tokens, so that valid tokens are
//! mutated.
//!
//! Property: nothing panics; an accepted token has three parts that encode to the same bytes again,
//! and the second one is the claims; no rejection is `unavailable`.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::clock::UnixTime;
use bearergate::credential::PresentedCredential;
use bearergate::key::{Key, KeySet};
use bearergate::{JwtValidator, RejectionKind, TokenValidator};
use libfuzzer_sys::fuzz_target;

/// A time before the tokens of RFC 7515 expire.
const NOW: UnixTime = UnixTime::from_secs(1_300_819_000);

const KEYS: [&str; 4] = [
    include_str!("../seeds/jwks/ed25519.json"),
    include_str!("../seeds/jwks/rfc7515_A.2.json"),
    include_str!("../seeds/jwks/rfc7515_A.3.json"),
    include_str!("../seeds/jwks/secret.json"),
];

static VALIDATOR: LazyLock<JwtValidator> = LazyLock::new(|| {
    let keys = KEYS.map(|jwk| Key::from_jwk(jwk).expect("the keys are valid"));
    let builder = JwtValidator::builder().any_issuer().any_audience();
    let builder = builder.keys(KeySet::new(keys).expect("there are keys"));
    builder.build().expect("the configuration is valid")
});

fuzz_target!(|text: &[u8]| {
    let Ok(token) = str::from_utf8(text) else {
        return;
    };
    let presented = PresentedCredential::token(token).at(NOW);
    let result = VALIDATOR.validate(&presented).try_now();
    match result.expect("fixed keys are always ready") {
        Ok(principal) => check(token, principal.claims().json()),
        Err(rejection) => assert_ne!(rejection.kind(), RejectionKind::Unavailable),
    }
});

fn check(token: &str, claims: &str) {
    let parts: Vec<_> = token.split('.').map(decoded).collect();
    assert_eq!(parts.len(), 3);
    assert_eq!(parts[1], claims.as_bytes());
    let again: Vec<_> = parts.iter().map(|p| URL_SAFE_NO_PAD.encode(p)).collect();
    assert_eq!(again.join("."), token);
}

fn decoded(part: &str) -> Vec<u8> {
    let decoded = URL_SAFE_NO_PAD.decode(part);
    decoded.expect("an accepted part is base64url")
}
