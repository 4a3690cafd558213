//! The source of a rejection says what was expected and what was found.

use std::error::Error;

use bearergate::JwtValidator;
use bearergate::key::Key;

use crate::common::*;

/// Returns kind, claim and source, as a log line has them.
fn line(validator: &JwtValidator, token: &str) -> String {
    let rejection = validate(validator, token).unwrap_err();
    let source = rejection.source().map(ToString::to_string);
    format!("{}: {}", reason(&rejection), source.unwrap_or_default())
}

fn with(name: &str, raw: impl ToString) -> String {
    token(claims().set(name, raw))
}

#[test]
fn source_has_the_expected_and_the_found_value() {
    let typed = mac(header().set("typ", "\"x+jwt\""), claims());
    let unknown = mac(header().set("alg", "\"RS1\""), claims());
    let other = mac(header().set("alg", "\"RS256\""), claims());
    for (token, expected) in [
        (
            with("iss", "\"https://idp.example.com/\""),
            "issuer_mismatch iss: expected `https://idp.example.com`, \
             found `https://idp.example.com/`",
        ),
        (
            with("aud", "[\"a\",\"b\"]"),
            "audience_mismatch aud: expected `https://api.example.com`, \
             found an array of `a`, `b`",
        ),
        (
            with("exp", NOW - 400),
            "token_expired exp: expected `exp` after 1700000000 (now), with a leeway of 30 \
             seconds, found 1699999600, 400 seconds before now",
        ),
        (
            with("nbf", NOW + 31),
            "token_not_yet_valid nbf: expected `nbf` not after 1700000000 (now), with a leeway of \
             30 seconds, found 1700000031, 31 seconds after now",
        ),
        (
            with("iat", NOW + 90),
            "token_issued_in_future iat: expected `iat` not after 1700000000 (now), with a leeway \
             of 30 seconds, found 1700000090, 90 seconds after now",
        ),
        (
            typed,
            "type_mismatch typ: expected `JWT`, `at+jwt` or no `typ`, found `x+jwt`",
        ),
        (
            with("nonce", "\"n\""),
            "type_mismatch nonce: expected an access token, found `nonce`, which marks an ID token",
        ),
        (
            other,
            "algorithm_not_allowed: expected `HS256`, found `RS256`",
        ),
        (
            unknown,
            "algorithm_not_allowed: expected one of `EdDSA`, `ES256`, `ES384`, `ES512`, `HS256`, \
             `HS384`, `HS512`, `PS256`, `PS384`, `PS512`, `RS256`, `RS384`, `RS512`, found `RS1`",
        ),
    ] {
        assert_eq!(line(&validator(), &token), expected);
    }
    let named = with_keys(secret().with_kid("k1").unwrap().into())
        .build()
        .unwrap();
    let token = mac(header().set("kid", "\"k2\""), claims());
    assert_eq!(
        line(&named, &token),
        "key_not_found: expected exactly one key for HS256, of 1 key with the `kid` `k1`, \
         found `kid` `k2`"
    );
}

#[test]
fn values_in_a_source_are_bounded_and_escaped() {
    let long = line(
        &validator(),
        &with("iss", format!("\"{}\"", "i".repeat(5_000))),
    );
    assert!(long.len() < 400, "{long}");
    let many: Vec<_> = (0..1_000).map(|n| format!("\"a{n}\"")).collect();
    let many = line(&validator(), &with("aud", format!("[{}]", many.join(","))));
    assert!(
        many.ends_with("`a7` and 992 more") && many.len() < 400,
        "{many}"
    );
    let odd = line(&validator(), &with("iss", "\"a\\n\\u001b[2J\\u202e\""));
    assert!(odd.ends_with("found `a\\u{a}\\u{1b}[2J\\u{202e}`"), "{odd}");
    let named = with_keys(secret().with_kid("k1").unwrap().into())
        .build()
        .unwrap();
    let kid = mac(header().set("kid", "\"\\r\\nx: y\""), claims());
    assert!(line(&named, &kid).ends_with("`kid` `\\u{d}\\u{a}x: y`"));
}

#[test]
fn accepted_list_of_a_source_is_bounded() {
    let names: Vec<_> = (0..40).map(|n| format!("aud-{n}")).collect();
    let builder = JwtValidator::builder().issuer(ISSUER).audiences(names);
    let key: Key = secret();
    let validator = builder.keys(key.into()).clock(clock()).build().unwrap();
    let text = line(&validator, &token(claims()));
    assert!(text.contains("`aud-7` and 32 more, found"), "{text}");
}
