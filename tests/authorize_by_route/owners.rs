//! Owners that a path names, with and without percent escapes.

use axum::Router;
use axum::body::Body;
use axum::extract::RawPathParams;
use axum::routing::get;
use bearergate::Policy;
use bearergate::policy::{
    AccessRequest, Condition, Decision, ReasonCode, RouteTable, Rule, condition_fn, owner, param,
};
use bearergate::require_scope;
use http::{Method, Request, StatusCode};
use proptest::prelude::*;
use tower::ServiceExt;

use crate::{IDP, NOW, decide, user};

const PATTERN: &str = "/users/{user}/orders";

fn own() -> Condition {
    owner(param("user").of(IDP))
}

fn by_path() -> RouteTable {
    let table = RouteTable::by_path().route(Method::GET, PATTERN, own());
    table.build().unwrap()
}

fn at(spelled: &str) -> String {
    format!("/users/{spelled}/orders")
}

/// The decision of a handler behind the router of axum, about the parameter that axum decoded.
async fn behind_axum(caller: &str, path: &str) -> bool {
    let caller = user(caller);
    let table = RouteTable::by_route().route(Method::GET, PATTERN, own());
    let table = table.build().unwrap();
    let handler = async move |method: Method, params: RawPathParams| {
        let params: Vec<_> = params.iter().collect();
        let request = AccessRequest::new(&caller, NOW).with_resource(PATTERN);
        let request = request.with_action(method.as_str()).with_params(&params);
        match table.decide(&request).is_allowed() {
            true => StatusCode::OK,
            false => StatusCode::FORBIDDEN,
        }
    };
    let app: Router = Router::new().route(PATTERN, get(handler));
    let request = Request::get(path).body(Body::empty()).unwrap();
    let status = app.oneshot(request).await.unwrap().status();
    // The route matches, whatever it decides.
    assert!(
        [StatusCode::OK, StatusCode::FORBIDDEN].contains(&status),
        "{path}"
    );
    status == StatusCode::OK
}

#[tokio::test]
async fn the_owner_is_the_same_behind_the_router_and_in_the_table() {
    let table = by_path();
    for (id, spellings) in [
        ("auth0|123", ["auth0|123", "auth0%7C123", "auth0%7c123"]),
        ("a@b.c", ["a@b.c", "a%40b.c", "a%40b.c"]),
        ("urn:x:y", ["urn:x:y", "urn%3Ax%3Ay", "urn:x%3ay"]),
        ("é", ["%C3%A9", "%c3%a9", "%C3%a9"]),
        ("John Doe", ["John%20Doe"; 3]),
        ("a+b@c", ["a+b@c", "a%2Bb%40c", "a+b%40c"]),
        ("日本", ["%E6%97%A5%E6%9C%AC"; 3]),
    ] {
        for spelled in spellings {
            let path = at(spelled);
            for (caller, expected) in [(id, true), ("alice", false), (spelled, spelled == id)] {
                let decided = decide(&table, &user(caller), &Method::GET, &path);
                assert_eq!(decided.is_allowed(), expected, "{caller} {path}: {decided}");
                assert_eq!(
                    behind_axum(caller, &path).await,
                    expected,
                    "{caller} {path}"
                );
            }
        }
    }
}

fn ambiguous(decision: &Decision) -> Option<&str> {
    let mut reasons = decision.reasons().iter();
    let reason = reasons.find(|reason| reason.code() == ReasonCode::Ambiguous)?;
    Some(reason.name())
}

#[test]
fn a_parameter_with_two_readings_is_denied_and_named() {
    let table = by_path();
    let delimiter = "it escapes `?` or `#`, which end a path";
    let space = "a segment begins or ends with an escaped space";
    for (id, spelled, why, twin_id, twin) in [
        ("alice?", "alice%3F", delimiter, "alice!", "alice%21"),
        ("alice#a", "alice%23a", delimiter, "alice!a", "alice%21a"),
        ("alice ", "alice%20", space, "alice b", "alice%20b"),
        (" alice", "%20alice", space, "b alice", "b%20alice"),
        (
            "alice\u{a0}",
            "alice%C2%A0",
            space,
            "alice\u{a1}",
            "alice%C2%A1",
        ),
        (
            "alice\u{3000}",
            "alice%E3%80%80",
            space,
            "alice\u{3001}",
            "alice%E3%80%81",
        ),
    ] {
        let denied = decide(&table, &user(id), &Method::GET, &at(spelled));
        let expected = format!("parameter `user` is encoded ambiguously: {why}");
        assert_eq!(ambiguous(&denied), Some(&*expected), "{denied}");
        assert_eq!(denied.kind(), Some(bearergate::RejectionKind::AccessDenied));
        let allowed = decide(&table, &user(twin_id), &Method::GET, &at(twin));
        assert!(allowed.is_allowed(), "{twin}: {allowed}");
    }
}

