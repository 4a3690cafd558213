//! The choice of the validator, the scheme of its credential, and the revocation lists.

use bearergate::RejectionKind;
use bearergate::validator::Shape;

use crate::common::*;

#[test]
fn an_opaque_token_at_a_jwt_validator_asks_for_the_audience() {
    let gate = named_jwt();
    let explained = agreed(&gate, &bearer("6f1ed002ab5595859014ebf0951522d9"));
    let (section, step) = failure(&explained);
    assert_eq!((section, step.name()), ("validation", "validator"));
    assert_eq!(step.expected_text(), Some("a JWT"));
    assert_eq!(step.found_text(), Some("an opaque text of 32 characters"));
    assert!(hint(&explained).starts_with("not a JWT: was an audience requested?"));
    assert!(agreed(&gate, &bearer(&claims().sign())).refusal().is_none());
}

fn named_jwt() -> bearergate::Gate {
    let gate = bearergate::Gate::builder()
        .validator(jwt(&Proofs::default()))
        .clock(clock());
    gate.allow_any_authenticated().build().unwrap()
}

#[test]
fn a_jwt_at_a_gate_without_a_validator_for_it_is_named() {
    let keys = Keys::new();
    let gate = bearergate::Gate::builder()
        .validator(keys.validator.clone())
        .clock(clock());
    let gate = gate.allow_any_authenticated().build().unwrap();
    let explained = agreed(&gate, &bearer(&claims().sign()));
    assert_eq!(found(&explained), "a JWT");
    assert!(hint(&explained).contains("`JwtValidator`"));

    // An opaque validator takes it, and the step says so.
    let gate = named(Named::new(Shape::Opaque))
        .allow_any_authenticated()
        .build()
        .unwrap();
    let explained = agreed(&gate, &bearer(&claims().sign()));
    let step = &explained.section("validation").unwrap().steps()[0];
    assert!(
        step.hint_text().unwrap().contains("`JwtValidator`"),
        "{explained}"
    );
    let explained = agreed(&gate, &bearer("opaque"));
    let step = &explained.section("validation").unwrap().steps()[0];
    assert_eq!(step.hint_text(), None, "{explained}");
}

#[test]
fn an_api_key_of_another_environment_is_recognised() {
    let keys = Keys::new();
    let gate = reader(&keys, &Proofs::default());
    let key = keys.issue();
    let explained = agreed(&gate, &bearer(&key.replace("acme_live_", "acme_test_")));
    assert!(
        hint(&explained).contains("the key of another environment"),
        "{explained}"
    );
    assert!(hint(&explained).contains("`acme_live_`"), "{explained}");
    let explained = agreed(&gate, &bearer(&key.replace("acme_live_", "other_test_")));
    assert!(!hint(&explained).contains("environment"), "{explained}");
    assert!(agreed(&gate, &bearer(&key)).refusal().is_none());
}

#[test]
fn an_sd_jwt_and_a_long_token_are_named() {
    let gate = named_jwt();
    let explained = agreed(&gate, &bearer(&format!("{}~", claims().sign())));
    assert_eq!(found(&explained), "an SD-JWT");
    let explained = agreed(&gate, &bearer(&"a".repeat(70_000)));
    assert_eq!(failure(&explained).1.name(), "size");
    assert_eq!(found(&explained), "70000 bytes");
}

#[test]
fn the_scheme_of_an_accepted_credential_is_checked() {
    let gate = reader(&Keys::new(), &Proofs::default());
    let under = |scheme: &str, token: &str| {
        let value = format!("{scheme} {token}");
        agreed(&gate, &parts(with(get(), "authorization", &value)))
    };
    let refused = under("DPoP", &claims().sign());
    assert_eq!(
        refused.refusal().unwrap().kind(),
        RejectionKind::BindingMismatch
    );
    assert!(under("DPoP", &bound().sign()).refusal().is_none());
    assert!(under("Bearer", &claims().sign()).refusal().is_none());

    // A validator of the user's own, which does not look at the scheme.
    let sources = bearergate::credential::Sources::builder()
        .dpop()
        .build()
        .unwrap();
    let gate = named(Named::new(Shape::Opaque)).sources(sources);
    let gate = gate.allow_any_authenticated().build().unwrap();
    let explained = agreed(&gate, &parts(with(get(), "authorization", "DPoP any")));
    assert_eq!(failure(&explained).1.name(), "scheme");
    assert!(
        found(&explained).contains("a token that is not"),
        "{explained}"
    );
    assert!(agreed(&gate, &bearer("any")).refusal().is_none());
}

#[test]
fn revocation_lists_are_asked_in_order() {
    let open =
        |builder: bearergate::gate::GateBuilder| builder.allow_any_authenticated().build().unwrap();
    let opaque = || named(Named::new(Shape::Opaque));
    let explained = agreed(
        &open(opaque().revocations(Revokes(RejectionKind::TokenRevoked))),
        &bearer("a"),
    );
    let (section, step) = failure(&explained);
    assert_eq!((section, step.name()), ("revocation", "revocation list"));
    assert!(found(&explained).contains("the token is revoked"));
    // The caller is known, and the policy is not reached.
    assert!(
        explained.to_string().contains("Caller: other of named"),
        "{explained}"
    );
    let policy = explained.section("authorization").unwrap();
    assert_eq!(policy.steps()[0].outcome().as_str(), "skipped");

    let explained = agreed(&open(opaque()), &bearer("a"));
    let list = &explained.section("revocation").unwrap().steps()[0];
    assert_eq!(list.found_text(), Some("no list is configured"));
}

#[test]
fn a_token_of_another_audience_is_explained_in_one_call() {
    let keys = Keys::new();
    let gate = reader(&keys, &Proofs::default());
    let explained = agreed(
        &gate,
        &bearer(&claims().audience("https://other.example.com").sign()),
    );
    let (section, step) = failure(&explained);
    assert_eq!((section, step.name()), ("validation", "audience"));
    assert!(
        step.expected_text().unwrap().contains(AUDIENCE),
        "{explained}"
    );
    assert!(
        found(&explained).contains("https://other.example.com"),
        "{explained}"
    );
    assert!(!hint(&explained).is_empty());
    // The refusal itself names the kind and the claim, and its source the values.
    let refusal = explained.refusal().unwrap();
    assert_eq!(
        refusal.to_string(),
        "refused with 401: the token is meant for another audience (claim `aud`)"
    );
    let source = std::error::Error::source(refusal).unwrap().to_string();
    assert!(
        source.contains(AUDIENCE) && source.contains("https://other.example.com"),
        "{source}"
    );

    let slash = agreed(
        &gate,
        &bearer(&claims().issuer("https://idp.example.com/").sign()),
    );
    assert_eq!(failure(&slash).1.name(), "issuer");
    assert!(hint(&slash).contains("slash"), "{slash}");
    let opaque = agreed(&gate, &bearer("6f1ed002ab5595859014ebf0951522d9"));
    let source = std::error::Error::source(opaque.refusal().unwrap())
        .unwrap()
        .to_string();
    assert!(source.contains("was an audience requested?"), "{source}");
}
