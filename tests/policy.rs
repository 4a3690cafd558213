//! Conditions: three values, deny by default, and the reasons of a deny.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

mod policy_helpers;

use bearergate::error::ConfigErrorKind;
use bearergate::policy::{
    AccessRequest, Condition, Decision, ReasonCode, Truth, authorize_fn, condition_fn,
};
use bearergate::principal::PrincipalKind;
use bearergate::{Authorizer, Principal, RejectionKind, claim, require_scope};
use policy_helpers::{NOW, TRUTHS, caller, fixed, scoped};
use proptest::prelude::*;

fn decide(policy: &Condition, caller: &Principal) -> Decision {
    policy.decide(&AccessRequest::new(caller, NOW))
}

fn truth(policy: &Condition, caller: &Principal) -> Truth {
    policy.evaluate(&AccessRequest::new(caller, NOW))
}

fn allows(policy: &Condition, caller: &Principal) -> bool {
    decide(policy, caller).is_allowed()
}

fn kind(policy: &Condition, caller: &Principal) -> Option<RejectionKind> {
    decide(policy, caller).kind()
}

fn missing(policy: &Condition, caller: &Principal) -> Vec<String> {
    let decision = decide(policy, caller);
    decision.missing_scopes().map(str::to_owned).collect()
}

fn reasons(policy: &Condition, caller: &Principal) -> Vec<(ReasonCode, String)> {
    let decision = decide(policy, caller);
    let reasons = decision.reasons().iter();
    reasons.map(|r| (r.code(), r.name().to_owned())).collect()
}

