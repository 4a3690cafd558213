//! Configured requirements, the token presets, and configurations that do not build.

use std::time::Duration;

use bearergate::crypto::Algorithm;
use bearergate::error::ConfigErrorKind;
use bearergate::jwt::{JwtValidatorBuilder, NeedsKeys, Ready};
use bearergate::principal::PrincipalKind;
use bearergate::{ConfigError, JwtValidator};

use crate::common::*;

fn check_rows(builder: JwtValidatorBuilder<Ready>, rows: &[(Text, &str)]) {
    let validator = builder.build().unwrap();
    for (claims, expected) in rows {
        assert_eq!(outcome(&validator, &token(claims)), *expected, "{claims}");
    }
}

#[test]
fn required_claim_must_have_its_value_and_type() {
    let tenant = |raw: &str| claims().set("tenant", raw);
    check_rows(
        builder().require_claim("tenant", "acme"),
        &[
            (tenant("\"acme\""), "accept"),
            (tenant("\"\\u0061cme\""), "accept"),
            (claims(), "claim_missing tenant"),
            (tenant("\"Acme\""), "claim_invalid tenant"),
            (tenant("\"acme \""), "claim_invalid tenant"),
            (tenant("[\"acme\"]"), "claim_invalid tenant"),
            (tenant("null"), "claim_invalid tenant"),
        ],
    );
    check_rows(
        builder().require_claim("tenant", true),
        &[
            (tenant("true"), "accept"),
            (tenant("false"), "claim_invalid tenant"),
            (tenant("\"true\""), "claim_invalid tenant"),
            (tenant("1"), "claim_invalid tenant"),
        ],
    );
    check_rows(
        builder().require_claim("tenant", 7),
        &[
            (tenant("7"), "accept"),
            (tenant("8"), "claim_invalid tenant"),
            (tenant("7.0"), "claim_invalid tenant"),
            (tenant("\"7\""), "claim_invalid tenant"),
        ],
    );
}

#[test]
fn a_registered_claim_can_be_required_too() {
    check_rows(
        builder()
            .require_claim("sub", "alice")
            .require_claim("nonce", "n")
            .require_type("JWT"),
        &[(claims(), "type_mismatch typ")],
    );
    let typed = |payload: Text| mac(header().set("typ", "\"at+jwt\""), payload);
    let marked = builder().require_claim("vct", "a").client_from("sub_id");
    let marked = marked.build().unwrap();
    let good = claims().set("vct", "\"a\"").set("sub_id", "\"app\"");
    let principal = validate(&marked, &typed(good.clone())).unwrap();
    assert_eq!(principal.client(), Some("app"));
    let bad = typed(good.set("vct", "\"b\""));
    assert_eq!(outcome(&marked, &bad), "claim_invalid vct");
    check_rows(
        builder().require_claim("sub", "alice"),
        &[
            (claims(), "accept"),
            (claims().set("sub", "\"bob\""), "claim_invalid sub"),
        ],
    );
}

// Defect B10 (audience shared by deployments): docs/defects.md
#[test]
fn every_client_claim_must_be_allowed() {
    let id = |raw: &str| claims().set("client_id", raw);
    check_rows(
        builder().allow_clients(["app", "job"]),
        &[
            (id("\"app\""), "accept"),
            (id("\"\\u006aob\""), "accept"),
            (claims().set("azp", "\"app\""), "accept"),
            (id("\"app\"").set("azp", "\"job\""), "accept"),
            (claims(), "claim_missing client_id"),
            (id("\"other\""), "claim_invalid client_id"),
            (id("\"App\""), "claim_invalid client_id"),
            (id("\"ap\""), "claim_invalid client_id"),
            (claims().set("azp", "\"other\""), "claim_invalid azp"),
            (id("\"app\"").set("azp", "\"other\""), "claim_invalid azp"),
            (
                id("\"other\"").set("azp", "\"app\""),
                "claim_invalid client_id",
            ),
        ],
    );
}

// Defect B05 (unbounded leeway, age or lifetime): docs/defects.md
#[test]
fn age_is_measured_from_iat_with_leeway() {
    let issued = |iat: u64| claims().set("iat", iat);
    check_rows(
        builder().max_age(Duration::from_secs(60)),
        &[
            (issued(NOW), "accept"),
            (issued(NOW - 90), "accept"),
            (issued(NOW - 91), "token_expired iat"),
            (issued(0), "token_expired iat"),
            (claims().without("iat"), "claim_missing iat"),
        ],
    );
    check_rows(builder().max_age(Duration::MAX), &[(issued(0), "accept")]);
}

