//! The JSON encodings, parsed back by `serde_json` and by the strict scanner.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Encoding;
use super::test_samples::{HOSTILE, Texts, line};
use crate::audit::record::{Outcome, Record, RecordedAddress, What};
use crate::json::Object;

const JSON: [Encoding; 3] = [Encoding::Ocsf, Encoding::Ecs, Encoding::Native];

/// Parses a line that must have no member twice.
fn parse(line: &str) -> Value {
    Object::parse(line.as_bytes()).unwrap_or_else(|why| panic!("{why}: {line}"));
    serde_json::from_str(line).unwrap()
}

fn texts_in(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| texts_in(item, found)),
        Value::Object(members) => members.values().for_each(|item| texts_in(item, found)),
        _ => {}
    }
}

fn names_in(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names_in(item, found)),
        Value::Object(members) => {
            for (name, item) in members {
                found.insert(name.clone());
                names_in(item, found);
            }
        }
        _ => {}
    }
}

/// Where the text of each field is: OCSF as a pointer, then ECS and native by name.
const TEXTS: [(&str, &str, &str, &str); 19] = [
    ("subject", "/actor/user/uid", "user.id", "user.id"),
    (
        "authority",
        "/actor/user/domain",
        "user.domain",
        "bearergate.authority",
    ),
    (
        "credential",
        "/actor/user/credential_uid",
        "bearergate.key",
        "bearergate.key",
    ),
    (
        "client",
        "/actor/app_uid",
        "bearergate.client",
        "bearergate.client",
    ),
    (
        "action",
        "/api/operation",
        "event.action",
        "bearergate.action",
    ),
    (
        "resource",
        "/resources/0/name",
        "bearergate.resource",
        "bearergate.resource",
    ),
    (
        "method",
        "/http_request/http_method",
        "http.request.method",
        "http.request.method",
    ),
    ("path", "/http_request/url/path", "url.path", "url.path"),
    (
        "user_agent",
        "/http_request/user_agent",
        "user_agent.original",
        "user_agent.original",
    ),
    ("rule", "/policy/name", "rule.name", "bearergate.rule"),
    (
        "policy_version",
        "/policy/version",
        "rule.version",
        "bearergate.policy_version",
    ),
    (
        "route",
        "/unmapped/bearergate/route",
        "bearergate.route",
        "http.route",
    ),
    (
        "node",
        "/unmapped/bearergate/node",
        "bearergate.node",
        "bearergate.node",
    ),
    (
        "level",
        "/unmapped/bearergate/level",
        "bearergate.level",
        "bearergate.level",
    ),
    (
        "trace",
        "/unmapped/bearergate/trace",
        "bearergate.trace",
        "bearergate.trace",
    ),
    (
        "target",
        "/unmapped/bearergate/target",
        "bearergate.target",
        "bearergate.target",
    ),
    (
        "head",
        "/unmapped/bearergate/head",
        "bearergate.head",
        "bearergate.head",
    ),
    (
        "file",
        "/unmapped/bearergate/file",
        "bearergate.file",
        "bearergate.file",
    ),
    (
        "kind",
        "/unmapped/bearergate/credential_kind",
        "bearergate.credential_kind",
        "bearergate.credential_kind",
    ),
];

