//! The cost of a decision: no allocation on an allow, no rule for another action or scope.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use allocation_counter::measure;
use bearergate::clock::UnixTime;
use bearergate::policy::{
    AccessRequest, Condition, Obligations, PolicyHandle, RouteTable, Rule, action, address_in,
    condition_fn, owner, param, role, time_between,
};
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use bearergate::{Authorizer, Policy, Principal, claim, require_scope};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn alice() -> Principal {
    Principal::builder(PrincipalKind::Session, "idp")
        .subject("alice")
        .scopes(["s7", "s8", "s9"])
        .claims(r#"{"tenant":"acme","roles":["boss","clerk"],"level":5,"\u0061":"\u0062"}"#)
        .unwrap()
        .build()
}

/// The number of allocations of a decision that allows.
fn allocations(authorizer: &dyn Authorizer, request: &AccessRequest<'_>) -> u64 {
    let decide = || authorizer.authorize(request).try_now().unwrap();
    // A condition is compiled, and the workspace of a pattern allocated, by the first evaluation.
    assert!(decide().is_allowed());
    measure(|| drop(decide())).count_total
}

#[test]
fn an_allow_does_not_allocate() {
    let alice = alice();
    let uri = http::Uri::from_static("/users/alice");
    let headers = http::HeaderMap::new();
    let facts = RequestFacts::new(&http::Method::GET, &uri, &headers);
    let request = AccessRequest::new(&alice, NOW)
        .with_action("a7")
        .with_params(&[("user", "alice")])
        .with_address("192.0.2.7".parse().unwrap())
        .with_facts(&facts);
    let condition = require_scope("s7")
        & (role("guest") | role("clerk"))
        & claim("tenant").one_of(["zeta", "acme"]).unwrap()
        & claim("tenant").starts_with("ac")
        & claim("tenant").matches("[a-z]+").unwrap()
        & claim("a").is("b")
        & claim("level").at_least(5)
        & claim("suspended").absent_or_is(false)
        & owner(param("user").of("idp"))
        & address_in(["192.0.2.0/24"]).unwrap()
        & time_between("22:00", "23:00", "Z").unwrap()
        & !condition_fn("never", |_| false);
    assert_eq!(allocations(&condition, &request), 0);
    for count in [1, 10, 100, 1_000] {
        let both = policy(count, |at| {
            action(at_name("a", at)) & require_scope(at_name("s", at))
        });
        let by_scope = policy(count, |at| require_scope(at_name("s", count - 1 - at)));
        let by_claim = policy(count, |_| claim("tenant").is("acme"));
        let request = request.with_action(if count == 1 { "a0" } else { "a7" });
        if count > 8 {
            assert_eq!(allocations(&both, &request), 0, "{count}");
            assert_eq!(allocations(&by_scope, &request), 0, "{count}");
        }
        assert_eq!(allocations(&by_claim, &request), 0, "{count}");
    }
    let table = RouteTable::by_path()
        .any_method("/users/{user}", condition)
        .build()
        .unwrap();
    assert_eq!(allocations(&table, &request), 0);
    assert_eq!(allocations(&PolicyHandle::new(table), &request), 0);
}

fn at_name(prefix: &str, at: usize) -> String {
    format!("{prefix}{at}")
}

fn policy(count: usize, condition: impl Fn(usize) -> Condition) -> Policy {
    let rule = |at: usize| {
        let obligations = Obligations::new().with_rate_class("bulk");
        Rule::permit(format!("rule {at}"), condition(at)).with_obligations(obligations)
    };
    let builder = (0..count)
        .map(rule)
        .fold(Policy::builder(), |builder, rule| builder.rule(rule));
    builder.build().unwrap()
}

/// The number of rules that are evaluated.
fn counted(head: impl Fn(usize) -> Condition, request: &AccessRequest<'_>) -> u64 {
    let evaluated = Arc::new(AtomicU64::new(0));
    let count = || {
        let evaluated = Arc::clone(&evaluated);
        condition_fn("counted", move |_| {
            evaluated.fetch_add(1, Ordering::Relaxed);
            true
        })
    };
    let policy = policy(100, |at| count() & head(at));
    assert!(policy.decide(request).is_allowed());
    evaluated.load(Ordering::Relaxed)
}

#[test]
fn rules_for_another_action_route_or_scope_are_not_evaluated() {
    let alice = alice();
    let request = AccessRequest::new(&alice, NOW)
        .with_action("a70")
        .with_resource("r70");
    assert_eq!(counted(|at| action(at_name("a", at)), &request), 1);
    let by_route = |at| bearergate::policy::route(at_name("r", at)).named("route");
    assert_eq!(counted(by_route, &request), 1);
    let by_scope = |at| require_scope(at_name("s", 99 - at));
    assert_eq!(counted(by_scope, &request), 1);
    let either = |at| action(at_name("a", at)) | action(at_name("b", at));
    assert_eq!(counted(either, &request), 1);
}