// Defect B05 (unbounded leeway, age or lifetime): docs/defects.md
#[test]
fn lifetime_is_measured_from_iat_to_exp() {
    let life = |secs: u64| claims().set("exp", NOW + secs);
    check_rows(
        builder().max_lifetime(Duration::from_secs(3600)),
        &[
            (life(3600), "accept"),
            (life(3601), "claim_invalid exp"),
            (
                claims().set("exp", 253_402_300_799_u64),
                "claim_invalid exp",
            ),
            (life(60).without("iat"), "claim_missing iat"),
        ],
    );
    check_rows(
        builder()
            .max_lifetime(Duration::from_secs(3600))
            .allow_missing_expiry(),
        &[(claims().without("exp"), "claim_missing exp")],
    );
}

#[test]
fn custom_check_sees_only_verified_claims() {
    let mail = |raw: &str| claims().set("email_verified", raw);
    let holds = |claims: bearergate::principal::Claims<'_>| {
        claims.get::<bool>("email_verified").ok().flatten() == Some(true)
    };
    check_rows(
        builder().check("email_verified", holds),
        &[
            (mail("true"), "accept"),
            (mail("false"), "claim_invalid email_verified"),
            (mail("\"true\""), "claim_invalid email_verified"),
            (claims(), "claim_invalid email_verified"),
        ],
    );
    let panics = builder().check("never", |_| panic!("asked about a forged token"));
    let forged = mac_with(
        &[8; 32],
        &message(header().to_string(), claims().to_string()),
    );
    assert_eq!(
        outcome(&panics.build().unwrap(), &forged),
        "signature_invalid"
    );
}

#[test]
fn all_requirements_are_checked_in_order() {
    let builder = builder()
        .require_claim("a", 1)
        .check("b", |_| false)
        .require_claim("c", 1);
    check_rows(
        builder,
        &[
            (claims(), "claim_missing a"),
            (claims().set("a", 1).set("c", 1), "claim_invalid b"),
        ],
    );
}

// Defect B12 (token of another kind accepted): docs/defects.md
#[test]
fn rfc_9068_preset_requires_type_and_claims() {
    let validator = builder().rfc9068().build().unwrap();
    let full = claims().set("client_id", "\"app\"").set("jti", "\"1\"");
    let header = |typ: &str| header().set("typ", format!("\"{typ}\""));
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        assert_eq!(outcome(&validator, &mac(header(typ), &full)), "accept");
    }
    for typ in ["JWT", "id_token", ""] {
        assert_eq!(
            outcome(&validator, &mac(header(typ), &full)),
            "type_mismatch typ"
        );
    }
    assert_eq!(outcome(&validator, &token(&full)), "type_mismatch typ");
    for claim in ["iss", "sub", "aud", "exp", "iat", "client_id", "jti"] {
        let token = mac(header("at+jwt"), full.clone().without(claim));
        assert_eq!(
            outcome(&validator, &token),
            format!("claim_missing {claim}")
        );
    }
}

fn id_token() -> JwtValidator {
    let builder: JwtValidatorBuilder<NeedsKeys> =
        JwtValidator::builder().issuer(ISSUER).id_token("app");
    builder
        .keys(secret().into())
        .clock(clock())
        .build()
        .unwrap()
}

// Defect B12 (token of another kind accepted): docs/defects.md
#[test]
fn id_token_preset_accepts_only_id_tokens() {
    let good = || {
        claims()
            .set("aud", "\"app\"")
            .set("nonce", "\"n\"")
            .set("at_hash", "\"h\"")
    };
    let principal = validate(&id_token(), &token(good())).unwrap();
    assert_eq!(principal.kind(), PrincipalKind::IdToken);
    let two = || good().set("aud", "[\"app\",\"b\"]");
    for (claims, expected) in [
        (good().set("azp", "\"app\""), "accept"),
        (good().set("aud", "[\"app\"]"), "accept"),
        (good().set("token_use", "\"id\""), "accept"),
        (good().set("typ", "\"ID\""), "accept"),
        (two().set("azp", "\"app\""), "audience_mismatch aud"),
        (
            two().set("aud", "[\"app\",\"app\"]").set("azp", "\"app\""),
            "accept",
        ),
        (two(), "claim_missing azp"),
        (two().set("azp", "\"b\""), "claim_invalid azp"),
        (good().set("azp", "\"b\""), "claim_invalid azp"),
        (good().set("aud", "\"b\""), "audience_mismatch aud"),
        (good().without("aud"), "claim_missing aud"),
        (good().without("sub"), "claim_missing sub"),
        (good().without("iat"), "claim_missing iat"),
        (good().without("exp"), "claim_missing exp"),
        (
            good().set("token_use", "\"access\""),
            "type_mismatch token_use",
        ),
        (good().set("typ", "\"Bearer\""), "type_mismatch typ"),
        (good().set("events", "{}"), "type_mismatch events"),
        (good().set("sd_hash", "\"h\""), "type_mismatch sd_hash"),
    ] {
        assert_eq!(outcome(&id_token(), &token(&claims)), expected, "{claims}");
    }
    for (typ, expected) in [
        ("JWT", "accept"),
        ("at+jwt", "type_mismatch typ"),
        ("logout+jwt", "type_mismatch typ"),
    ] {
        let header = header().set("typ", format!("\"{typ}\""));
        assert_eq!(
            outcome(&id_token(), &mac(header, good())),
            expected,
            "{typ}"
        );
    }
}

