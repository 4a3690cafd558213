//! What tells access tokens and ID tokens from tokens of another purpose.

use bearergate::error::ConfigErrorKind;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::{ConfigError, JwtValidator};

use crate::common::*;

fn typed(typ: &str, payload: &Text) -> String {
    mac(header().set("typ", format!("\"{typ}\"")), payload)
}

fn refused(built: Result<JwtValidator, ConfigError>, kind: ConfigErrorKind, field: &str) {
    let error = built.unwrap_err();
    assert_eq!((error.kind(), error.field()), (kind, field), "{error}");
}

// Tokens of other purposes that an issuer signs with the same keys, without a `typ`.

// Defect B12 (token of another kind accepted): docs/defects.md
#[test]
fn tokens_of_other_purposes_are_no_access_tokens_without_a_typ() {
    let plain = claims();
    assert_eq!(outcome(&validator(), &token(&plain)), "accept");
    for (members, expected) in [
        (
            vec![
                ("vct", "\"https://idp.example.com/id\""),
                ("_sd_alg", "\"sha-256\""),
            ],
            "type_mismatch _sd_alg",
        ),
        (vec![("_sd", "[\"hash\"]")], "type_mismatch _sd"),
        (vec![("vc", "{\"type\":[\"Degree\"]}")], "type_mismatch vc"),
        (vec![("vp", "{}")], "type_mismatch vp"),
        (
            vec![("status_list", "{\"bits\":1,\"lst\":\"eNo\"}")],
            "type_mismatch status_list",
        ),
        (
            vec![("sub_id", "{\"format\":\"email\"}"), ("events", "{}")],
            "type_mismatch events",
        ),
        // The reference of an access token to its status list is no mark.
        (vec![("status", "{\"status_list\":{\"idx\":1}}")], "accept"),
    ] {
        let claims = members
            .iter()
            .fold(claims(), |all, (name, raw)| all.set(name, raw));
        assert_eq!(outcome(&validator(), &token(&claims)), expected, "{claims}");
    }
}

#[test]
fn marks_count_under_every_typ_but_that_of_access_tokens() {
    let accepting = builder().accept_types(["JWT", "JOSE", "at+jwt"]);
    let accepting = accepting.build().unwrap();
    for mark in MARKS.into_iter().chain(["nonce"]) {
        let marked = claims().set(mark, "\"x\"");
        for typ in ["JWT", "jose", "application/JOSE"] {
            let expected = format!("type_mismatch {mark}");
            assert_eq!(outcome(&accepting, &typed(typ, &marked)), expected);
            assert_eq!(outcome(&accepting, &typed(typ, &claims())), "accept");
        }
        assert_eq!(outcome(&accepting, &typed("at+jwt", &marked)), "accept");
    }
}

// The types

#[test]
fn listed_types_replace_the_default_set() {
    let jose = builder()
        .accept_types(["application/JOSE", "x"])
        .build()
        .unwrap();
    let both = builder().accept_types(["JWT", "JOSE"]).build().unwrap();
    for (validator, typ, expected) in [
        (&jose, "JOSE", "accept"),
        (&jose, "jose", "accept"),
        (&jose, "application/jose", "accept"),
        (&jose, "X", "accept"),
        (&jose, "JWT", "type_mismatch typ"),
        (&jose, "at+jwt", "type_mismatch typ"),
        (&jose, "JOSE+x", "type_mismatch typ"),
        (&both, "jwt", "accept"),
        (&both, "at+jwt", "type_mismatch typ"),
    ] {
        assert_eq!(
            outcome(validator, &typed(typ, &claims())),
            expected,
            "{typ}"
        );
    }
    for validator in [&jose, &both] {
        assert_eq!(outcome(validator, &token(claims())), "type_mismatch typ");
    }
    assert_eq!(outcome(&validator(), &token(claims())), "accept");
}

