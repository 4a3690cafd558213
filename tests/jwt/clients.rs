//! The client of a token that is named by a claim of the issuer's own.

use bearergate::JwtValidator;
use bearergate::error::ConfigErrorKind;

use crate::common::*;

fn from(claim: &str) -> JwtValidator {
    builder().client_from(claim).build().unwrap()
}

fn client(validator: &JwtValidator, claims: &Text) -> Option<String> {
    let principal = validate(validator, &token(claims)).unwrap();
    principal.client().map(str::to_owned)
}

fn app(raw: &str) -> Text {
    claims().set("appid", raw)
}

#[test]
fn client_is_read_from_the_named_claim_only() {
    let full = app("\"a\\u0070p\"")
        .set("client_id", "\"id\"")
        .set("azp", "\"party\"");
    assert_eq!(client(&from("appid"), &full).unwrap(), "app");
    assert_eq!(client(&validator(), &full).unwrap(), "id");
    let without = full.without("appid");
    assert_eq!(client(&from("appid"), &without), None);
    assert_eq!(client(&from("azp"), &without).unwrap(), "party");
    assert_eq!(
        client(&from("azp"), &without.set("client_id", "\"id\"")).unwrap(),
        "party"
    );
    // The name of the claim may be spelled with escapes in the token.
    let escaped = claims().set("app\\u0069d", "\"app\"");
    assert_eq!(client(&from("appid"), &escaped).unwrap(), "app");
}

#[test]
fn client_claim_is_held_to_the_rule_for_client_id() {
    let validator = from("appid");
    for raw in ["\"a\"", "\"a b\"", "\"\\u00e9\""] {
        assert_eq!(outcome(&validator, &token(app(raw))), "accept", "{raw}");
    }
    for raw in [
        "\"\"",
        "null",
        "7",
        "true",
        "[\"a\"]",
        "{}",
        "\"a\\n\"",
        "\"\u{9f}\"",
        "\"\\u007f\"",
    ] {
        let token = token(app(raw));
        assert_eq!(outcome(&validator, &token), "claim_invalid appid", "{raw}");
        assert_eq!(outcome(&crate::common::validator(), &token), "accept");
    }
}

#[test]
fn other_client_claims_stay_held_to_their_rule() {
    for name in ["client_id", "azp"] {
        for raw in ["\"\"", "null", "7", "\"a\\n\""] {
            let token = token(app("\"app\"").set(name, raw));
            let expected = format!("claim_invalid {name}");
            assert_eq!(outcome(&from("appid"), &token), expected, "{raw}");
        }
    }
}

#[test]
fn client_claim_is_read_before_the_type() {
    let bad = mac(header().set("typ", "\"dpop+jwt\""), app("7"));
    assert_eq!(outcome(&from("appid"), &bad), "claim_invalid appid");
    let good = mac(header().set("typ", "\"dpop+jwt\""), app("\"app\""));
    assert_eq!(outcome(&from("appid"), &good), "type_mismatch typ");
}

#[test]
fn allowed_clients_are_compared_with_the_named_claim() {
    // The order of the two settings makes no difference.
    let first = builder().client_from("appid").allow_clients(["app"]);
    let last = builder().allow_clients(["app"]).client_from("appid");
    for validator in [first, last].map(|b| b.build().unwrap()) {
        for (claims, expected) in [
            (app("\"app\""), "accept"),
            (app("\"\\u0061pp\""), "accept"),
            (app("\"app\"").set("client_id", "\"other\""), "accept"),
            (app("\"App\""), "claim_invalid appid"),
            (claims(), "claim_missing appid"),
            (
                claims().set("client_id", "\"app\"").set("azp", "\"app\""),
                "claim_missing appid",
            ),
            (
                app("\"other\"").set("client_id", "\"app\""),
                "claim_invalid appid",
            ),
        ] {
            assert_eq!(outcome(&validator, &token(&claims)), expected, "{claims}");
        }
    }
}

#[test]
fn client_stays_when_the_claims_are_limited() {
    let validator = builder().client_from("appid").grants(["a"], ["b"]);
    let validator = validator.build().unwrap();
    assert_eq!(client(&validator, &app("\"app\"")).unwrap(), "app");
}

#[test]
fn client_claim_without_a_name_does_not_build() {
    let error = builder().client_from("").build().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Empty);
    assert_eq!(error.field(), "client_from");
}
