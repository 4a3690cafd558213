//! `HEAD`: a route for `GET` is for it too, unless it has a route of its own.

use bearergate::error::ConfigErrorKind;
use bearergate::policy::{AccessRequest, Condition, RouteTable, condition_fn, method};
use bearergate::require_scope;
use http::Method;

use crate::{NOW, decide, user};

fn anyone() -> Condition {
    condition_fn("anyone", |_| true)
}

fn allows(table: &RouteTable, method: Method, path: &str) -> bool {
    decide(table, &user("alice"), &method, path).is_allowed()
}

#[test]
fn a_route_for_get_is_for_head_too() {
    let table = RouteTable::by_path()
        .route(Method::GET, "/orders/{id}", anyone())
        .any_method("/orders/{id}", require_scope("write"))
        .route(Method::POST, "/orders", anyone())
        .build()
        .unwrap();
    assert!(allows(&table, Method::GET, "/orders/7"));
    assert!(allows(&table, Method::HEAD, "/orders/7"));
    assert!(!allows(&table, Method::PUT, "/orders/7"));
    // No other method covers HEAD, and HEAD covers none.
    assert!(!allows(&table, Method::HEAD, "/orders"));
    let head = RouteTable::by_path().route(Method::HEAD, "/orders", anyone());
    let head = head.build().unwrap();
    assert!(allows(&head, Method::HEAD, "/orders"));
    assert!(!allows(&head, Method::GET, "/orders"));
}

#[test]
fn a_route_for_head_decides_about_head() {
    for [get, head] in [
        ["/orders/{id}", "/orders/{order}"],
        ["/o", "/o"],
        ["/f/{*a}", "/f/{*b}"],
    ] {
        let table = RouteTable::by_path()
            .route(Method::GET, get, anyone())
            .route(Method::HEAD, head, require_scope("head"))
            .build()
            .unwrap();
        let path = get.replace("{id}", "7").replace("{*a}", "x/y");
        assert!(allows(&table, Method::GET, &path));
        let denied = decide(&table, &user("alice"), &Method::HEAD, &path);
        assert_eq!(
            denied.to_string(),
            "denied: scope_missing (scope head)",
            "{get}"
        );
    }
}

#[test]
fn the_more_specific_path_decides_about_head() {
    let table = RouteTable::by_path()
        .route(Method::GET, "/orders/new", require_scope("new"))
        .route(Method::GET, "/orders/{id}", require_scope("get"))
        .route(Method::HEAD, "/orders/{id}", anyone())
        .build()
        .unwrap();
    assert!(allows(&table, Method::HEAD, "/orders/7"));
    // A router takes the handler of `/orders/new`, which GET guards.
    assert!(!allows(&table, Method::HEAD, "/orders/new"));
    let crossing = RouteTable::by_path()
        .route(Method::GET, "/a/{x}/c", anyone())
        .route(Method::HEAD, "/a/b/{y}", anyone());
    assert_eq!(
        crossing.build().unwrap_err().kind(),
        ConfigErrorKind::Conflict
    );
}

#[test]
fn a_table_by_route_treats_head_alike() {
    let table = RouteTable::by_route()
        .route(Method::GET, "orders", anyone())
        .route(Method::GET, "users", anyone())
        .route(Method::HEAD, "users", require_scope("head"))
        .build()
        .unwrap();
    let caller = user("alice");
    let allows = |name: &str, verb: &str| {
        let request = AccessRequest::new(&caller, NOW).with_resource(name);
        table.decide(&request.with_action(verb)).is_allowed()
    };
    assert!(allows("orders", "HEAD"));
    assert!(!allows("orders", "head"));
    assert!(allows("users", "GET"));
    assert!(!allows("users", "HEAD"));
}

#[test]
fn a_condition_names_one_method() {
    let table = RouteTable::by_path()
        .any_method("/a", method(Method::GET))
        .any_method("/b", method(Method::GET) | method(Method::HEAD))
        .build()
        .unwrap();
    assert!(!allows(&table, Method::HEAD, "/a"));
    assert!(allows(&table, Method::HEAD, "/b"));
    assert!(allows(&table, Method::GET, "/a"));
}