#[test]
fn types_of_other_purposes_do_not_build() {
    for typ in [
        "logout+jwt",
        "secevent+jwt",
        "kb+jwt",
        "dpop+jwt",
        "vc+jwt",
        "vp+jwt",
        "dc+sd-jwt",
        "statuslist+jwt",
        "token-introspection+jwt",
        "txntoken+jwt",
        "oauth-id-jag+jwt",
        "Application/Logout+JWT",
    ] {
        let built = builder().require_type(typ).build();
        refused(built, ConfigErrorKind::Conflict, "type");
        let built = builder().accept_types(["JWT", typ]).build();
        refused(built, ConfigErrorKind::Conflict, "accept_types");
    }
    let types = ["JWT", "at+jwt", "JOSE", "entity-statement+jwt", "logout"];
    assert!(builder().accept_types(types).build().is_ok());
    let none: [&str; 0] = [];
    for types in [&none[..], &[""], &["JWT", "application/"]] {
        let built = builder().accept_types(types).build();
        refused(built, ConfigErrorKind::Empty, "accept_types");
    }
}

#[test]
fn type_of_access_tokens_does_not_build_for_id_tokens() {
    let id = || {
        let builder = JwtValidator::builder().issuer(ISSUER).id_token("app");
        builder.keys(secret().into())
    };
    refused(
        id().require_type("at+jwt").build(),
        ConfigErrorKind::Conflict,
        "type",
    );
    assert!(id().require_type("JWT").build().is_ok());
}

// The mark of access tokens

fn marked() -> JwtValidatorBuilder<Ready> {
    builder().access_mark("uid")
}

#[test]
fn mark_lets_a_nonce_in_and_a_token_without_it_out() {
    let nonce = || claims().set("nonce", "\"n\"");
    let valued = || builder().access_mark_value("uid", "u1");
    for (builder, claims, expected) in [
        (
            builder(),
            nonce().set("uid", "\"u1\""),
            "type_mismatch nonce",
        ),
        (marked(), nonce().set("uid", "\"u1\""), "accept"),
        (marked(), nonce().set("uid", "0"), "accept"),
        (marked(), nonce().set("u\\u0069d", "\"\""), "accept"),
        (marked(), nonce().set("uid", "null"), "type_mismatch uid"),
        (marked(), nonce(), "type_mismatch uid"),
        (marked(), claims(), "type_mismatch uid"),
        (marked(), claims().set("uid", "false"), "accept"),
        (valued(), nonce().set("uid", "\"u1\""), "accept"),
        (valued(), nonce().set("uid", "\"\\u00751\""), "accept"),
        (valued(), nonce().set("uid", "\"U1\""), "type_mismatch uid"),
        (valued(), nonce().set("uid", "\"u1 \""), "type_mismatch uid"),
        (
            valued(),
            nonce().set("uid", "[\"u1\"]"),
            "type_mismatch uid",
        ),
        (valued(), nonce().set("uid", "1"), "type_mismatch uid"),
        (valued(), nonce().set("uid", "null"), "type_mismatch uid"),
        (valued(), nonce(), "type_mismatch uid"),
    ] {
        let validator = builder.build().unwrap();
        assert_eq!(outcome(&validator, &token(&claims)), expected, "{claims}");
        if !expected.ends_with("nonce") {
            // A token that says what it is needs the mark too.
            assert_eq!(outcome(&validator, &typed("at+jwt", &claims)), expected);
        }
    }
}

#[test]
fn mark_outweighs_nothing_but_the_nonce() {
    let validator = marked().build().unwrap();
    let good = || claims().set("uid", "1").set("nonce", "\"n\"");
    assert_eq!(outcome(&validator, &token(good())), "accept");
    for mark in MARKS {
        let token = token(good().set(mark, "\"x\""));
        assert_eq!(outcome(&validator, &token), format!("type_mismatch {mark}"));
    }
    for (claim, raw) in [
        ("token_use", "\"id\""),
        ("typ", "\"ID\""),
        ("typ", "\"Refresh\""),
    ] {
        let token = token(good().set(claim, raw));
        assert_eq!(
            outcome(&validator, &token),
            format!("type_mismatch {claim}")
        );
    }
    assert_eq!(
        outcome(&validator, &typed("dpop+jwt", &good())),
        "type_mismatch typ"
    );
    for (claims, expected) in [
        (good().set("aud", "\"other\""), "audience_mismatch aud"),
        (good().set("exp", NOW - 31), "token_expired exp"),
        (good().set("sub", "7"), "claim_invalid sub"),
        (good().set("cnf", "{}"), "binding_required cnf"),
    ] {
        assert_eq!(outcome(&validator, &token(&claims)), expected, "{claims}");
    }
}

