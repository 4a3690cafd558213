//! The JSON Schema and the reader have the same members.

use std::collections::BTreeSet;

use bearergate::configuration::LIMITS_SCHEMA;
use bearergate::error::RejectionKind;
use serde_json::{Value, json};

use crate::{refused, with};

const UNKNOWN: &str = "zzzzzzzzzzzzzzz";

fn schema() -> Value {
    serde_json::from_str(LIMITS_SCHEMA).unwrap()
}

fn in_schema(pointer: &str) -> BTreeSet<String> {
    let schema = schema();
    let section = schema.pointer(pointer).unwrap();
    assert_eq!(section["additionalProperties"], json!(false), "{pointer}");
    let members = section["properties"].as_object().unwrap();
    members.keys().cloned().collect()
}

/// The members that the reader lists when it refuses another one at this path.
fn read_at(file: &Value, path: &str) -> BTreeSet<String> {
    let errors = refused(file);
    let unknown = format!("{path}/{UNKNOWN} ");
    let line = errors.lines().find(|line| line.starts_with(&unknown));
    let line = line.unwrap_or_else(|| panic!("{path} in {errors}"));
    let (_, list) = line.split_once("it may have ").unwrap();
    let names = list.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn every_section_has_the_same_members() {
    let unknown = json!({UNKNOWN: 1});
    let assert_same = |pointer: &str, members: Value, path: &str| {
        assert_eq!(
            read_at(&with(members), path),
            in_schema(pointer),
            "{pointer}"
        );
    };
    assert_same("", unknown.clone(), "");
    for name in ["proxies", "addresses", "lock_out"] {
        let pointer = format!("/$defs/{name}");
        assert_same(&pointer, json!({name: unknown}), &format!("/{name}"));
    }
    let limit = json!({"name": "a", "rate": "1/s", UNKNOWN: 1});
    assert_same("/$defs/limit", json!({"limits": [limit]}), "/limits/0");
    let by = "/$defs/limit/properties/by/oneOf/1";
    let limit = json!({"name": "a", "rate": "1/s", "by": {UNKNOWN: 1}});
    assert_same(by, json!({"limits": [limit]}), "/limits/0/by");
    assert_same("/$defs/quota", json!({"quotas": [unknown]}), "/quotas/0");
    let exceptions = json!({"exceptions": [unknown]});
    assert_same("/$defs/exception", exceptions, "/exceptions/0");
}

#[test]
fn required_members_are_the_same() {
    let schema = schema();
    for (pointer, members, place) in [
        ("/$defs/proxies", json!({"proxies": {}}), "/proxies"),
        ("/$defs/quota", json!({"quotas": [{}]}), "/quotas/0"),
        (
            "/$defs/exception",
            json!({"exceptions": [{}]}),
            "/exceptions/0",
        ),
    ] {
        let errors = refused(&with(members));
        let required = schema.pointer(pointer).unwrap()["required"]
            .as_array()
            .unwrap();
        for name in required {
            let missed = format!("a member `{}`", name.as_str().unwrap());
            let mut lines = errors.lines().filter(|line| line.starts_with(place));
            assert!(
                lines.any(|line| line.contains(&missed)),
                "{missed} in {errors}"
            );
        }
        assert_eq!(errors.lines().count() - 1, required.len(), "{errors}");
    }
}

#[test]
fn choices_are_the_same() {
    let schema = schema();
    let listed = |members: Value| {
        let errors = refused(&with(members));
        let (_, list) = errors.split_once("expected one of ").unwrap();
        let (list, _) = list.split_once(", found").unwrap();
        let names = list.split('`').skip(1).step_by(2);
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let limit = |name: &str| json!({"limits": [{"name": "a", "rate": "1/s", name: UNKNOWN}]});
    let quota = |name: &str| json!({"quotas": [{name: UNKNOWN}]});
    for (pointer, members) in [
        ("/$defs/limit/properties/by/oneOf/0/enum", limit("by")),
        ("/$defs/limit/properties/on_outage/enum", limit("on_outage")),
        ("/$defs/quota/properties/by/enum", quota("by")),
        ("/$defs/quota/properties/window/enum", quota("window")),
        (
            "/$defs/proxies/properties/trust/oneOf/0/enum",
            json!({"proxies": {"trust": UNKNOWN}}),
        ),
    ] {
        let names = schema.pointer(pointer).unwrap();
        assert_eq!(json!(listed(members)), *names, "{pointer}");
    }
}

#[test]
fn points_are_by_the_names_of_the_kinds() {
    let members = json!({"lock_out": {"weights": {UNKNOWN: 1}}});
    let read = read_at(&with(members), "/lock_out/weights");
    let kinds: BTreeSet<_> = RejectionKind::ALL
        .iter()
        .map(|kind| kind.as_str().to_owned())
        .collect();
    assert_eq!(read, kinds);
}

#[test]
fn every_member_is_described() {
    fn check(value: &Value, schema: &Value, path: &str) {
        let Some(members) = value.get("properties").and_then(Value::as_object) else {
            return;
        };
        for (name, member) in members {
            let path = format!("{path}/{name}");
            let target = member.get("$ref").and_then(Value::as_str);
            let target = target.and_then(|target| schema.pointer(target.trim_start_matches('#')));
            let described = member
                .get("description")
                .or(target.and_then(|it| it.get("description")));
            assert!(described.is_some(), "{path}");
            check(member, schema, &path);
        }
    }
    let schema = schema();
    check(&schema, &schema, "");
    for (name, section) in schema["$defs"].as_object().unwrap() {
        check(section, &schema, name);
    }
}