// Defect L02 (negation of a missing claim allows): docs/defects.md
#[test]
fn negation_of_a_missing_or_wrong_typed_claim_is_unknown() {
    let policy = claim("role").is("banned").not();
    assert!(allows(&policy, &caller(r#"{"role":"reader"}"#)));
    assert_eq!(
        truth(&policy, &caller(r#"{"role":"banned"}"#)),
        Truth::False
    );
    for claims in [
        "{}",
        r#"{"Role":"reader"}"#,
        r#"{"role":null}"#,
        r#"{"role":7}"#,
        r#"{"role":false}"#,
        r#"{"role":["reader"]}"#,
        r#"{"role":{"is":"reader"}}"#,
    ] {
        let caller = caller(claims);
        assert_eq!(truth(&policy, &caller), Truth::Unknown, "{claims}");
        assert_eq!(kind(&policy, &caller), Some(RejectionKind::AccessDenied));
    }
}

// Defect L02 (negation of a missing claim allows): docs/defects.md
#[test]
fn negation_of_a_missing_scope_claim_is_unknown() {
    let policy = !require_scope("admin");
    assert!(allows(&policy, &scoped(&["read"])));
    assert!(allows(&policy, &scoped(&[])));
    assert!(!allows(&policy, &scoped(&["admin"])));
    assert_eq!(truth(&policy, &caller("{}")), Truth::Unknown);
    assert!(!allows(&policy, &caller("{}")));
}

// Defect L03 (scope compared by a part of it): docs/defects.md
#[test]
fn scopes_are_compared_as_exact_members() {
    let policy = require_scope("read");
    assert!(allows(&policy, &scoped(&["read"])));
    assert!(allows(&policy, &scoped(&["write", "read"])));
    for other in [
        "readwrite",
        "read:all",
        "rea",
        "not-read",
        "READ",
        "read\twrite",
        "read\u{a0}write",
        "read,write",
        "read\n",
        "\"read\"",
    ] {
        let caller = scoped(&[other]);
        assert_eq!(truth(&policy, &caller), Truth::False, "{other:?}");
        assert_eq!(
            kind(&policy, &caller),
            Some(RejectionKind::ScopeInsufficient)
        );
    }
}

// Defect L03 (scope compared by a part of it): docs/defects.md
#[test]
fn a_scope_name_with_a_space_or_without_text_denies() {
    for name in ["", " ", "read write", " read"] {
        assert!(!allows(&require_scope(name), &scoped(&["read", "write"])));
    }
}

// Defect B14 (claim coerced to another type): docs/defects.md
#[test]
fn a_claim_is_compared_without_coercion() {
    let holds = |claims: &str, policy: Condition| truth(&policy, &caller(claims));
    let verified = || claim("email_verified").is(true);
    assert_eq!(holds(r#"{"email_verified":true}"#, verified()), Truth::True);
    assert_eq!(
        holds(r#"{"email_verified":false}"#, verified()),
        Truth::False
    );
    for other in ["\"true\"", "1", "[]", "[true]", "{}", "null", "\"\""] {
        let claims = format!(r#"{{"email_verified":{other}}}"#);
        assert_eq!(holds(&claims, verified()), Truth::Unknown, "{other}");
        assert_eq!(holds(&claims, verified().not()), Truth::Unknown);
    }
    let level = || claim("level").is(2);
    assert_eq!(holds(r#"{"level":2}"#, level()), Truth::True);
    assert_eq!(holds(r#"{"level":3}"#, level()), Truth::False);
    for other in ["\"2\"", "2.0", "2e0", "true", "20000000000000000000"] {
        let claims = format!(r#"{{"level":{other}}}"#);
        assert_eq!(holds(&claims, level()), Truth::Unknown, "{other}");
        assert_eq!(holds(&claims, level().not()), Truth::Unknown, "{other}");
    }
    let password = || claim("password").is("null");
    assert_eq!(holds(r#"{"password":null}"#, password()), Truth::Unknown);
    assert_eq!(holds(r#"{"password":"null"}"#, password()), Truth::True);
    assert_eq!(
        holds(r#"{"password":"n\u0075ll"}"#, password()),
        Truth::True
    );
}

#[test]
fn absence_is_required_by_name() {
    let policy = claim("suspended").absent();
    assert!(allows(&policy, &caller("{}")));
    for claims in [r#"{"suspended":true}"#, r#"{"suspended":null}"#] {
        assert_eq!(truth(&policy, &caller(claims)), Truth::False);
    }
}

#[test]
fn combined_conditions_follow_the_truth_tables_of_kleene() {
    let nobody = caller("{}");
    for a in TRUTHS {
        assert_eq!(truth(&fixed(a).not(), &nobody), a.not());
        assert_eq!(truth(&!!fixed(a), &nobody), a);
        for b in TRUTHS {
            let and = fixed(a).and(fixed(b));
            let or = fixed(a).or(fixed(b));
            assert_eq!(truth(&and, &nobody), a.and(b), "{a:?} and {b:?}");
            assert_eq!(truth(&or, &nobody), a.or(b), "{a:?} or {b:?}");
            assert_eq!(allows(&and, &nobody), a.and(b).is_true());
            assert_eq!(allows(&or, &nobody), a.or(b).is_true());
            assert_eq!(truth(&(fixed(a) & fixed(b)), &nobody), a.and(b));
            assert_eq!(truth(&(fixed(a) | fixed(b)), &nobody), a.or(b));
            for c in TRUTHS {
                let mixed = (fixed(a) | fixed(b)) & !fixed(c);
                assert_eq!(truth(&mixed, &nobody), a.or(b).and(c.not()));
            }
        }
    }
}

#[test]
fn all_and_any_need_a_condition() {
    assert_eq!(
        Condition::all([]).unwrap_err().kind(),
        ConfigErrorKind::Empty
    );
    assert_eq!(
        Condition::any([]).unwrap_err().kind(),
        ConfigErrorKind::Empty
    );
    let all = Condition::all(["a", "b"].map(require_scope)).unwrap();
    assert!(allows(&all, &scoped(&["a", "b"])));
    assert!(!allows(&all, &scoped(&["a"])));
    let any = Condition::any(["a", "b"].map(require_scope)).unwrap();
    assert!(allows(&any, &scoped(&["b"])));
    assert!(!allows(&any, &scoped(&["c"])));
}

#[test]
fn a_deny_names_the_missing_scopes() {
    let policy = require_scope("a")
        .and(require_scope("b"))
        .and(fixed(Truth::True));
    assert_eq!(missing(&policy, &scoped(&["c"])), ["a", "b"]);
    assert_eq!(missing(&policy, &scoped(&["a"])), ["b"]);
    let insufficient = Some(RejectionKind::ScopeInsufficient);
    assert_eq!(kind(&policy, &scoped(&["a"])), insufficient);
    assert_eq!(kind(&policy, &caller("{}")), insufficient);
    assert_eq!(missing(&policy, &caller("{}")), ["a", "b"]);
    assert_eq!(kind(&policy, &scoped(&["a", "b"])), None);
}

#[test]
fn a_deny_names_the_scopes_of_the_nearest_allow() {
    let policy = claim("role")
        .is("admin")
        .or(require_scope("a") & require_scope("b"));
    let reader = caller(r#"{"role":"reader"}"#);
    assert_eq!(
        kind(&policy, &reader),
        Some(RejectionKind::ScopeInsufficient)
    );
    assert_eq!(missing(&policy, &reader), ["a", "b"]);
    let either = (require_scope("a") & require_scope("b")) | require_scope("c");
    assert_eq!(missing(&either, &scoped(&[])), ["c"]);
    assert_eq!(missing(&either, &scoped(&["a"])), ["b"]);
}

#[test]
fn a_forbidden_scope_is_not_reported_as_missing() {
    let policy = require_scope("admin").not();
    for caller in [scoped(&["admin"]), caller("{}")] {
        assert_eq!(kind(&policy, &caller), Some(RejectionKind::AccessDenied));
        assert!(missing(&policy, &caller).is_empty());
    }
}

#[test]
fn reasons_name_conditions_and_their_effect() {
    let policy = require_scope("a") & claim("tenant").is("acme") & claim("role").is("x").not();
    let reader = caller(r#"{"tenant":"other"}"#);
    assert_eq!(
        reasons(&policy, &reader),
        [
            (ReasonCode::ScopeMissing, "scope a".to_owned()),
            (ReasonCode::NotMet, "claim tenant".to_owned()),
            (ReasonCode::Unknown, "claim role".to_owned()),
        ]
    );
    let allow = claim("tenant").is("acme") | claim("tenant").is("other");
    assert_eq!(
        reasons(&allow, &reader),
        [(ReasonCode::Met, "claim tenant".to_owned())]
    );
}

#[test]
fn closures_are_named_in_reasons() {
    let own = condition_fn("own order", |r: &AccessRequest<'_>| {
        Some(r.principal().subject()? == r.resource()?)
    });
    let alice = Principal::builder(PrincipalKind::Other, "idp")
        .subject("alice")
        .build();
    let request = AccessRequest::new(&alice, NOW).with_resource("alice");
    assert!(own.decide(&request).is_allowed());
    let denied = own.decide(&request.with_resource("bob"));
    assert_eq!(denied.to_string(), "denied: not_met (own order)");
    let unknown = own.clone().not().decide(&AccessRequest::new(&alice, NOW));
    assert_eq!(unknown.to_string(), "denied: unknown (own order)");

    let shift = authorize_fn("day shift", |_| Decision::deny());
    let decision = shift.authorize(&request).try_now().unwrap();
    assert_eq!(decision.to_string(), "denied: not_met (day shift)");
    let shift = authorize_fn("day shift", |_| Decision::allow());
    let decision = shift.authorize(&request).try_now().unwrap();
    assert_eq!(decision.to_string(), "allowed: met (day shift)");
    let shift = authorize_fn("day shift", |_| Decision::deny().because("night"));
    let decision = shift.authorize(&request).try_now().unwrap();
    assert_eq!(decision.to_string(), "denied: not_met (night)");
}

#[test]
fn a_deep_condition_does_not_overflow_the_stack() {
    let mut policy = fixed(Truth::True);
    for _ in 0..3_000 {
        policy = (policy.not() | fixed(Truth::False)).not() & fixed(Truth::True);
    }
    assert!(allows(&policy, &caller("{}")));
    assert!(!allows(&policy.clone().not(), &caller("{}")));
    assert_eq!(truth(&!policy, &caller("{}")), Truth::False);
}

#[test]
fn values_of_caller_and_configuration_are_not_shown() {
    let policy = claim("tenant").is("s3cret").and(require_scope("a").not());
    let caller = caller(r#"{"tenant":"s3cret too"}"#);
    let decision = decide(&policy, &caller);
    let request = AccessRequest::new(&caller, NOW);
    let shown = format!("{policy:?} {decision:?} {decision} {request:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("claim tenant"), "{shown}");
    assert!(shown.contains("not scope a"), "{shown}");
}

/// A condition and its expected value, computed without the code under test.
#[derive(Clone, Debug)]
enum Tree {
    And(Box<Self>, Box<Self>),
    Is(usize, usize),
    Not(Box<Self>),
    Or(Box<Self>, Box<Self>),
    Scope(usize),
}

const NAMES: [&str; 3] = ["a", "b", "c"];
const VALUES: [&str; 4] = ["\"x\"", "\"y\"", "true", "1"];

impl Tree {
    fn condition(&self) -> Condition {
        match self {
            Self::And(a, b) => a.condition().and(b.condition()),
            Self::Is(name, 0) => claim(NAMES[*name]).is("x"),
            Self::Is(name, 1) => claim(NAMES[*name]).is("y"),
            Self::Is(name, 2) => claim(NAMES[*name]).is(true),
            Self::Is(name, _) => claim(NAMES[*name]).is(1),
            Self::Not(a) => a.condition().not(),
            Self::Or(a, b) => a.condition().or(b.condition()),
            Self::Scope(name) => require_scope(NAMES[*name]),
        }
    }

    fn expected(&self, facts: &Facts) -> Truth {
        match self {
            Self::And(a, b) => a.expected(facts).and(b.expected(facts)),
            Self::Is(name, wanted) => match facts.claims[*name] {
                Some(value) if value == *wanted => Truth::True,
                Some(value) if value < 2 && *wanted < 2 => Truth::False,
                _ => Truth::Unknown,
            },
            Self::Not(a) => a.expected(facts).not(),
            Self::Or(a, b) => a.expected(facts).or(b.expected(facts)),
            Self::Scope(name) => facts.scopes.map(|own| own[*name]).into(),
        }
    }
}

#[derive(Clone, Debug)]
struct Facts {
    claims: [Option<usize>; 3],
    scopes: Option<[bool; 3]>,
}

impl Facts {
    fn principal(&self) -> Principal {
        let claims = NAMES.iter().zip(self.claims);
        let members: Vec<_> = claims
            .filter_map(|(name, value)| Some(format!("\"{name}\":{}", VALUES[value?])))
            .collect();
        let builder = Principal::builder(PrincipalKind::Other, "idp");
        let builder = builder
            .claims(format!("{{{}}}", members.join(",")))
            .unwrap();
        match self.scopes {
            None => builder.build(),
            Some(own) => {
                let own = NAMES.iter().zip(own).filter(|(_, has)| *has);
                builder.scopes(own.map(|(name, _)| name)).build()
            }
        }
    }

    /// The same facts without one claim; the last one is the scope claim.
    fn without(&self, at: usize) -> Self {
        let mut less = self.clone();
        match less.claims.get_mut(at) {
            Some(claim) => *claim = None,
            None => less.scopes = None,
        }
        less
    }

    fn with_all_scopes_of(&self, missing: &[String]) -> Self {
        let mut more = self.clone();
        let own = more.scopes.get_or_insert_default();
        for (name, has) in NAMES.iter().zip(own) {
            *has |= missing.iter().any(|m| m == name);
        }
        more
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (0..3_usize, 0..4_usize).prop_map(|(name, value)| Tree::Is(name, value)),
        (0..3_usize).prop_map(Tree::Scope),
    ];
    leaf.prop_recursive(6, 40, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone()
                .prop_map(|(a, b)| Tree::And(a.into(), b.into())),
            pair.prop_map(|(a, b)| Tree::Or(a.into(), b.into())),
            inner.prop_map(|a| Tree::Not(a.into())),
        ]
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let claims = prop::array::uniform3(prop::option::of(0..4_usize));
    let scopes = prop::option::of(prop::array::uniform3(any::<bool>()));
    (claims, scopes).prop_map(|(claims, scopes)| Facts { claims, scopes })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_condition_evaluates_as_its_tree(tree in tree(), facts in facts()) {
        let (condition, caller) = (tree.condition(), facts.principal());
        let expected = tree.expected(&facts);
        prop_assert_eq!(truth(&condition, &caller), expected);
        let decision = decide(&condition, &caller);
        prop_assert_eq!(decision.is_allowed(), expected.is_true());
        prop_assert!(!decision.reasons().is_empty());
    }

    #[test]
    fn removing_a_claim_never_turns_a_deny_into_an_allow(tree in tree(), facts in facts()) {
        let condition = tree.condition();
        if !allows(&condition, &facts.principal()) {
            for at in 0..=NAMES.len() {
                prop_assert!(!allows(&condition, &facts.without(at).principal()));
            }
        }
    }

    #[test]
    fn combining_satisfies_the_laws_of_logic(a in tree(), b in tree(), facts in facts()) {
        let caller = facts.principal();
        let [a, b] = [a.condition(), b.condition()];
        let evaluate = |condition: Condition| truth(&condition, &caller);
        prop_assert_eq!(evaluate(a.clone() & b.clone()), evaluate(b.clone() & a.clone()));
        prop_assert_eq!(evaluate(a.clone() | b.clone()), evaluate(b.clone() | a.clone()));
        prop_assert_eq!(evaluate(!(a.clone() & b.clone())), evaluate(!a.clone() | !b.clone()));
        prop_assert_eq!(evaluate(!!a.clone()), evaluate(a));
    }

    #[test]
    fn granting_the_missing_scopes_allows(tree in tree(), facts in facts()) {
        let condition = tree.condition();
        let caller = facts.principal();
        let lacks_only_scopes = reasons(&condition, &caller)
            .iter()
            .all(|(code, _)| *code == ReasonCode::ScopeMissing);
        // A scope may be required in one place and forbidden in another.
        let forbids = format!("{condition:?}").contains("not scope");
        if lacks_only_scopes && !forbids && !allows(&condition, &caller) {
            let more = facts.with_all_scopes_of(&missing(&condition, &caller));
            prop_assert!(allows(&condition, &more.principal()));
        }
    }
}
