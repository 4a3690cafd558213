//! Gates of single routes: another authorizer, or a further condition.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bearergate::clock::FakeClock;
use bearergate::credential::PresentedCredential;
use bearergate::http_response::Refusal;
use bearergate::policy::{
    AccessRequest, Condition, Decision, Obligations, ReasonCode, Rule, Truth, condition_fn, role,
};
use bearergate::principal::PrincipalKind;
use bearergate::revocation::RevocationList;
use bearergate::validator::Shape;
use bearergate::{
    Authorizer, Gate, NowOrLater, Policy, Principal, Rejection, RejectionKind, TokenValidator,
    require_scope,
};
use http::Request;
use proptest::prelude::*;

use crate::NOW;

/// Accepts every token, whose text is the scopes of the caller, and counts the calls.
#[derive(Clone, Debug, Default)]
struct Scopes(Arc<AtomicUsize>);

impl TokenValidator for Scopes {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let scopes = presented.credential().expose().split('+');
        let caller = Principal::builder(PrincipalKind::Other, "idp").scopes(scopes);
        NowOrLater::now(Ok(caller.build()))
    }
}

#[derive(Debug)]
struct AllRevoked;

impl RevocationList for AllRevoked {
    fn check_revocation<'a>(&'a self, _: &'a Principal) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Err(RejectionKind::TokenRevoked.into()))
    }
}

fn gate(authorizer: impl Authorizer + 'static) -> Gate {
    let gate = Gate::builder().validator(Scopes::default());
    gate.authorizer(authorizer)
        .clock(FakeClock::at(NOW))
        .build()
        .unwrap()
}

fn check(gate: &Gate, token: &str) -> Result<Decision, Refusal> {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let request = request.body(()).unwrap();
    let checked = gate.try_check_now(&request).unwrap();
    checked.map(|admitted| admitted.decision().clone())
}

fn fixed(truth: Truth) -> Condition {
    condition_fn(format!("{truth:?}"), move |_| truth)
}

#[test]
fn another_authorizer_replaces_that_of_the_gate() {
    let read = gate(require_scope("read"));
    let write = read.with_authorizer(require_scope("write")).unwrap();
    for (token, reads, writes) in [
        ("read", true, false),
        ("write", false, true),
        ("x", false, false),
    ] {
        assert_eq!(check(&read, token).is_ok(), reads, "{token}");
        assert_eq!(check(&write, token).is_ok(), writes, "{token}");
    }
}

#[test]
fn validators_lists_and_clock_are_shared() {
    let validator = Scopes::default();
    let builder = || {
        let gate = Gate::builder().validator(validator.clone());
        gate.authorizer(require_scope("a"))
            .clock(FakeClock::at(NOW))
    };
    let base = builder().build().unwrap();
    let other = base.with_authorizer(require_scope("b")).unwrap();
    let both = base.require(require_scope("b")).unwrap();
    for (gate, allowed) in [(&base, true), (&other, false), (&both, false)] {
        assert_eq!(check(gate, "a").is_ok(), allowed);
    }
    assert_eq!(validator.0.load(Ordering::SeqCst), 3);
    let revoked = builder().revocations(AllRevoked).build().unwrap();
    for gate in [
        revoked.with_authorizer(require_scope("a")).unwrap(),
        revoked.require(require_scope("a")).unwrap(),
    ] {
        let refusal = check(&gate, "a").unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::TokenRevoked);
    }
    let request = Request::get("/")
        .header("authorization", "Bearer a")
        .body(())
        .unwrap();
    let admitted = both.require(require_scope("a")).unwrap();
    let caller = admitted
        .authenticate(&request)
        .try_now()
        .ok()
        .unwrap()
        .unwrap();
    assert_eq!(caller.now(), NOW);
}

