//! Limits on what an issuer may assert.

use bearergate::clock::UnixTime;
use bearergate::error::ConfigErrorKind;
use bearergate::key::KeySet;
use bearergate::policy::{AccessRequest, Truth, client};
use bearergate::{Authorizer, Gate, JwtValidator, Principal, claim, require_scope};

use crate::common;

fn token() -> String {
    let payload = common::claims()
        .set("scope", r#""orders:read admin""#)
        .set("sub", r#""al\u0069ce""#)
        .set("te\\u006eant", r#""acme""#)
        .set("role", r#""root""#);
    common::token(payload)
}

fn validated(validator: &JwtValidator) -> Principal {
    common::validate(validator, &token()).unwrap()
}

fn bounded() -> JwtValidator {
    let builder = common::builder().grants(["orders:read"], ["tenant"]);
    builder.build().unwrap()
}

#[test]
fn principal_has_only_granted_claims() {
    let principal = validated(&bounded());
    let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
    assert_eq!(scopes, ["orders:read"]);
    assert_eq!(principal.subject(), Some("alice"));
    assert_eq!(principal.claims().get("tenant").unwrap(), Some("acme"));
    assert!(principal.claims().value("role").is_none());
    assert!(!principal.claims().json().contains("root"));
    assert!(principal.claims().value("exp").is_some());
}

#[test]
fn scope_claim_has_only_granted_scopes() {
    for (scope, left) in [
        (r#""orders:read admin""#, r#""orders:read""#),
        (r#"["admin","orders\u003aread"]"#, r#""orders:read""#),
        (r#""admin""#, r#""""#),
    ] {
        let token = common::token(common::claims().set("scope", scope));
        let principal = common::validate(&bounded(), &token).unwrap();
        let claims = principal.claims();
        assert_eq!(claims.value("scope").unwrap().raw(), left, "{scope}");
        assert!(!claims.json().contains("admin"), "{scope}");
    }
    let token = common::token(common::claims().without("scope"));
    let principal = common::validate(&bounded(), &token).unwrap();
    assert!(principal.claims().value("scope").is_none());
}

#[test]
fn claim_that_is_read_in_place_of_scope_has_only_granted_scopes() {
    let scopes = || common::claims().set("scope", r#""admin a""#);
    let bounded = |claims: &[&str]| {
        let builder = common::builder().scopes_from("scp");
        let builder = builder.grants(["orders:read"], claims.iter().copied());
        builder.build().unwrap()
    };
    for (scp, left) in [
        (r#""orders:read admin""#, r#""orders:read""#),
        (r#"["admin","orders\u003aread"]"#, r#""orders:read""#),
        (r#"["admin"]"#, r#""""#),
    ] {
        for name in ["scp", "s\\u0063p"] {
            let token = common::token(scopes().set(name, scp));
            let principal = common::validate(&bounded(&["scp", "tenant"]), &token).unwrap();
            let claims = principal.claims();
            assert_eq!(claims.value("scp").unwrap().raw(), left, "{scp}");
            assert_eq!(claims.value("scope").unwrap().raw(), r#""""#);
            assert!(!claims.json().contains("admin"), "{scp}");
            assert!(!principal.scopes().unwrap().contains("admin"));
        }
    }
    // Without a grant of the claim itself it is left out, and another claim is not touched.
    let token = common::token(
        scopes()
            .set("scp", r#""admin""#)
            .set("tenant", r#""admin""#),
    );
    let principal = common::validate(&bounded(&["tenant"]), &token).unwrap();
    assert!(principal.claims().value("scp").is_none());
    assert_eq!(principal.claims().get("tenant").unwrap(), Some("admin"));
}

#[test]
fn scope_is_granted_as_a_whole() {
    let granted = ["orders", "orders:read:own", "admin"];
    let bounded = common::builder().grants(granted, ["tenant"]).build();
    let bounded = bounded.unwrap();
    let scope = r#""orders:read order orders:read:own:x orders admi Admin administer""#;
    let token = common::token(common::claims().set("scope", scope));
    let principal = common::validate(&bounded, &token).unwrap();
    let left: Vec<_> = principal.scopes().unwrap().iter().collect();
    assert_eq!(left, ["orders"]);
    assert_eq!(
        principal.claims().value("scope").unwrap().raw(),
        r#""orders""#
    );
}

#[test]
fn claim_is_granted_as_a_whole() {
    let payload = ["ten", "tenant", "tenant_id", "Tenant"]
        .iter()
        .fold(common::claims(), |all, name| all.set(name, "1"));
    let principal = common::validate(&bounded(), &common::token(payload)).unwrap();
    for (name, is_kept) in [
        ("tenant", true),
        ("ten", false),
        ("tenant_id", false),
        ("Tenant", false),
    ] {
        assert_eq!(principal.claims().value(name).is_some(), is_kept, "{name}");
    }
}

#[test]
fn claims_that_other_checks_need_are_kept() {
    let status = r#"{"status_list":{"idx":7,"uri":"https://idp.example.com/list"}}"#;
    let payload = common::claims()
        .set("status", status)
        .set("sid", r#""s1""#)
        .set("status_list", "1")
        .set("sub_id", "1")
        .set("statuses", "1");
    // Under its own `typ` a token may have claims that mark others elsewhere.
    let token = common::mac(common::header().set("typ", r#""at+jwt""#), payload);
    let principal = common::validate(&bounded(), &token).unwrap();
    let claims = principal.claims();
    assert_eq!(claims.value("status").unwrap().raw(), status);
    assert!(claims.value("sid").is_some());
    for name in ["status_list", "sub_id", "statuses"] {
        assert!(claims.value(name).is_none(), "{name}");
    }
}

#[test]
fn status_that_is_no_place_in_a_list_has_to_be_granted() {
    for (status, is_kept) in [
        (r#"{"status_list":{"idx":7}}"#, true),
        (r#""gold""#, false),
        ("1", false),
        (r#"["gold"]"#, false),
        ("true", false),
        ("null", false),
    ] {
        let token = common::token(common::claims().set("status", status));
        let has_status = |validator| {
            let principal = common::validate(&validator, &token).unwrap();
            principal.claims().value("status").is_some()
        };
        assert_eq!(has_status(bounded()), is_kept, "{status}");
        let granting = common::builder().grants(["orders:read"], ["status"]);
        assert!(has_status(granting.build().unwrap()), "{status}");
    }
}

#[test]
fn without_grants_the_principal_has_all_claims() {
    let principal = validated(&common::builder().build().unwrap());
    assert!(principal.scopes().unwrap().contains("admin"));
    assert_eq!(principal.claims().get("role").unwrap(), Some("root"));
}

#[test]
fn grants_do_not_change_the_token_id() {
    let whole = validated(&common::builder().build().unwrap());
    assert!(whole.token_id().is_some());
    assert_eq!(validated(&bounded()).token_id(), whole.token_id());
}

#[test]
fn scope_that_is_not_granted_allows_nothing() {
    let decide = |validator: &JwtValidator| {
        let principal = validated(validator);
        let request = AccessRequest::new(&principal, UnixTime::from_secs(common::NOW));
        let wanted = require_scope("admin");
        wanted.authorize(&request).try_now().unwrap().is_allowed()
    };
    assert!(decide(&common::builder().build().unwrap()));
    assert!(!decide(&bounded()));
}

#[test]
fn client_or_subject_of_a_partner_is_not_ours_because_it_has_the_same_name() {
    const PARTNER: &str = "https://other.example.com";
    let partner = JwtValidator::builder()
        .issuer(PARTNER)
        .audience(common::AUDIENCE)
        .keys(KeySet::from(common::secret()))
        .grants(["orders:read"], [""; 0]);
    let both = JwtValidator::join([bounded(), partner.build().unwrap()]).unwrap();
    let claims = || {
        let claims = common::claims().set("client_id", r#""billing""#);
        claims.set("azp", r#""billing""#).set("sub", r#""alice""#)
    };
    let own = common::validate(&both, &common::token(claims())).unwrap();
    let theirs = claims().set("iss", format!("{PARTNER:?}"));
    let theirs = common::validate(&both, &common::token(theirs)).unwrap();
    let issuer = own.authority().clone();
    assert_eq!(
        (theirs.authority().as_str(), theirs.client()),
        (PARTNER, Some("billing"))
    );
    for bare in [
        client("billing"),
        claim("client_id").is("billing"),
        claim("azp").one_of(["billing"]).unwrap(),
        claim("sub").starts_with("ali"),
        claim("sub").matches("alice").unwrap(),
    ] {
        let ours = bare.clone().of(issuer.clone());
        for (caller, is_ours) in [(&own, true), (&theirs, false)] {
            let single = AccessRequest::new(caller, UnixTime::from_secs(common::NOW));
            let several = single.with_contested_ids();
            assert!(bare.evaluate(&single).is_true(), "one authority only");
            assert_eq!(bare.evaluate(&several), Truth::Unknown);
            assert_eq!(ours.evaluate(&several), Truth::from(is_ours));
        }
    }
}

#[test]
fn gate_with_two_issuers_needs_grants_for_each() {
    let other = || {
        JwtValidator::builder()
            .issuer("https://other.example.com")
            .audience(common::AUDIENCE)
            .keys(KeySet::from(common::secret()))
    };
    let gate = |other: JwtValidator| {
        let both = JwtValidator::join([bounded(), other]).unwrap();
        let builder = Gate::builder().validator(both);
        builder.authorizer(require_scope("orders:read")).build()
    };
    assert!(gate(other().grants(["x"], ["y"]).build().unwrap()).is_ok());
    let error = gate(other().build().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Conflict);
}