/// Members of the crate that are no plain text.
fn own(texts: &Texts) -> [(&'static str, Value); 14] {
    let text = |name| texts.get(name);
    [
        ("reasons", json!([text("reason 1"), text("reason 2")])),
        ("scopes", json!([text("scope"), "orders:write"])),
        ("claims", json!([text("claim 1"), text("claim 2")])),
        (
            "limits",
            json!([
                {"name": text("limit 1"), "result": "pass"},
                {"name": text("limit 2"), "result": "near"},
            ]),
        ),
        ("address_problem", json!(text("address_problem"))),
        ("claimed_id", json!("ab010203040506ef")),
        ("boot", json!("00b00700000000000000000000000001")),
        ("starts", json!(5)),
        ("strikes", json!(2)),
        ("seconds", json!(120)),
        ("sources", json!(3)),
        ("lane", json!("refused")),
        ("records", json!(1_000)),
        ("cut", json!(true)),
    ]
}

fn check(texts: &Texts) {
    let record = texts.full(What::Decision);
    let [ocsf, ecs, native] = JSON.map(|e| parse(&line(e, &record, &texts.common())));
    for (name, pointer, in_ecs, in_native) in TEXTS {
        let expected = json!(texts.get(name));
        assert_eq!(ocsf.pointer(pointer), Some(&expected), "{pointer}");
        assert_eq!(ecs[in_ecs], expected, "{in_ecs}");
        assert_eq!(native[in_native], expected, "{in_native}");
    }
    for (name, expected) in own(texts) {
        assert_eq!(ocsf["unmapped"]["bearergate"][name], expected, "{name}");
        assert_eq!(ecs[format!("bearergate.{name}")], expected, "{name}");
        assert_eq!(native[format!("bearergate.{name}")], expected, "{name}");
    }
    let client = json!({
        "authority": texts.get("client authority"), "subject": texts.get("client subject"),
        "client": texts.get("client client"), "credential": texts.get("client credential"),
        "kind": texts.get("client kind"),
    });
    assert_eq!(ocsf["unmapped"]["bearergate"]["client"], client);
    assert_eq!(ecs["bearergate.client_identity"], client);
    assert_eq!(native["bearergate.client_identity"], client);
}

#[test]
fn every_text_is_parsed_back_equal() {
    for text in [
        "",
        "x",
        HOSTILE,
        "\\",
        "\"",
        "\\\"",
        "\n",
        "\u{10ffff}",
        "}{",
    ] {
        check(&Texts::around(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_parsed_back_equal(text: String) {
        check(&Texts::around(&text));
    }
}

#[test]
fn texts_are_values_and_never_names() {
    let (usual, hostile) = (Texts::usual(), Texts::around(HOSTILE));
    for encoding in JSON {
        let names = |texts: &Texts| {
            let mut found = BTreeSet::new();
            for record in texts.all() {
                names_in(
                    &parse(&line(encoding, &record, &texts.common())),
                    &mut found,
                );
            }
            found
        };
        assert_eq!(names(&usual), names(&hostile));
    }
}

#[test]
fn every_text_of_a_full_record_is_written() {
    let texts = Texts::around("~");
    for encoding in JSON {
        let mut found = BTreeSet::new();
        let record = texts.full(What::Decision);
        texts_in(
            &parse(&line(encoding, &record, &texts.common())),
            &mut found,
        );
        let keyed = Record {
            address: Some(RecordedAddress::Keyed(texts.get("keyed"))),
            ..texts.request()
        };
        texts_in(&parse(&line(encoding, &keyed, &texts.common())), &mut found);
        let written = found.iter().filter(|text| text.starts_with('~')).count();
        assert_eq!(written, texts.len(), "{encoding:?}: {found:?}");
    }
}

#[test]
fn numbers_and_times_are_where_a_reader_expects_them() {
    let texts = Texts::usual();
    let record = texts.full(What::Summary);
    let [ocsf, ecs, native] = JSON.map(|e| parse(&line(e, &record, &texts.common())));
    for (pointer, expected) in [
        ("/time", json!(1_760_000_000_250_u64)),
        ("/metadata/sequence", json!(42)),
        ("/metadata/uid", json!("0123456789abcdef0123456789abcdef")),
        ("/metadata/version", json!("1.8.0")),
        ("/count", json!(917)),
        ("/start_time", json!(1_760_000_000_000_u64)),
        ("/end_time", json!(1_760_000_009_999_u64)),
        ("/duration", json!(9_999)),
        ("/src_endpoint/ip", json!("203.0.113.7")),
        ("/src_endpoint/port", json!(50_412)),
        ("/src_endpoint/intermediate_ips", json!(["10.0.0.2"])),
        ("/unmapped/bearergate/latency_us", json!(1_342)),
    ] {
        assert_eq!(ocsf.pointer(pointer), Some(&expected), "{pointer}");
    }
    for (name, expected) in [
        ("@timestamp", json!("2025-10-09T08:53:20.250Z")),
        ("ecs.version", json!("9.4.0")),
        ("event.sequence", json!(42)),
        ("event.id", json!("0123456789abcdef0123456789abcdef")),
        ("event.duration", json!(1_342_000)),
        ("event.start", json!("2025-10-09T08:53:20.000Z")),
        ("event.end", json!("2025-10-09T08:53:29.999Z")),
        ("bearergate.count", json!(917)),
        ("source.ip", json!("203.0.113.7")),
        ("client.ip", json!("203.0.113.7")),
        ("source.port", json!(50_412)),
        ("http.response.status_code", json!(401)),
        ("bearergate.via", json!("10.0.0.2")),
    ] {
        assert_eq!(ecs[name], expected, "{name}");
    }
    for (name, expected) in [
        ("time", json!("2025-10-09T08:53:20.250Z")),
        ("bearergate.sequence", json!(42)),
        ("bearergate.count", json!(917)),
        ("error.type", json!("signature_invalid")),
        ("client.address", json!("203.0.113.7")),
        ("client.port", json!(50_412)),
        ("network.peer.address", json!("10.0.0.2")),
        ("http.response.status_code", json!(401)),
    ] {
        assert_eq!(native[name], expected, "{name}");
    }
}

#[test]
fn a_refused_decision_has_its_kind_and_status_and_an_allowed_one_needs_neither() {
    let texts = Texts::usual();
    let refused = texts.full(What::Decision);
    let [ocsf, ecs, _] = JSON.map(|e| parse(&line(e, &refused, &texts.common())));
    assert_eq!(ocsf["status_code"], "signature_invalid");
    assert_eq!(ocsf["status_id"], 2);
    assert_eq!(ocsf["http_response"]["code"], 401);
    assert_eq!(ecs["event.code"], "signature_invalid");
    assert_eq!(ecs["event.outcome"], "failure");
    assert_eq!(ecs["http.response.status_code"], 401);
    let allowed = texts.request();
    let [ocsf, ecs, _] = JSON.map(|e| parse(&line(e, &allowed, &texts.common())));
    assert_eq!(ocsf["status_id"], 1);
    assert_eq!(ocsf.get("status_code"), None);
    assert_eq!(ocsf.get("http_response"), None);
    assert_eq!(ecs["event.outcome"], "success");
    assert_eq!(ecs.get("event.code"), None);
}

#[test]
fn a_gap_has_its_count_and_lane() {
    let texts = Texts::usual();
    let record = Record {
        count: texts.full(What::Gap).count,
        ..Texts::bare(What::Gap)
    };
    let [ocsf, ecs, native] = JSON.map(|e| parse(&line(e, &record, &texts.common())));
    assert_eq!(ocsf["count"], 917);
    assert_eq!(ocsf["unmapped"]["bearergate"]["lane"], "refused");
    assert_eq!(ocsf["severity_id"], 4);
    assert_eq!(ecs["bearergate.count"], 917);
    assert_eq!(ecs["bearergate.lane"], "refused");
    assert_eq!(ecs["event.severity"], 4);
    assert_eq!(native["bearergate.lane"], "refused");
}

#[test]
fn a_completed_request_is_another_event_of_the_same_id() {
    let texts = Texts::usual();
    let id = "0123456789abcdef0123456789abcdef";
    for (what, uid) in [
        (What::Decision, id.to_owned()),
        (What::Completed, format!("{id}-completed")),
    ] {
        let record = Record {
            what,
            ..texts.request()
        };
        let [ocsf, ecs, native] = JSON.map(|e| parse(&line(e, &record, &texts.common())));
        assert_eq!(ocsf["metadata"]["uid"], uid);
        assert_eq!(ocsf["metadata"]["correlation_uid"], id);
        assert_eq!(ecs["event.id"], uid);
        assert_eq!(ecs["http.request.id"], id);
        assert_eq!(native["bearergate.id"], id);
    }
}

#[test]
fn ecs_categories_and_types_are_those_of_the_schema_for_the_outcome() {
    let texts = Texts::usual();
    let class = |record: &Record<'_>| {
        let ecs = parse(&line(Encoding::Ecs, record, &texts.common()));
        (
            ecs["event.kind"].clone(),
            ecs["event.category"].clone(),
            ecs["event.type"].clone(),
        )
    };
    for (outcome, category, kinds) in [
        (
            Outcome::Allowed,
            json!(["api"]),
            json!(["access", "allowed"]),
        ),
        (Outcome::Denied, json!(["api"]), json!(["access", "denied"])),
        (
            Outcome::Limited,
            json!(["api"]),
            json!(["access", "denied"]),
        ),
        (
            Outcome::Rejected,
            json!(["api", "authentication"]),
            json!(["start", "denied"]),
        ),
    ] {
        let record = Record {
            outcome,
            ..texts.request()
        };
        assert_eq!(class(&record), (json!("event"), category, kinds));
    }
    let (kind, category, _) = class(&Texts::bare(What::Locked));
    assert_eq!(
        (kind, category),
        (json!("alert"), json!(["intrusion_detection"]))
    );
    for (event, expected) in [
        ("api_key_created", "creation"),
        ("api_key_revoked", "deletion"),
        ("api_key_disabled", "change"),
        ("session_started", "start"),
        ("session_ended", "end"),
    ] {
        let record = Record {
            subject_matter: Some((event, "x")),
            ..Texts::bare(What::Lifecycle)
        };
        let (_, category, kinds) = class(&record);
        assert_eq!(category[0], "iam");
        assert_eq!(kinds, json!([expected]), "{event}");
    }
}