#[test]
fn a_condition_names_all_scopes_that_are_missing() {
    let both = gate(require_scope("read"));
    let both = both
        .require(require_scope("write") & require_scope("read"))
        .unwrap();
    let missing = |token: &str| {
        let refusal = check(&both, token).unwrap_err();
        let decision = refusal.decision().unwrap().clone();
        let scopes = decision.missing_scopes().map(str::to_owned);
        (refusal.kind(), scopes.collect::<Vec<_>>().join(" "))
    };
    let lacking = RejectionKind::ScopeInsufficient;
    assert_eq!(missing("x"), (lacking, "read write".to_owned()));
    assert_eq!(missing("read"), (lacking, "write".to_owned()));
    assert_eq!(missing("write"), (lacking, "read".to_owned()));
    assert!(check(&both, "read+write").is_ok());
    // What a scope does not remedy is no reason to ask for one.
    let closed = gate(fixed(Truth::False))
        .require(require_scope("read"))
        .unwrap();
    assert_eq!(
        check(&closed, "x").unwrap_err().kind(),
        RejectionKind::AccessDenied
    );
}

#[test]
fn obligations_and_reason_are_those_of_the_gate() {
    let obligations = Obligations::new().with_rate_class("bulk");
    let rule = Rule::permit("readers", require_scope("read")).with_obligations(obligations);
    let policy = Policy::builder().rule(rule).build().unwrap();
    let gate = gate(policy).require(require_scope("list")).unwrap();
    let allowed = check(&gate, "read+list").unwrap();
    assert_eq!(allowed.to_string(), "allowed: met (readers)");
    let class = allowed.obligations().and_then(Obligations::rate_class);
    assert_eq!(class, Some("bulk"));
    let denied = check(&gate, "read").unwrap_err();
    assert_eq!(
        denied.decision().unwrap().reasons()[0].code(),
        ReasonCode::ScopeMissing
    );
}

/// Waits once before it allows.
#[derive(Debug)]
struct Slow;

impl Authorizer for Slow {
    fn authorize<'a>(&'a self, _: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::later(async {
            tokio::task::yield_now().await;
            Decision::allow()
        })
    }
}

#[tokio::test]
async fn an_authorizer_that_waits_is_restricted_too() {
    let restricted = gate(Slow).require(require_scope("a")).unwrap();
    for (token, allowed) in [("a", true), ("b", false)] {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        let request = request.body(()).unwrap();
        assert!(restricted.try_check_now(&request).is_none());
        assert_eq!(restricted.check(&request).await.is_ok(), allowed, "{token}");
    }
}

#[test]
fn a_trace_shows_both_and_has_their_decision() {
    let gate = gate(require_scope("read")).require(role("admin")).unwrap();
    let request = Request::get("/")
        .header("authorization", "Bearer read")
        .body(())
        .unwrap();
    let explained = gate.explain(&request).try_now().ok().unwrap();
    let trace = explained.trace().unwrap().clone().without_times();
    let decision = check(&gate, "read")
        .unwrap_err()
        .decision()
        .unwrap()
        .clone();
    assert_eq!(*trace.decision(), decision);
    let text = trace.to_string();
    assert!(text.contains("+ scope read"), "{text}");
    assert!(text.contains("? claim roles"), "{text}");
}

fn truth() -> impl Strategy<Value = Truth> {
    prop::sample::select(vec![Truth::False, Truth::True, Truth::Unknown])
}

fn condition() -> impl Strategy<Value = Condition> {
    let scope = prop::sample::select(vec!["a", "b", "c"]).prop_map(require_scope);
    let leaf = prop_oneof![scope, truth().prop_map(fixed)];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let pair = (inner.clone(), inner.clone(), any::<bool>());
        let pair = pair.prop_map(|(a, b, all)| if all { a & b } else { a | b });
        prop_oneof![pair, inner.prop_map(|own| !own)]
    })
}

proptest! {
    #[test]
    fn a_further_condition_never_allows_more(
        base in condition(),
        further in condition(),
        token in prop::sample::select(vec!["x", "a", "b", "a+b", "a+b+c"]),
    ) {
        let base = gate(base);
        let restricted = base.require(further.clone()).unwrap();
        let alone = base.with_authorizer(further).unwrap();
        let [base, further, both] = [&base, &alone, &restricted].map(|gate| check(gate, token).is_ok());
        prop_assert_eq!(both, base && further);
    }
}
