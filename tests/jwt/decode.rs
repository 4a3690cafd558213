//! Tokens validated straight to the claims of the service's own type.

use std::collections::BTreeMap;

use bearergate::RejectionKind;
use bearergate::principal::{ClaimError, ClaimErrorKind};
use serde::Deserialize;

use crate::common::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Own {
    sub: String,
    admin: Option<bool>,
}

fn decoded(token: &str) -> Result<Own, bearergate::Rejection> {
    let validator = builder().build().unwrap();
    validator.decode(token).try_now().unwrap()
}

#[test]
fn decode_returns_the_claims_of_accepted_tokens_only() {
    let token = mac(header(), claims());
    let own = Own {
        sub: "alice".into(),
        admin: None,
    };
    assert_eq!(decoded(&token).unwrap(), own);
    let late = mac(header(), claims().set("exp", NOW - 60));
    assert_eq!(
        decoded(&late).unwrap_err().kind(),
        RejectionKind::TokenExpired
    );
    let prefixed = decoded(&format!("Bearer {token}")).unwrap_err();
    assert_eq!(prefixed.kind(), RejectionKind::TokenMalformed);
}

#[test]
fn decode_rejects_claims_of_another_type_and_says_why() {
    let token = |admin: &str| mac(header(), claims().set("admin", admin));
    assert_eq!(decoded(&token("true")).unwrap().admin, Some(true));
    let rejection = decoded(&token("\"true\"")).unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::ClaimInvalid);
    assert_eq!(rejection.claim(), Some("admin"));
    let source = std::error::Error::source(&rejection).unwrap();
    assert_eq!(
        source.to_string(),
        "claim `admin`: expected a boolean, found a string"
    );
    let error = source.downcast_ref::<ClaimError>().unwrap();
    assert_eq!(error.kind(), ClaimErrorKind::WrongType);
}

#[test]
fn decode_names_a_claim_that_is_missing() {
    let validator = builder().build().unwrap();
    let token = |claims| mac(header(), claims);
    let tenant = |token: &str| validator.decode::<Tenant>(token).try_now().unwrap();
    let own = tenant(&token(claims().set("tenant", "\"acme\""))).unwrap();
    assert_eq!(own.tenant, "acme");
    let rejection = tenant(&token(claims())).unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::ClaimInvalid);
    assert_eq!(rejection.claim(), Some("tenant"));
    let source = std::error::Error::source(&rejection).unwrap();
    assert_eq!(source.to_string(), "claim `tenant` is missing");
    // A name that is only in the token is no name to blame.
    let all = |value: &str| {
        let token = token(claims().set("level", value));
        let read = validator.decode::<BTreeMap<String, serde_json::Value>>(&token);
        read.try_now().unwrap().unwrap();
        let read = validator.decode::<BTreeMap<String, Small>>(&token);
        read.try_now().unwrap().unwrap_err()
    };
    assert_eq!(all("1").claim(), None);
}

#[derive(Debug, Deserialize)]
struct Tenant {
    tenant: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only reading is tested")]
struct Small(u8);

#[test]
fn decode_returns_nothing_that_was_not_granted() {
    let validator = builder()
        .grants(["orders:read"], ["tenant"])
        .build()
        .unwrap();
    let token = mac(
        header(),
        claims().set("admin", "true").set("tenant", "\"acme\""),
    );
    let claims: serde_json::Value = validator.decode(&token).try_now().unwrap().unwrap();
    assert_eq!(
        (&claims["tenant"], claims.get("admin")),
        (&"acme".into(), None)
    );
}