#[test]
fn known_claim_can_be_a_mark_and_keeps_its_type() {
    for (claim, raw, expected) in [
        ("client_id", "\"app\"", "accept"),
        ("client_id", "7", "claim_invalid client_id"),
        ("scope", "\"a\"", "accept"),
        ("scope", "null", "claim_invalid scope"),
        ("token_use", "\"access\"", "accept"),
        ("token_use", "\"id\"", "type_mismatch token_use"),
        ("token_use", "null", "type_mismatch token_use"),
        ("typ", "\"DPoP\"", "accept"),
        ("typ", "\"ID\"", "type_mismatch typ"),
    ] {
        let validator = builder().access_mark(claim).build().unwrap();
        let nonce = claims().set("nonce", "\"n\"");
        let absent = outcome(&validator, &token(&nonce));
        assert_eq!(absent, format!("type_mismatch {claim}"));
        let token = token(nonce.set(claim, raw));
        assert_eq!(outcome(&validator, &token), expected, "{claim} {raw}");
    }
}

#[test]
fn claims_that_are_no_mark_of_access_tokens_do_not_build() {
    let common = ["iss", "sub", "aud", "exp", "iat", "nonce"];
    for claim in MARKS.into_iter().chain(common) {
        let built = builder().access_mark(claim).build();
        refused(built, ConfigErrorKind::Conflict, "access_mark");
        let built = builder().access_mark_value(claim, "x").build();
        refused(built, ConfigErrorKind::Conflict, "access_mark");
    }
    refused(
        builder().access_mark("").build(),
        ConfigErrorKind::Empty,
        "access_mark",
    );
    for claim in [
        "token_use",
        "typ",
        "jti",
        "azp",
        "act",
        "cnf",
        "nbf",
        "uid",
        "Nonce",
    ] {
        assert!(builder().access_mark(claim).build().is_ok(), "{claim}");
    }
    let id = JwtValidator::builder().issuer(ISSUER).id_token("app");
    let built = id.keys(secret().into()).access_mark("uid").build();
    refused(built, ConfigErrorKind::Conflict, "access_mark");
}

#[test]
fn debug_shows_no_value_of_a_mark() {
    let validator = builder()
        .access_mark_value("uid", "c4nary")
        .build()
        .unwrap();
    let text = format!("{validator:?}");
    assert!(text.contains("uid") && !text.contains("c4nary"), "{text}");
}

// ID tokens

