//! The JSON Schema and the reader have the same members.

use std::collections::BTreeSet;

use bearergate::configuration::CONFIGURATION_SCHEMA;
use bearergate::policy::POLICY_SCHEMA;
use serde_json::{Value, json};

use crate::common::{Folder, api_keys, issuer, sessions, with};

/// A name that is near to no member.
const UNKNOWN: &str = "zzzzzzzzzzzzzzz";

fn schema() -> Value {
    serde_json::from_str(CONFIGURATION_SCHEMA).unwrap()
}

/// The members of a section of the schema, by its path in `$defs`.
fn in_schema(pointer: &str) -> BTreeSet<String> {
    let schema = schema();
    let section = schema.pointer(pointer).unwrap();
    assert_eq!(section["additionalProperties"], json!(false), "{pointer}");
    section["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// The members that the reader knows: what it lists when it refuses another one at this path.
fn read_at(file: &Value, path: &str) -> BTreeSet<String> {
    let folder = Folder::new();
    let errors = folder.build(file).unwrap_err().to_string();
    let unknown = format!("{path}/{UNKNOWN}: ");
    // Where a secret is due, the path ends before the name.
    let hidden = format!("{path}: expected a known member");
    let line = errors
        .lines()
        .find(|line| line.starts_with(&unknown) || line.starts_with(&hidden));
    let line = line.unwrap_or_else(|| panic!("{path} in {errors}"));
    let (_, list) = line.split_once("it may have ").unwrap();
    list.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Puts the unknown member into a section.
fn marked(section: Value) -> Value {
    with(section, UNKNOWN, json!(1))
}

fn assert_same(pointer: &str, read: impl IntoIterator<Item = BTreeSet<String>>) {
    let read: BTreeSet<_> = read.into_iter().flatten().collect();
    assert_eq!(read, in_schema(pointer), "{pointer}");
}

#[test]
fn the_file_itself_and_its_plain_sections() {
    assert_same("", [read_at(&marked(json!({})), "")]);
    let section = |name: &str, value: Value| {
        let file = json!({name: marked(value)});
        read_at(&file, &format!("/{name}"))
    };
    for (name, value) in [
        ("api_keys", api_keys()),
        ("sessions", sessions()),
        ("sources", json!({})),
        ("response", json!({})),
        ("revocations", json!({})),
        ("introspection", json!({})),
    ] {
        assert_same(&format!("/$defs/{name}"), [section(name, value)]);
    }
    let file = json!({"issuers": [marked(json!({}))]});
    assert_same("/$defs/issuer", [read_at(&file, "/issuers/0")]);
    let file = json!({"policy": {"file": "policy.json", UNKNOWN: 1}});
    assert_same("/$defs/policy/oneOf/0", [read_at(&file, "/policy")]);
}

#[test]
fn sections_inside_others() {
    let in_keys = |value: Value, path: &str| {
        let file = json!({"api_keys": value});
        read_at(&file, &format!("/api_keys/{path}"))
    };
    let pepper = with(api_keys(), "peppers", json!([marked(json!({}))]));
    let read = in_keys(pepper, "peppers/0");
    assert_same("/$defs/api_keys/properties/peppers/items", [read]);
    let secret = json!([{"version": 1, "secret": marked(json!({}))}]);
    let read = in_keys(with(api_keys(), "peppers", secret), "peppers/0/secret");
    assert_same("/$defs/secret", [read]);
    for (name, pointer) in [
        ("store", "/$defs/store"),
        ("legacy", "/$defs/api_keys/properties/legacy"),
        ("basic", "/$defs/api_keys/properties/basic"),
    ] {
        let read = in_keys(with(api_keys(), name, marked(json!({}))), name);
        assert_same(pointer, [read]);
    }
    let in_issuer = |name: &str, value: Value| {
        let file = json!({"issuers": [with(issuer(), name, value)]});
        read_at(&file, &format!("/issuers/0/{name}"))
    };
    assert_same("/$defs/grants", [in_issuer("grants", marked(json!({})))]);
    let mark = "/$defs/issuer/properties/access_mark/oneOf/1";
    assert_same(mark, [in_issuer("access_mark", marked(json!({})))]);
    let sources = [
        json!({"pem_file": "a"}),
        json!({"jwks_url": "https://idp.example.com/keys"}),
        json!({"discover": true}),
    ];
    assert_same(
        "/$defs/keys",
        sources.map(|keys| in_issuer("keys", marked(keys))),
    );
    let signed = json!({"introspection": {"signed": marked(json!({}))}});
    let pointer = "/$defs/introspection/properties/signed";
    assert_same(pointer, [read_at(&signed, "/introspection/signed")]);
    let methods = ["secret_basic", "secret_post", "bearer", "private_key_jwt"];
    let read = methods.map(|method| {
        let client = marked(json!({"method": method}));
        read_at(
            &json!({"introspection": {"client": client}}),
            "/introspection/client",
        )
    });
    assert_same("/$defs/introspection/properties/client", read);
}

#[test]
fn every_preset() {
    let schema = schema();
    let names = &schema["$defs"]["provider"]["properties"]["provider"]["enum"];
    let names: Vec<_> = names.as_array().unwrap().iter().collect();
    let read = names.iter().map(|name| {
        let file = json!({"providers": [marked(json!({"provider": name}))]});
        read_at(&file, "/providers/0")
    });
    assert_same("/$defs/provider", read.collect::<Vec<_>>());
    // The schema has no preset too few: the reader lists those that it knows.
    let folder = Folder::new();
    let errors = folder
        .build(&json!({"providers": [{"provider": UNKNOWN}]}))
        .unwrap_err();
    let error = errors.iter().next().unwrap().to_string();
    let (list, _) = error.split_once(", found").unwrap();
    let listed: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    let names: Vec<_> = names.iter().filter_map(|name| name.as_str()).collect();
    assert_eq!(listed, names);
}

/// Each member says what it is for, by itself or by what it refers to.
#[test]
fn every_member_is_described() {
    fn check(value: &Value, schema: &Value, path: &str) {
        let Some(members) = value.get("properties").and_then(Value::as_object) else {
            return;
        };
        for (name, member) in members {
            let path = format!("{path}/{name}");
            let target = member.get("$ref").and_then(Value::as_str);
            let target = target.and_then(|target| target.strip_prefix('#'));
            let is_described = member.get("description").is_some()
                || target.is_some_and(|target| schema.pointer(target).is_some());
            assert!(is_described, "{path}");
            check(member, schema, &path);
        }
    }
    let schema = schema();
    check(&schema, &schema, "");
    for (name, section) in schema["$defs"].as_object().unwrap() {
        check(section, &schema, name);
    }
    let policy: Value = serde_json::from_str(POLICY_SCHEMA).unwrap();
    assert!(policy.is_object());
}
