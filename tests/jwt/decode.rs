//! Tokens validated straight to the claims of the service's own type.

use bearergate::RejectionKind;
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
    assert!(std::error::Error::source(&rejection).is_some());
}

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
