//! Denials: the decision, its trace, and what is often wrong.

use bearergate::policy::{Decision, Rule, action, authorize_fn, param};
use bearergate::testing::TokenBuilder;
use bearergate::{Authorizer, Policy, claim, require_scope};

use crate::common::*;

fn explained(
    authorizer: impl Authorizer + 'static,
    token: TokenBuilder,
) -> bearergate::gate::RequestExplanation {
    let gate = full(&Keys::new(), &Proofs::default()).authorizer(authorizer);
    agreed(
        &gate.authorizes_per_route().build().unwrap(),
        &bearer(&token.sign()),
    )
}

#[test]
fn a_denial_has_its_reasons_and_the_whole_trace() {
    let policy = Policy::builder()
        .rule(Rule::permit(
            "read",
            require_scope("orders:read") & claim("tenant").is("acme"),
        ))
        .build()
        .unwrap();
    let denied = explained(policy.clone(), claims().claim("tenant", "canary"));
    let (section, step) = failure(&denied);
    assert_eq!((section, step.name()), ("authorization", "policy"));
    assert_eq!(found(&denied), "denied: not_met (claim tenant)");
    let trace = denied.trace().unwrap();
    assert_eq!(Some(trace.decision()), denied.refusal().unwrap().decision());
    let version = policy.version();
    assert_eq!(denied.policy_version(), Some(version.as_str()));
    assert!(
        denied
            .to_string()
            .contains("- claim tenant: expected `acme`, found a string of 6 bytes")
    );
    assert!(!denied.to_string().contains("canary"), "{denied}");

    let allowed = explained(policy, claims().claim("tenant", "acme"));
    assert!(allowed.refusal().is_none());
    assert!(allowed.trace().unwrap().decision().is_allowed());
}

#[test]
fn scopes_in_another_claim_are_found() {
    let reader = || require_scope("orders:read");
    for claim in ["scp", "permissions", "roles"] {
        for value in [
            serde_json::json!(["orders:read"]),
            serde_json::json!("orders:read orders:write"),
        ] {
            let denied = explained(reader(), claims().without("scope").claim(claim, value));
            assert!(
                hint(&denied).contains(&format!("`scopes_from(\"{claim}\")`")),
                "{denied}"
            );
        }
    }
    let other = explained(
        reader(),
        claims().without("scope").claim("scp", "canary:write"),
    );
    assert!(
        hint(&other).contains("the token has no `scope` but `scp`"),
        "{other}"
    );
    assert!(!other.to_string().contains("canary"));
    // With another scope in `scope` the claim `scope` is right.
    let lacking = explained(reader(), claims().scope("canary:write").claim("scp", "x"));
    assert!(!hint(&lacking).contains("scopes_from"), "{lacking}");
    assert!(explained(reader(), claims()).refusal().is_none());
}

#[test]
fn scopes_in_another_spelling_are_found() {
    let denied = |held: &str| explained(require_scope("orders:read"), claims().scope(held));
    assert!(hint(&denied("Orders:Read")).contains("in another spelling"));
    assert!(hint(&denied("api://canary/orders:read")).contains("behind a prefix"));
    assert!(
        !denied("api://canary/orders:read")
            .to_string()
            .contains("canary")
    );
    assert!(!hint(&denied("reorders:read")).contains("prefix"));
}

#[test]
fn what_a_gate_cannot_supply_is_named() {
    let denied = explained(action("read"), claims());
    assert!(
        hint(&denied).contains("an action (`AccessRequest::with_action`)"),
        "{denied}"
    );
    let denied = explained(param("id").is("7") | claim("tenant").is("acme"), claims());
    assert!(
        hint(&denied).contains("parameters of the route"),
        "{denied}"
    );
    let denied = explained(claim("tenant").is("acme"), claims());
    assert!(!hint(&denied).contains("AccessRequest"), "{denied}");
}

#[test]
fn an_authorizer_without_a_trace_has_its_decision() {
    let own = authorize_fn("own rule", |_| Decision::deny().because("own rule"));
    let denied = explained(own, claims());
    assert_eq!(found(&denied), "denied: not_met (own rule)");
    assert!(denied.trace().is_none() && denied.policy_version().is_none());
}

#[test]
fn values_are_shown_only_on_the_setting_of_a_developer() {
    let gate = full(&Keys::new(), &Proofs::default()).authorizer(claim("tenant").is("acme"));
    let gate = gate.build().unwrap();
    let parts = bearer(&claims().claim("tenant", "canary-tenant").sign());
    let hidden = wait(gate.explain(&parts));
    let shown = wait(gate.explain_with_values(&parts));
    let kind = |own: &bearergate::gate::RequestExplanation| own.refusal().unwrap().kind();
    assert_eq!(kind(&hidden), kind(&shown));
    for text in [shown.to_string(), shown.to_json(), shown.to_html()] {
        assert!(
            text.contains("canary-subject") && text.contains("canary-tenant"),
            "{text}"
        );
    }
    for text in [hidden.to_string(), hidden.to_json(), hidden.to_html()] {
        assert!(!text.contains("canary"), "{text}");
    }
}
