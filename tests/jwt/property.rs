//! Properties of generated tokens: `jsonwebtoken` accepts every accepted token, and no token is
//! accepted because a claim is missing or has another type.

use std::sync::LazyLock;

use bearergate::JwtValidator;
use bearergate::key::{Key, KeySet};
use proptest::prelude::*;
use proptest::sample::select;

use crate::common::*;

const NAMES: [&str; 4] = ["\"HS256\"", "\"EdDSA\"", "\"none\"", "7"];

type Table = &'static [(&'static str, &'static [&'static str])];

const HEADER: [(&str, &[&str]); 7] = [
    (
        "typ",
        &[
            "\"JWT\"",
            "\"at+jwt\"",
            "\"application/jwt\"",
            "\"x\"",
            "null",
        ],
    ),
    ("kid", &["\"k\"", "\"\\u006b\"", "\"other\"", "7"]),
    ("cty", &["\"json\"", "\"JWT\"", "[]"]),
    ("crit", &["[\"x\"]", "[]", "[\"b64\"]"]),
    ("b64", &["true", "false", "null"]),
    ("jku", &["\"https://evil.example\""]),
    ("x", &["1", "{\"a\":[1,2,{}]}", "\"\\ud83d\\ude00\""]),
];

const CLAIMS: [(&str, &[&str]); 15] = [
    (
        "iss",
        &[
            "\"https://idp.example.com\"",
            "\"https:\\/\\/idp.example.com\"",
            "\"x\"",
            "7",
        ],
    ),
    (
        "aud",
        &[
            "\"https://api.example.com\"",
            "[\"https://api.example.com\"]",
            "[\"a\",\"https:\\/\\/api.example.com\"]",
            "\"x\"",
            "[]",
            "null",
        ],
    ),
    (
        "exp",
        &[
            "1700000300",
            "1700000300.5",
            "17000003e2",
            "1",
            "\"1700000300\"",
            "-1",
        ],
    ),
    ("sub", &["\"alice\"", "\"\\u0061\"", "\"\"", "7"]),
    ("nbf", &["1700000000", "1.7e9", "0", "1700009999", "true"]),
    ("iat", &["1700000000", "1699999999.25", "1700009999", "[]"]),
    ("jti", &["\"1\"", "1"]),
    ("client_id", &["\"app\"", "\"b\"", "{}"]),
    ("azp", &["\"app\"", "null"]),
    ("act", &["{\"sub\":\"x\"}", "{}", "\"x\""]),
    ("scope", &["\"a b\"", "[\"a\"]", "\"\"", "7"]),
    ("cnf", &["{}", "7"]),
    ("nonce", &["\"n\""]),
    (
        "x",
        &[
            "1e2",
            "[{\"a\":null}]",
            "\"\\\"\\\\\\n\"",
            "0.1",
            "1.7976931348623157e308",
        ],
    ),
    ("y", &["true", "{\"a\":{\"b\":{}}}", "-0"]),
];

/// Up to this many members of a table, each with one of its values; the first value of a row is
/// used half of the time.
fn picks(table: Table, most: usize) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let pick = select(table).prop_flat_map(|(name, values)| {
        let value = prop_oneof![Just(values[0]), select(values)];
        (Just(name), value)
    });
    proptest::collection::vec(pick, 0..=most)
}

fn with_all(text: Text, members: Vec<(&str, &str)>) -> Text {
    members
        .into_iter()
        .fold(text, |text, (name, raw)| text.set(name, raw))
}

/// Valid claims with some changed, some added, and perhaps one removed.
fn any_claims() -> impl Strategy<Value = Text> {
    (picks(&CLAIMS, 4), select(&CLAIMS[..]), any::<u8>()).prop_map(|(members, (name, _), dice)| {
        let claims = with_all(claims(), members);
        if dice < 50 {
            claims.without(name)
        } else {
            claims
        }
    })
}

fn any_header() -> impl Strategy<Value = Text> {
    let names = prop_oneof![8 => select(&NAMES[..2]), 1 => select(&NAMES[..])];
    (picks(&HEADER, 2), names)
        .prop_map(|(members, alg)| with_all(header(), members).set("alg", alg))
}

/// Signs with the algorithm in the header, or with the secret if there is no key for it.
fn sign(header: &Text, claims: &Text) -> String {
    match header.get("alg") {
        Some("\"EdDSA\"") => ed25519(header, claims),
        _ => mac(header, claims),
    }
}

fn keys() -> KeySet {
    let named = |key: Key| key.with_kid("k").unwrap();
    let pem = Key::from_pem(ED25519).unwrap();
    KeySet::new([named(secret()), named(pem)]).unwrap()
}

