//! Allocations of the gate in addition to its validator's: none for an admitted request.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bearergate::clock::UnixTime;
use bearergate::credential::PresentedCredential;
use bearergate::event::{Event, Observer};
use bearergate::policy::{AccessRequest, RouteTable, owner, param};
use bearergate::principal::PrincipalKind;
use bearergate::validator::Shape;
use bearergate::{Gate, NowOrLater, Principal, Rejection, TokenValidator, claim, require_scope};

/// Accepts everything, and returns the same principal.
#[derive(Clone, Debug)]
struct FixedPrincipal(Principal);

impl TokenValidator for FixedPrincipal {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn validate<'a>(
        &'a self,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        NowOrLater::now(Ok(self.0.clone()))
    }
}

fn alice() -> Principal {
    Principal::builder(PrincipalKind::Other, "example")
        .scopes(["orders:write", "orders:read"])
        .claims(r#"{"tenant":"acme","level":3,"verified":true}"#)
        .unwrap()
        .build()
}

fn allocations(mut run: impl FnMut()) -> u64 {
    run();
    allocation_counter::measure(run).count_total
}

#[test]
fn allow_does_not_allocate() {
    let caller = alice();
    let policy = require_scope("admin")
        .or(require_scope("orders:read"))
        .and(claim("tenant").is("acme"))
        .and(claim("level").is(3) & claim("verified").is(true))
        .and(claim("suspended").absent())
        .and(claim("tenant").is("other").not());
    let request = AccessRequest::new(&caller, UnixTime::from_secs(0));
    let count = allocations(|| assert!(policy.decide(&request).is_allowed()));
    assert_eq!(count, 0);
    // A deny has reasons, which shows that the counter works.
    let count = allocations(|| assert!(!policy.clone().not().decide(&request).is_allowed()));
    assert_ne!(count, 0);
}

#[test]
fn gate_does_not_allocate_in_addition_to_its_validator() {
    let gate = Gate::builder()
        .validator(FixedPrincipal(alice()))
        .authorizer(require_scope("orders:read"))
        .build()
        .unwrap();
    let request = http::Request::get("/").header("authorization", "Bearer good");
    let request = request.body(()).unwrap();
    let count = allocations(|| assert!(gate.try_check_now(&request).unwrap().is_ok()));
    assert_eq!(count, 0);
}

#[test]
fn events_of_a_gate_do_not_allocate() {
    let gate = |scope: &str, is_observed: bool| {
        let seen = Seen::default();
        let gate = Gate::builder()
            .validator(FixedPrincipal(alice()))
            .authorizer(require_scope(scope));
        let gate = if is_observed {
            gate.observer(seen.clone())
        } else {
            gate
        };
        (gate.build().unwrap(), seen)
    };
    let request = http::Request::get("/").header("authorization", "Bearer good");
    let request = request.body(()).unwrap();
    for (scope, is_admitted) in [("orders:read", true), ("admin", false)] {
        let count = |gate: &Gate| {
            allocations(|| {
                let checked = gate.try_check_now(&request).unwrap();
                assert_eq!(checked.is_ok(), is_admitted);
            })
        };
        let ((silent, _), (observed, seen)) = (gate(scope, false), gate(scope, true));
        assert_eq!(count(&silent), count(&observed), "{scope}");
        assert_eq!(seen.0.load(Ordering::Relaxed), 2);
    }
}

/// Counts events.
#[derive(Clone, Debug, Default)]
struct Seen(Arc<AtomicUsize>);

impl Observer for Seen {
    fn observe(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_gate_of_a_route_does_not_allocate_either() {
    let own = owner(param("user").of("example"));
    let table = RouteTable::by_path().route(http::Method::GET, "/users/{user}/orders", own);
    let bob = Principal::builder(PrincipalKind::Session, "example");
    let bob = bob.subject("a@b.c").scopes(["orders:read"]).build();
    let base = Gate::builder().validator(FixedPrincipal(bob));
    let base = base.authorizer(table.build().unwrap()).build().unwrap();
    let gate = base.require(require_scope("orders:read")).unwrap();
    let request = |method, path| {
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header("authorization", "Bearer good");
        request.body(()).unwrap()
    };
    for method in ["GET", "HEAD"] {
        let plain = request(method, "/users/a@b.c/orders");
        let count = allocations(|| assert!(gate.try_check_now(&plain).unwrap().is_ok()));
        assert_eq!(count, 0, "{method}");
    }
    // Only escapes are decoded: a list of parameters, their texts, and the text of one.
    let escaped = request("GET", "/users/a%40b.c/orders");
    let count = allocations(|| assert!(gate.try_check_now(&escaped).unwrap().is_ok()));
    assert_eq!(count, 3);
}
