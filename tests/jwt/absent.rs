//! Claims that count as absent where an issuer writes an empty string or `null`.

use bearergate::JwtValidator;
use bearergate::error::ConfigErrorKind;

use crate::common::*;

const NAMES: [&str; 5] = ["sub", "azp", "client_id", "jti", "scope"];

fn empty(names: &[&str]) -> JwtValidator {
    let builder = builder().absent_if_empty(names.iter().copied());
    builder.build().unwrap()
}

fn null(names: &[&str]) -> JwtValidator {
    let builder = builder().absent_if_null(names.iter().copied());
    builder.build().unwrap()
}

/// The outcome for a claim that is held to its type, whatever it is.
fn invalid(claim: &str) -> String {
    format!("claim_invalid {claim}")
}

#[test]
fn empty_claims_are_absent_only_if_they_are_named() {
    for name in NAMES {
        let token = token(claims().set(name, "\"\""));
        assert_eq!(outcome(&empty(&[name]), &token), "accept", "{name}");
        assert_eq!(outcome(&empty(&NAMES), &token), "accept", "{name}");
        if name != "scope" {
            // An empty scope is an empty set.
            for validator in [validator(), null(&NAMES)] {
                assert_eq!(outcome(&validator, &token), invalid(name));
            }
            let others: Vec<_> = NAMES.into_iter().filter(|other| *other != name).collect();
            assert_eq!(outcome(&empty(&others), &token), invalid(name));
        }
    }
}

#[test]
fn null_claims_are_absent_only_if_they_are_named() {
    for name in NAMES {
        let token = token(claims().set(name, "null"));
        assert_eq!(outcome(&null(&[name]), &token), "accept", "{name}");
        for validator in [validator(), empty(&NAMES)] {
            assert_eq!(outcome(&validator, &token), invalid(name));
        }
        let others: Vec<_> = NAMES.into_iter().filter(|other| *other != name).collect();
        assert_eq!(outcome(&null(&others), &token), invalid(name));
    }
}

#[test]
fn no_other_value_and_no_other_claim_is_relaxed() {
    let both = builder().absent_if_empty(NAMES).absent_if_null(NAMES);
    let both = both.build().unwrap();
    for name in ["sub", "azp", "client_id", "jti"] {
        for raw in [
            "7",
            "false",
            "[]",
            "{}",
            "[\"\"]",
            "[null]",
            "\"a\\n\"",
            "\"\\u0000\"",
        ] {
            let token = token(claims().set(name, raw));
            assert_eq!(outcome(&both, &token), invalid(name), "{raw}");
        }
        // White space is not empty.
        assert_eq!(
            outcome(&both, &token(claims().set(name, "\" \""))),
            "accept"
        );
    }
    for raw in ["7", "false", "{}", "[null]"] {
        let token = token(claims().set("scope", raw));
        assert_eq!(outcome(&both, &token), "claim_invalid scope", "{raw}");
    }
    for name in ["iss", "aud", "exp", "nbf", "iat", "cnf", "act"] {
        let token = token(claims().set(name, "null"));
        assert_eq!(outcome(&both, &token), invalid(name));
    }
    let token = token(claims().set("iss", "\"\""));
    assert_eq!(outcome(&both, &token), "issuer_mismatch iss");
}

#[test]
fn principal_does_not_have_what_counts_as_absent() {
    let blank = claims()
        .set("sub", "\"\"")
        .set("client_id", "\"\"")
        .set("scope", "\"\"");
    let principal = validate(&empty(&NAMES), &token(&blank)).unwrap();
    assert_eq!(principal.subject(), None);
    assert_eq!(principal.client(), None);
    assert!(principal.scopes().is_none());
    assert_eq!(principal.claims().json(), blank.to_string());
    // The client is then named by `azp`.
    let party = blank.clone().set("azp", "\"party\"");
    let principal = validate(&empty(&NAMES), &token(party)).unwrap();
    assert_eq!(principal.client(), Some("party"));
    let principal = validate(&empty(&["sub", "client_id"]), &token(&blank)).unwrap();
    assert_eq!(principal.scopes().unwrap().iter().count(), 0);
}

#[test]
fn requirement_is_not_met_by_what_counts_as_absent() {
    let blank = token(claims().set("sub", "\"\"").set("client_id", "null"));
    let relaxed = || {
        builder()
            .absent_if_empty(["sub"])
            .absent_if_null(["client_id"])
    };
    for (builder, expected) in [
        (relaxed(), "accept"),
        (relaxed().allow_clients(["app"]), "claim_missing client_id"),
        (relaxed().require_claim("sub", ""), "claim_missing sub"),
        (relaxed().client_from("sub"), "accept"),
        (
            relaxed().client_from("sub").allow_clients([" "]),
            "claim_missing sub",
        ),
        (
            relaxed().access_mark("client_id"),
            "type_mismatch client_id",
        ),
    ] {
        assert_eq!(outcome(&builder.build().unwrap(), &blank), expected);
    }
    let strict = relaxed().rfc9068().build().unwrap();
    let header = header().set("typ", "\"at+jwt\"");
    let full = claims().set("client_id", "\"app\"").set("jti", "\"1\"");
    assert_eq!(outcome(&strict, &mac(&header, &full)), "accept");
    let blank = full.set("sub", "\"\"");
    assert_eq!(outcome(&strict, &mac(&header, blank)), "claim_missing sub");
}

#[test]
fn scopes_are_read_from_the_same_claim() {
    let validator = builder().scopes_from("scp").absent_if_null(["scope"]);
    let validator = validator.build().unwrap();
    for (raw, expected) in [("\"a\"", "accept"), ("null", "claim_invalid scp")] {
        let token = token(claims().set("scope", "null").set("scp", raw));
        assert_eq!(outcome(&validator, &token), expected);
    }
    let same = builder().scopes_from("scope").absent_if_null(["scope"]);
    let token = token(claims().set("scope", "null"));
    let principal = validate(&same.build().unwrap(), &token).unwrap();
    assert!(principal.scopes().is_none());
}

#[test]
fn limited_claims_keep_the_value_of_the_token() {
    let bounded = builder()
        .absent_if_null(["scope", "sub"])
        .grants(["a"], ["b"]);
    let blank = token(claims().set("scope", "null").set("sub", "null"));
    let principal = validate(&bounded.build().unwrap(), &blank).unwrap();
    assert!(principal.scopes().is_none());
    assert_eq!(principal.subject(), None);
    assert_eq!(principal.claims().value("scope").unwrap().raw(), "null");
}

#[test]
fn other_names_and_empty_lists_do_not_build() {
    let error = |built: Result<JwtValidator, bearergate::ConfigError>| {
        let error = built.unwrap_err();
        (error.kind(), error.field())
    };
    for name in [
        "iss", "aud", "exp", "nbf", "iat", "cnf", "act", "nonce", "Sub", "tenant", "",
    ] {
        assert_eq!(
            error(builder().absent_if_empty(["sub", name]).build()),
            (ConfigErrorKind::ValueMalformed, "absent_if_empty"),
            "{name}"
        );
        assert_eq!(
            error(builder().absent_if_null([name]).build()),
            (ConfigErrorKind::ValueMalformed, "absent_if_null"),
            "{name}"
        );
    }
    let none: [&str; 0] = [];
    assert_eq!(
        error(builder().absent_if_empty(none).build()),
        (ConfigErrorKind::Empty, "absent_if_empty")
    );
    assert_eq!(
        error(builder().absent_if_null(none).build()),
        (ConfigErrorKind::Empty, "absent_if_null")
    );
}
