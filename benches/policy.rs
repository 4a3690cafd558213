//! A policy beside a plain Rust tree of the same rules: 10 and 100 rules, decided by action and by
//! scope.

#![expect(clippy::expect_used, reason = "a bench stops at the first fault")]

use std::hint::black_box;

use bearergate::AccessRequest;
use bearergate::Condition;
use bearergate::Policy;
use bearergate::Principal;
use bearergate::PrincipalKind;
use bearergate::UnixTime;
use bearergate::claim;
use bearergate::policy::Rule;
use bearergate::policy::action;
use bearergate::require_scope;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;

/// The same rules as somebody would write them by hand.
enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Action(String),
    Claim(&'static str, &'static str),
    Scope(String),
}

impl Tree {
    fn holds(&self, request: &AccessRequest<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(request)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(request)),
            Self::Action(name) => request.action() == Some(name),
            Self::Claim(name, wanted) => {
                let value = request.principal().claims().value(name);
                let own = value.and_then(bearergate::json::Value::as_str);
                own.as_deref() == Some(*wanted)
            }
            Self::Scope(name) => {
                let own = request.principal().scopes();
                own.is_some_and(|own| own.contains(name))
            }
        }
    }
}

fn by_action(count: usize) -> (Policy, Tree) {
    let tenant = || claim("tenant").is("acme");
    let rule = |at: usize| action(format!("orders:action-{at}")) & tenant();
    let tree = |at: usize| {
        let tenant = Tree::Claim("tenant", "acme");
        Tree::All(vec![Tree::Action(format!("orders:action-{at}")), tenant])
    };
    (
        policy(count, rule),
        Tree::Any((0..count).map(tree).collect()),
    )
}

fn by_scope(count: usize) -> (Policy, Tree) {
    let rule = |at: usize| require_scope(format!("orders:scope-{at}"));
    let tree = |at: usize| Tree::Scope(format!("orders:scope-{at}"));
    (
        policy(count, rule),
        Tree::Any((0..count).map(tree).collect()),
    )
}

fn policy(count: usize, rule: impl Fn(usize) -> Condition) -> Policy {
    let rules = (0..count).map(|at| Rule::permit(format!("rule {at}"), rule(at)));
    let builder = rules.fold(Policy::builder(), |builder, rule| builder.rule(rule));
    builder.build().expect("a sound policy")
}

fn caller(count: usize) -> Principal {
    let last = format!("orders:scope-{}", count / 2);
    Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com")
        .subject("alice")
        .scopes(["openid", "profile", &last])
        .claims(r#"{"iss":"https://idp.example.com","sub":"alice","tenant":"acme"}"#)
        .expect("an object")
        .build()
}

fn decide(c: &mut Criterion) {
    for count in [10, 100] {
        let caller = caller(count);
        let verb = format!("orders:action-{}", count / 2);
        let request = AccessRequest::new(&caller, UnixTime::from_secs(0)).with_action(&verb);
        for (what, (policy, tree)) in [("action", by_action(count)), ("scope", by_scope(count))] {
            assert!(policy.decide(&request).is_allowed() && tree.holds(&request));
            let mut group = c.benchmark_group(format!("policy {count} by {what}"));
            group.bench_function("bearergate", |b| {
                b.iter(|| policy.decide(black_box(&request)));
            });
            group.bench_function("plain rust", |b| {
                b.iter(|| tree.holds(black_box(&request)));
            });
        }
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
