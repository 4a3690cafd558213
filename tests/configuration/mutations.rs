//! Every value of a valid file, replaced by values of other types.

use serde_json::{Value, json};

use crate::common::{Folder, api_keys, found, issuer, jwks, sessions, with};

/// A valid file with many members, in which nothing is fetched.
fn valid() -> Value {
    let mut own = issuer();
    for (name, value) in [
        ("algorithms", json!(["ES256"])),
        ("leeway", json!("30s")),
        ("max_lifetime", json!("24h")),
        ("access_mark", json!({"claim": "scope", "value": "a"})),
        ("require_claims", json!({"tenant": "acme", "level": 3})),
        ("grants", json!({"scopes": ["a"], "claims": ["tenant"]})),
        ("max_token_bytes", json!(8000)),
        ("rfc9068", json!(true)),
    ] {
        own = with(own, name, value);
    }
    let provider = json!({
        "provider": "auth0",
        "domain": "example.eu.auth0.com",
        "audience": "https://orders.example.com",
        "keys": {"jwks": jwks()},
        "grants": {"scopes": ["b"], "claims": ["tenant"]}
    });
    json!({
        "issuers": [own],
        "providers": [provider],
        "api_keys": with(api_keys(), "basic", json!({"part": "password", "other_part": "api"})),
        "sessions": with(with(sessions(), "lifetime", json!("12h")), "idle", json!("10m")),
        "sources": {"query": ["key"], "allow_origins": ["https://app.example.com"]},
        "policy": {"rules": [{"name": "a", "effect": "permit", "if": {"scope": "a"}}]},
        "response": {"realm": "orders", "body": "empty", "retry_after": "5s"},
        "revocations": {"limit": 10},
        "all_authorities_equal": true
    })
}

/// The JSON pointers of all values in it.
fn pointers(value: &Value, path: &str, all: &mut Vec<String>) {
    all.push(path.to_owned());
    match value {
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                pointers(element, &format!("{path}/{at}"), all);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, &format!("{path}/{name}"), all);
            }
        }
        _ => {}
    }
}

/// Returns true if one place is the other one, or around it.
fn is_related(one: &str, other: &str) -> bool {
    let is_in = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_in(one, other) || is_in(other, one)
}

/// One mistake gives errors only where it is, and the same ones each time.
#[test]
fn one_mistake_is_reported_where_it_is() {
    let folder = Folder::new();
    let valid = valid();
    folder.build(&valid).unwrap();
    let mut all = Vec::new();
    pointers(&valid, "", &mut all);
    let mut refused = 0;
    for pointer in &all {
        for other in [
            json!(null),
            json!(-1),
            json!("x y"),
            json!([]),
            json!({}),
            json!([{}]),
        ] {
            let mut file = valid.clone();
            *file.pointer_mut(pointer).unwrap() = other.clone();
            let Err(errors) = folder.build(&file) else {
                continue;
            };
            refused += 1;
            let again = folder.build(&file).unwrap_err();
            assert_eq!(errors.to_string(), again.to_string());
            // The keys of a set are the matter of the set.
            let place = pointer.split("/jwks").next().unwrap();
            for (path, _) in found(&errors) {
                let is_placed = pointer.is_empty() || !path.is_empty();
                assert!(
                    is_placed && is_related(&path, place),
                    "{pointer} = {other}: {errors}"
                );
            }
        }
    }
    assert!(refused > all.len() * 4, "{refused} of {}", all.len() * 6);
}

/// A removed member is reported at the section that needs it, or is optional.
#[test]
fn one_missing_member_is_reported_where_it_was() {
    let folder = Folder::new();
    let valid = valid();
    let mut all = Vec::new();
    pointers(&valid, "", &mut all);
    for pointer in all {
        let Some((section, name)) = pointer.rsplit_once('/') else {
            continue;
        };
        let mut file = valid.clone();
        let Some(members) = file.pointer_mut(section).and_then(Value::as_object_mut) else {
            continue;
        };
        members.remove(name);
        let Err(errors) = folder.build(&file) else {
            continue;
        };
        let place = section.split("/jwks").next().unwrap();
        for (path, _) in found(&errors) {
            assert!(is_related(&path, place), "without {pointer}: {errors}");
        }
    }
}
