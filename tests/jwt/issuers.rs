//! The choice of the issuer; each issuer has its own keys and rules.

use bearergate::error::ConfigErrorKind;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::Key;
use bearergate::validator::Shape;
use bearergate::{JwtValidator, TokenValidator};

use crate::common::*;

const A: &str = "https://a.example";
const B: &str = "https://b.example";

fn trusted(issuer: &str, secret: [u8; 32]) -> JwtValidatorBuilder<Ready> {
    let key = Key::from_secret(secret.to_vec())
        .unwrap()
        .with_kid("k")
        .unwrap();
    let builder = JwtValidator::builder().issuer(issuer).audience(AUDIENCE);
    builder.keys(key.into()).clock(clock())
}

fn both() -> JwtValidator {
    let (a, b) = (trusted(A, [1; 32]), trusted(B, [2; 32]));
    JwtValidator::join([a.build().unwrap(), b.build().unwrap()]).unwrap()
}

fn of(issuer: &str, secret: [u8; 32]) -> String {
    let claims = claims().set("iss", format!("\"{issuer}\""));
    let header = header().set("kid", "\"k\"");
    mac_with(&secret, &message(header.to_string(), claims.to_string()))
}

// Defects A13 (keys cached by `kid` alone), B11 (issuer mix-up): docs/defects.md
#[test]
fn key_of_one_issuer_never_verifies_a_token_of_another() {
    for (issuer, own, others) in [(A, [1; 32], [2; 32]), (B, [2; 32], [1; 32])] {
        let principal = validate(&both(), &of(issuer, own)).unwrap();
        assert_eq!(principal.authority().as_str(), issuer);
        assert_eq!(outcome(&both(), &of(issuer, others)), "signature_invalid");
        assert_eq!(
            outcome(&both(), &of("https://c.example", own)),
            "issuer_mismatch iss"
        );
    }
}

// Defects A12 (URL made from an unverified claim), B11 (issuer mix-up): docs/defects.md
#[test]
fn issuer_is_compared_byte_for_byte() {
    let single = trusted(A, [1; 32]).build().unwrap();
    for validator in [single, both()] {
        for (raw, expected) in [
            (r#""https://a.example""#, "accept"),
            (r#""https:\/\/a.example""#, "accept"),
            (r#""https://\u0061.example""#, "accept"),
            (r#""https://a.example/""#, "issuer_mismatch iss"),
            (r#""https://A.example""#, "issuer_mismatch iss"),
            (r#""https://a.exampl""#, "issuer_mismatch iss"),
            (r#"" https://a.example""#, "issuer_mismatch iss"),
            (r#""https://a.example\u0000""#, "issuer_mismatch iss"),
            (
                r#""https://a.example,https://b.example""#,
                "issuer_mismatch iss",
            ),
            (r#""""#, "issuer_mismatch iss"),
            (r#"["https://a.example"]"#, "claim_invalid iss"),
            (r#"{"https://a.example":1}"#, "claim_invalid iss"),
            ("null", "claim_invalid iss"),
            ("7", "claim_invalid iss"),
        ] {
            let claims = claims().set("iss", raw).to_string();
            let token = mac_with(&[1; 32], &message(header().to_string(), claims));
            assert_eq!(outcome(&validator, &token), expected, "{raw}");
        }
        let claims = claims().without("iss").to_string();
        let token = mac_with(&[1; 32], &message(header().to_string(), claims));
        assert_eq!(outcome(&validator, &token), "claim_missing iss");
    }
}

#[test]
fn validator_takes_the_shape_of_jwts() {
    assert_eq!(both().shapes(), [Shape::Jwt]);
}

#[test]
fn issuer_is_checked_before_the_signature() {
    assert_eq!(
        outcome(&both(), &of("https://c.example", [9; 32])),
        "issuer_mismatch iss"
    );
    let claims = claims().set("iss", "\"https://c.example\"");
    let token = ed25519(header().set("alg", "\"EdDSA\""), claims);
    assert_eq!(outcome(&both(), &token), "issuer_mismatch iss");
}

// Defect B10 (audience shared by deployments): docs/defects.md
#[test]
fn each_issuer_keeps_its_own_rules() {
    let builder = JwtValidator::builder()
        .issuer(B)
        .audience("https://b-only.example");
    let key = Key::from_secret(vec![2; 32]).unwrap();
    let b = builder
        .keys(key.into())
        .require_type("at+jwt")
        .build()
        .unwrap();
    let joined = JwtValidator::join([trusted(A, [1; 32]).build().unwrap(), b]).unwrap();
    assert_eq!(outcome(&joined, &of(A, [1; 32])), "accept");
    assert_eq!(outcome(&joined, &of(B, [2; 32])), "type_mismatch typ");
    let header = header().set("typ", "\"at+jwt\"").to_string();
    let claims = claims().set("iss", format!("\"{B}\""));
    let of_a = mac_with(&[2; 32], &message(&header, claims.to_string()));
    assert_eq!(outcome(&joined, &of_a), "audience_mismatch aud");
    let claims = claims.set("aud", "\"https://b-only.example\"");
    let of_b = mac_with(&[2; 32], &message(&header, claims.to_string()));
    assert_eq!(outcome(&joined, &of_b), "accept");
}

#[test]
fn one_issuer_can_have_several_names() {
    let builder = JwtValidator::builder().issuers([A, B]).audience(AUDIENCE);
    let key = Key::from_secret(vec![1; 32]).unwrap();
    let validator = builder.keys(key.into()).clock(clock()).build().unwrap();
    for issuer in [A, B] {
        let principal = validate(&validator, &of(issuer, [1; 32])).unwrap();
        assert_eq!(principal.authority().as_str(), A);
    }
    assert_eq!(
        outcome(&validator, &of("https://c.example", [1; 32])),
        "issuer_mismatch iss"
    );
}

#[test]
fn issuer_configured_twice_is_a_conflict() {
    let build = |builder: JwtValidatorBuilder<Ready>| builder.build().unwrap();
    let any = || {
        let builder = JwtValidator::builder().any_issuer().any_audience();
        build(builder.keys(secret().into()))
    };
    let conflict = |joined: Result<JwtValidator, bearergate::ConfigError>| {
        let error = joined.unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::Conflict, "issuers")
        );
    };
    let a = || build(trusted(A, [1; 32]));
    conflict(JwtValidator::join([a(), build(trusted(A, [2; 32]))]));
    conflict(JwtValidator::join([both(), a()]));
    conflict(JwtValidator::join([any(), a()]));
    conflict(JwtValidator::join([a(), any()]));
    conflict(JwtValidator::join([any(), any()]));
    let twice = JwtValidator::builder().issuers([A, A]).audience(AUDIENCE);
    conflict(twice.keys(secret().into()).build());

    let error = JwtValidator::join([]).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::Empty, "issuers")
    );
    assert!(JwtValidator::join([any()]).is_ok());
    assert!(JwtValidator::join([a(), build(trusted("https://a.example/", [1; 32]))]).is_ok());
}