#[test]
fn id_token_is_not_an_access_token() {
    let claims = claims().set("nonce", "\"n\"");
    assert_eq!(outcome(&validator(), &token(claims)), "type_mismatch nonce");
}

// Configuration

fn refused(built: Result<JwtValidator, ConfigError>, kind: ConfigErrorKind, field: &str) {
    let error = built.unwrap_err();
    assert_eq!((error.kind(), error.field()), (kind, field), "{error}");
    assert!(error.to_string().contains(field), "{error}");
}

// Defects B08 (audience not checked), L01 (empty condition allows): docs/defects.md
#[test]
fn empty_lists_and_names_do_not_build() {
    let empty = |built, field| refused(built, ConfigErrorKind::Empty, field);
    let none: [&str; 0] = [];
    let issuers = |names: &[&str]| {
        let builder = JwtValidator::builder()
            .issuers(names.iter().copied())
            .audience(AUDIENCE);
        builder.keys(secret().into()).build()
    };
    let audiences = |names: &[&str]| {
        let builder = JwtValidator::builder()
            .issuer(ISSUER)
            .audiences(names.iter().copied());
        builder.keys(secret().into()).build()
    };
    for names in [&none[..], &[""], &["a", ""]] {
        empty(issuers(names), "issuers");
        empty(audiences(names), "audiences");
        empty(
            builder().allow_clients(names.iter().copied()).build(),
            "clients",
        );
    }
    let id_token = JwtValidator::builder().issuer(ISSUER).id_token("");
    empty(id_token.keys(secret().into()).build(), "audiences");
    empty(builder().scopes_from("").build(), "scopes_from");
    empty(builder().require_type("").build(), "type");
    empty(builder().require_type("application/").build(), "type");
    empty(builder().algorithms([]).build(), "algorithms");
    assert!(issuers(&["a", "b"]).is_ok());
    assert!(audiences(&["a", "b"]).is_ok());
}

#[test]
fn algorithm_without_a_key_does_not_build() {
    for algorithms in [
        &[Algorithm::Rs256][..],
        &[Algorithm::Hs256, Algorithm::Es256],
        &[Algorithm::Hs512],
    ] {
        let built = builder().algorithms(algorithms.iter().copied()).build();
        refused(built, ConfigErrorKind::AlgorithmUnusable, "algorithms");
    }
    assert!(builder().algorithms([Algorithm::Hs256]).build().is_ok());
}

#[test]
fn token_sizes_outside_their_range_do_not_build() {
    for bytes in [0, 65_537, usize::MAX] {
        let built = builder().max_token_bytes(bytes).build();
        refused(built, ConfigErrorKind::OutOfRange, "max_token_bytes");
    }
    for bytes in [1, 65_536] {
        assert!(builder().max_token_bytes(bytes).build().is_ok());
    }
    for bytes in [0, 16_385, usize::MAX] {
        let built = builder().max_header_bytes(bytes).build();
        refused(built, ConfigErrorKind::OutOfRange, "max_header_bytes");
    }
    for bytes in [1, 16_384] {
        assert!(builder().max_header_bytes(bytes).build().is_ok());
    }
}

// Defect J01 (secret in a log, error or `Debug`): docs/defects.md
#[test]
fn debug_shows_no_required_value_and_no_key() {
    let validator = builder().require_claim("pin", "c4nary").build().unwrap();
    let text = format!(
        "{validator:?} {:?}",
        builder().require_claim("pin", "c4nary")
    );
    assert!(text.contains(ISSUER) && text.contains("pin"), "{text}");
    assert!(!text.contains("c4nary"), "{text}");
    assert!(!text.contains("7, 7, 7"), "{text}");
}