#[test]
fn only_a_guard_that_reads_the_parameter_names_it() {
    let denied = |guard: Condition| {
        let table = RouteTable::by_path().any_method(PATTERN, guard);
        let table = table.build().unwrap();
        let path = at("alice%20");
        decide(&table, &user("alice "), &Method::GET, &path)
    };
    assert!(ambiguous(&denied(require_scope("a"))).is_none());
    assert!(ambiguous(&denied(param("other").is("a"))).is_none());
    assert!(ambiguous(&denied(owner(param("other").of(IDP)))).is_none());
    assert!(ambiguous(&denied(param("user").is("alice "))).is_some());
    assert!(ambiguous(&denied(!param("user").is("alice "))).is_some());
    assert!(ambiguous(&denied(require_scope("a") & own())).is_some());
    assert!(ambiguous(&denied(condition_fn("f", |_| false))).is_some());
    let policy = Policy::builder().rule(Rule::permit("own", own()));
    let policy = policy.build().unwrap();
    let table = RouteTable::by_path().any_method(PATTERN, policy);
    let table = table.build().unwrap();
    let in_policy = decide(&table, &user("alice "), &Method::GET, &at("alice%20"));
    assert!(ambiguous(&in_policy).is_some(), "{in_policy}");
    // A guard that depends on nothing of it allows.
    let open = RouteTable::by_path().any_method(PATTERN, condition_fn("anyone", |_| true));
    let open = open.build().unwrap();
    let allowed = decide(&open, &user("bob"), &Method::GET, &at("alice%20"));
    assert!(allowed.is_allowed());
    assert!(ambiguous(&allowed).is_none(), "{allowed}");
}

#[test]
fn parameters_that_are_given_by_hand_stay_as_they_are() {
    let caller = user("alice ");
    for (value, expected) in [("alice ", true), ("alice%20", false)] {
        let params = [("user", value)];
        let request = AccessRequest::new(&caller, NOW).with_params(&params);
        assert_eq!(own().decide(&request).is_allowed(), expected, "{value}");
    }
}

/// One character of an id and a way to write it.
fn piece() -> impl Strategy<Value = (char, u8)> {
    let special = "|@:+ .-_~!$&'()*,=;\\/%?#\"<>[]{}^`\0\n\u{7f}\u{85}\u{a0}éß日\u{ff0f}\u{200b}";
    let special: Vec<_> = special.chars().collect();
    let letters = prop::char::range('a', 'e');
    let c = prop_oneof![letters, prop::sample::select(special), any::<char>()];
    (c, 0..3_u8)
}

fn id(pieces: &[(char, u8)]) -> String {
    pieces.iter().map(|(c, _)| *c).collect()
}

fn spelled(pieces: &[(char, u8)]) -> String {
    let mut text = String::new();
    for (c, way) in pieces {
        let is_raw = c.is_ascii_graphic() && !"%/?#<>^`".contains(*c);
        let mut bytes = [0; 4];
        for byte in c.encode_utf8(&mut bytes).bytes() {
            match way {
                0 if is_raw => text.push(char::from(byte)),
                1 => text.push_str(&format!("%{byte:02x}")),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_path_is_of_exactly_one_owner_or_ambiguous(
        pieces in prop::collection::vec(piece(), 1..6),
        others in prop::collection::vec(piece(), 1..6),
    ) {
        let table = by_path();
        let path = at(&spelled(&pieces));
        let own = decide(&table, &user(&id(&pieces)), &Method::GET, &path);
        prop_assert!(own.is_allowed() || ambiguous(&own).is_some(), "{path}: {own}");
        // Another id, also one that differs by a spelling only.
        let mut similar = pieces.clone();
        similar.truncate(pieces.len() - 1);
        similar.extend_from_slice(others.get(..1).unwrap());
        let candidates = [id(&others), id(&similar), spelled(&pieces), id(&pieces).trim().to_owned()];
        for other in candidates.iter().filter(|other| **other != id(&pieces)) {
            let decided = decide(&table, &user(other), &Method::GET, &path);
            prop_assert!(!decided.is_allowed(), "{other:?} {path}");
        }
    }

    #[test]
    fn a_usual_id_is_allowed_however_it_is_encoded(
        pieces in prop::collection::vec((prop::sample::select(vec!['a', '7', '|', '@', ':', '+', 'é']), 0..3_u8), 1..8),
    ) {
        // Letters and digits need no escape.
        let plain = |(c, way): (char, u8)| (c, if c.is_ascii_alphanumeric() { 0 } else { way });
        let pieces: Vec<_> = pieces.into_iter().map(plain).collect();
        let path = at(&spelled(&pieces));
        let own = decide(&by_path(), &user(&id(&pieces)), &Method::GET, &path);
        prop_assert!(own.is_allowed(), "{path}: {own}");
    }
}