fn id(
    set: impl Fn(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready>,
) -> Result<JwtValidator, ConfigError> {
    let builder = JwtValidator::builder().issuer(ISSUER).id_token("app");
    set(builder.keys(secret().into()).clock(clock())).build()
}

fn id_claims(aud: &str) -> Text {
    claims().set("aud", aud).set("nonce", "\"n\"")
}

#[test]
fn id_token_may_be_presented_by_named_clients_only() {
    let own = id(|b| b).unwrap();
    let others = id(|b| b.presented_by(["android", "ios"])).unwrap();
    let with = |azp: &str| id_claims("\"app\"").set("azp", azp);
    for (claims, alone, named) in [
        (id_claims("\"app\""), "accept", "accept"),
        (with("\"app\""), "accept", "accept"),
        (with("\"android\""), "claim_invalid azp", "accept"),
        (with("\"\\u0069os\""), "claim_invalid azp", "accept"),
        (
            with("\"Android\""),
            "claim_invalid azp",
            "claim_invalid azp",
        ),
        (with("\"web\""), "claim_invalid azp", "claim_invalid azp"),
        (with("[\"ios\"]"), "claim_invalid azp", "claim_invalid azp"),
        (with("\"\""), "claim_invalid azp", "claim_invalid azp"),
    ] {
        assert_eq!(outcome(&own, &token(&claims)), alone, "{claims}");
        assert_eq!(outcome(&others, &token(&claims)), named, "{claims}");
    }
    // The audience is not relaxed.
    let aud = id_claims("\"android\"").set("azp", "\"android\"");
    assert_eq!(outcome(&others, &token(aud)), "audience_mismatch aud");
    let aud = id_claims("[\"app\",\"android\"]").set("azp", "\"android\"");
    assert_eq!(outcome(&others, &token(aud)), "audience_mismatch aud");
    let principal = validate(&others, &token(with("\"ios\""))).unwrap();
    assert_eq!(principal.client(), Some("ios"));
    // Nor is any other rule of ID tokens.
    for (claim, expected) in [
        ("events", "type_mismatch events"),
        ("_sd", "type_mismatch _sd"),
        ("status_list", "type_mismatch status_list"),
        ("token_use", "type_mismatch token_use"),
    ] {
        let token = token(with("\"ios\"").set(claim, "\"access\""));
        assert_eq!(outcome(&others, &token), expected);
    }
    for claim in ["at_hash", "c_hash", "s_hash"] {
        let token = token(with("\"ios\"").set(claim, "\"h\""));
        assert_eq!(outcome(&others, &token), "accept");
    }
}

#[test]
fn every_audience_of_an_id_token_is_the_client_or_trusted() {
    let own = id(|b| b).unwrap();
    let others = id(|b| b.trusted_audiences(["project", "api"])).unwrap();
    let with = |aud: &str| id_claims(aud).set("azp", "\"app\"");
    for (claims, alone, named) in [
        (with("[\"app\"]"), "accept", "accept"),
        (
            with("[\"project\",\"app\"]"),
            "audience_mismatch aud",
            "accept",
        ),
        (
            with("[\"app\",\"project\",\"\\u0061pi\"]"),
            "audience_mismatch aud",
            "accept",
        ),
        (
            with("[\"app\",\"project\",\"web\"]"),
            "audience_mismatch aud",
            "audience_mismatch aud",
        ),
        (
            with("[\"project\"]"),
            "audience_mismatch aud",
            "audience_mismatch aud",
        ),
        (
            with("\"project\""),
            "audience_mismatch aud",
            "audience_mismatch aud",
        ),
        (
            id_claims("[\"app\",\"project\"]"),
            "claim_missing azp",
            "claim_missing azp",
        ),
        (
            id_claims("[\"app\",\"project\"]").set("azp", "\"project\""),
            "claim_invalid azp",
            "claim_invalid azp",
        ),
    ] {
        assert_eq!(outcome(&own, &token(&claims)), alone, "{claims}");
        assert_eq!(outcome(&others, &token(&claims)), named, "{claims}");
    }
}

#[test]
fn lists_for_id_tokens_do_not_build_if_empty_or_for_access_tokens() {
    let none: [&str; 0] = [];
    for names in [&none[..], &[""], &["a", ""]] {
        let names = || names.iter().copied();
        let built = id(|b| b.presented_by(names()));
        refused(built, ConfigErrorKind::Empty, "presented_by");
        let built = id(|b| b.trusted_audiences(names()));
        refused(built, ConfigErrorKind::Empty, "trusted_audiences");
    }
    let built = builder().presented_by(["a"]).build();
    refused(built, ConfigErrorKind::Conflict, "presented_by");
    let built = builder().trusted_audiences(["a"]).build();
    refused(built, ConfigErrorKind::Conflict, "trusted_audiences");
    // They can be set where the preset is chosen.
    let early = JwtValidator::builder().issuer(ISSUER).id_token("app");
    let early = early.presented_by(["a"]).trusted_audiences(["b"]);
    assert!(early.keys(secret().into()).build().is_ok());
}