static VALIDATOR: LazyLock<JwtValidator> = LazyLock::new(|| with_keys(keys()).build().unwrap());

static OF_CLIENTS: LazyLock<JwtValidator> = LazyLock::new(|| {
    let builder = with_keys(keys()).require_claim("tenant", "acme");
    builder.allow_clients(["app"]).build().unwrap()
});

/// Decoding by `jsonwebtoken`, on the provider that the feature offers.
#[cfg(feature = "jsonwebtoken")]
mod oracle {
    use std::sync::Once;

    use bearergate::integrations::jsonwebtoken::crypto_provider;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};

    use crate::common::*;

    /// Decoding by `jsonwebtoken`, without its checks of times, because its clock is the system's.
    pub(super) fn decode(token: &str, algorithm: Algorithm) -> Option<serde_json::Value> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| crypto_provider().install_default().unwrap());
        let key = match algorithm {
            Algorithm::EdDSA => DecodingKey::from_ed_pem(ED25519.as_bytes()).unwrap(),
            _ => DecodingKey::from_secret(&SECRET).unwrap(),
        };
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_exp = false;
        let decoded = jsonwebtoken::decode(token, &key, &validation);
        decoded.ok().map(|data| data.claims)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[cfg(feature = "jsonwebtoken")]
    #[test]
    fn jsonwebtoken_accepts_every_accepted_token_with_the_same_claims(
        header in any_header(),
        claims in any_claims(),
    ) {
        let token = sign(&header, &claims);
        if let Ok(principal) = validate(&VALIDATOR, &token) {
            let algorithm = match header.get("alg") {
                Some("\"EdDSA\"") => jsonwebtoken::Algorithm::EdDSA,
                _ => jsonwebtoken::Algorithm::HS256,
            };
            let theirs = oracle::decode(&token, algorithm);
            let accepted: serde_json::Value = principal.claims().deserialize().unwrap();
            prop_assert_eq!(theirs, Some(accepted), "{}", token);
            prop_assert_eq!(principal.claims().json(), claims.to_string());
        }
    }

    #[test]
    fn accepted_token_is_the_encoding_of_its_parts(header in any_header(), claims in any_claims()) {
        let token = sign(&header, &claims);
        if validate(&VALIDATOR, &token).is_ok() {
            let (signed, signature) = token.rsplit_once('.').unwrap();
            prop_assert_eq!(message(header.to_string(), claims.to_string()), signed);
            use base64::Engine;
            let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
            prop_assert_eq!(encode(engine.decode(signature).unwrap()), signature);
        }
    }

    /// The rest of the token is arbitrary, so it may have been rejected before too.
    #[test]
    fn no_token_is_accepted_without_a_required_claim(header in any_header(), claims in any_claims()) {
        for name in ["iss", "aud", "exp", "tenant", "client_id"] {
            let mut claims = claims.clone().set("tenant", "\"acme\"").set("client_id", "\"app\"");
            claims = claims.without("azp").without(name);
            prop_assert!(validate(&OF_CLIENTS, &sign(&header, &claims)).is_err(), "{}", name);
        }
    }

    /// The rest of the token is arbitrary, so it may have been rejected before too.
    #[test]
    fn no_token_is_accepted_with_a_claim_of_another_type(header in any_header(), claims in any_claims()) {
        for name in [
            "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "client_id", "azp", "act", "scope",
        ] {
            for raw in ["null", "true", "[7]", "{\"sub\":7,\"jkt\":7}"] {
                let changed = claims.clone().set(name, raw);
                prop_assert!(validate(&VALIDATOR, &sign(&header, &changed)).is_err(), "{} {}", name, raw);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_validator_panic(
        text in "[A-Za-z0-9_.{}\"= -]{0,80}",
        header in proptest::collection::vec(any::<u8>(), 0..60),
        payload in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        prop_assert!(validate(&VALIDATOR, &text).is_err());
        let signed = mac_with(&SECRET, &message(&header, &payload));
        prop_assert!(validate(&VALIDATOR, &signed).is_err());
        let good_header = mac_with(&SECRET, &message(crate::common::header().to_string(), &payload));
        prop_assert!(validate(&VALIDATOR, &good_header).is_err());
    }
}

/// The properties above would also hold for a validator that rejects every token.
#[test]
fn many_of_the_generated_tokens_are_accepted() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let accepted = (0..1_000).filter(|_| {
        let header = any_header().new_tree(&mut runner).unwrap().current();
        let claims = any_claims().new_tree(&mut runner).unwrap().current();
        validate(&VALIDATOR, &sign(&header, &claims)).is_ok()
    });
    let accepted = accepted.count();
    assert!((200..800).contains(&accepted), "{accepted}");
}
