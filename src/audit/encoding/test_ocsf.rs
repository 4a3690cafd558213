//! OCSF records, checked against what the schema demands of their classes.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::Encoding;
use super::test_samples::{HOSTILE, Texts, line};
use crate::audit::record::{Outcome, Record, RecordedAddress, What};

fn schema() -> Value {
    serde_json::from_str(include_str!("test_ocsf_schema.json")).unwrap()
}

/// Collects what is wrong with an event.
fn faults(event: &Value) -> Vec<String> {
    let schema = schema();
    let class = &schema["classes"][event["class_uid"].to_string()];
    let mut faults = Vec::new();
    if class.is_null() {
        return vec![format!("class {}", event["class_uid"])];
    }
    let mut known = schema["event"]["attributes"].clone();
    let mut add = |more: &Value| {
        for (name, form) in more.as_object().unwrap() {
            known[name] = form.clone();
        }
    };
    let profiles = &event["metadata"]["profiles"];
    for profile in profiles.as_array().into_iter().flatten() {
        if !class["profiles"].as_array().unwrap().contains(profile) {
            faults.push(format!("profile {profile}"));
        }
        add(&schema[profile.as_str().unwrap()]);
    }
    add(&class["attributes"]);
    let base = json!({"required": schema["event"]["required"], "attributes": known});
    check_object(event, &base, &schema, &mut faults);
    let class_alone = json!({
        "required": class["required"], "at_least_one": class["at_least_one"],
    });
    check_presence(event, &class_alone, &mut faults);
    if event["category_uid"] != class["category_uid"] {
        faults.push("category_uid".into());
    }
    let number = |name: &str| event[name].as_u64().unwrap_or_default();
    if number("type_uid") != number("class_uid") * 100 + number("activity_id") {
        faults.push("type_uid".into());
    }
    if (number("activity_id") == 99) && event.get("activity_name").is_none() {
        faults.push("activity_name".into());
    }
    faults
}

fn check_presence(value: &Value, form: &Value, faults: &mut Vec<String>) {
    for name in form["required"].as_array().unwrap() {
        if value.get(name.as_str().unwrap()).is_none_or(Value::is_null) {
            faults.push(format!("{name} is required"));
        }
    }
    if let Some(names) = form["at_least_one"].as_array() {
        let is_there = |name: &Value| value.get(name.as_str().unwrap()).is_some();
        if !names.iter().any(is_there) {
            faults.push(format!("at least one of {names:?}"));
        }
    }
}

fn check_object(value: &Value, form: &Value, schema: &Value, faults: &mut Vec<String>) {
    check_presence(value, form, faults);
    for (name, item) in value.as_object().unwrap() {
        let form = &form["attributes"][name];
        let before = faults.len();
        check_value(item, form, schema, faults);
        if let Some(fault) = faults.get_mut(before) {
            *fault = format!("{name}: {fault}");
        }
    }
}

fn check_value(value: &Value, form: &Value, schema: &Value, faults: &mut Vec<String>) {
    let is_right = match form {
        Value::Array(items) if items.iter().all(Value::is_number) => items.contains(value),
        Value::Array(items) => {
            let elements = value.as_array();
            for element in elements.into_iter().flatten() {
                check_value(element, &items[0], schema, faults);
            }
            elements.is_some_and(|elements| !elements.is_empty())
        }
        Value::String(form) => match form.as_str() {
            "any" => true,
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            "ip" => value
                .as_str()
                .is_some_and(|text| text.parse::<IpAddr>().is_ok()),
            object => {
                if value.is_object() {
                    check_object(value, &schema["objects"][object], schema, faults);
                }
                value.is_object()
            }
        },
        _ => false,
    };
    if !is_right {
        faults.push(format!("{value} is not {form}"));
    }
}

fn event(record: &Record<'_>, texts: &Texts) -> Value {
    serde_json::from_str(&line(Encoding::Ocsf, record, &texts.common())).unwrap()
}

#[test]
fn every_record_has_what_its_class_demands() {
    for texts in [Texts::usual(), Texts::around(HOSTILE), Texts::around("")] {
        for record in texts.all() {
            let event = event(&record, &texts);
            assert_eq!(faults(&event), [""; 0], "{event:#}");
        }
    }
}

#[test]
fn the_check_finds_what_is_missing_or_wrong() {
    let texts = Texts::usual();
    let good = event(&texts.request(), &texts);
    assert_eq!(faults(&good), [""; 0]);
    let without = |pointer: &str, name: &str| {
        let mut event = good.clone();
        let object = event.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        assert!(object.remove(name).is_some(), "{name}");
        faults(&event)
    };
    for (pointer, name) in [
        ("", "time"),
        ("", "activity_id"),
        ("", "severity_id"),
        ("", "actor"),
        ("", "api"),
        ("", "src_endpoint"),
        ("/api", "operation"),
        ("/metadata", "version"),
        ("/metadata/product", "vendor_name"),
        ("/src_endpoint", "ip"),
        ("/actor/user", "uid"),
        ("/policy", "name"),
    ] {
        assert!(!without(pointer, name).is_empty(), "{pointer} {name}");
    }
    for (name, value) in [
        ("severity_id", json!(7)),
        ("disposition_id", json!(98)),
        ("type_uid", json!(600_301)),
        ("time", json!("now")),
        ("colour", json!("red")),
    ] {
        let mut event = good.clone();
        event[name] = value;
        assert!(!faults(&event).is_empty(), "{name}");
    }
}

#[test]
fn each_kind_of_record_has_its_class_and_activity() {
    let texts = Texts::usual();
    for (what, type_uid) in [
        (What::Decision, 600_300),
        (What::Authenticated, 600_300),
        (What::Completed, 600_300),
        (What::Summary, 600_300),
        (What::Locked, 200_401),
        (What::Signal, 200_401),
        (What::Started, 100_806),
        (What::Stopped, 100_807),
        (What::Gap, 100_899),
        (What::Checkpoint, 100_899),
    ] {
        let event = event(&Texts::bare(what), &texts);
        assert_eq!(event["type_uid"], type_uid, "{what:?}");
    }
    for (event_code, type_uid) in [
        ("api_key_created", 300_401),
        ("api_key_rotated", 300_403),
        ("api_key_deleted", 300_404),
        ("api_key_enabled", 300_408),
        ("api_key_disabled", 300_409),
        ("api_key_seen", 300_499),
        ("session_started", 300_201),
        ("session_ended", 300_202),
        ("file_created", 100_805),
        ("file_removed", 100_802),
        ("file_reopened", 100_899),
    ] {
        let record = Record {
            subject_matter: Some((event_code, "x")),
            ..Texts::bare(What::Lifecycle)
        };
        assert_eq!(event(&record, &texts)["type_uid"], type_uid, "{event_code}");
    }
}

#[test]
fn the_activity_is_that_of_the_method() {
    let texts = Texts::usual();
    for (method, activity) in [
        ("POST", 1),
        ("GET", 2),
        ("HEAD", 2),
        ("PUT", 3),
        ("PATCH", 3),
        ("DELETE", 4),
        ("OPTIONS", 99),
        ("get", 99),
    ] {
        let record = Record {
            method: Some(method),
            ..texts.request()
        };
        let event = event(&record, &texts);
        assert_eq!(event["activity_id"], activity, "{method}");
        let name = event.get("activity_name");
        assert_eq!(name.is_some(), activity == 99, "{method}");
        assert!(name.is_none_or(|name| name == method));
    }
}

#[test]
fn action_and_disposition_depend_on_the_outcome() {
    let texts = Texts::usual();
    for (outcome, action, disposition) in [
        (Outcome::Allowed, 1, 1),
        (Outcome::Denied, 2, 26),
        (Outcome::Limited, 2, 2),
        (Outcome::Rejected, 2, 2),
        (Outcome::Malformed, 2, 25),
        (Outcome::Unavailable, 2, 27),
    ] {
        for is_alert in [false, true] {
            let record = Record {
                outcome,
                is_alert,
                ..texts.request()
            };
            let event = event(&record, &texts);
            assert_eq!(event["action_id"], action);
            assert_eq!(event["disposition_id"], disposition, "{outcome:?}");
            assert_eq!(event.get("is_alert").is_some(), is_alert);
        }
    }
}

#[test]
fn who_and_where_from_are_named_even_where_they_are_unknown() {
    let texts = Texts::usual();
    let bare = event(&Texts::bare(What::Decision), &texts);
    assert_eq!(bare["actor"], json!({"app_name": "unauthenticated"}));
    assert_eq!(bare["src_endpoint"], json!({"name": "unknown"}));
    assert_eq!(bare["api"], json!({"operation": "unknown"}));
    let mut record = texts.request();
    record.caller.as_mut().unwrap().subject = None;
    let of_client = event(&record, &texts);
    assert_eq!(of_client["actor"], json!({"app_uid": "shop-web"}));
    let own = &of_client["unmapped"]["bearergate"];
    assert_eq!(own["authority"], "https://idp.example.com");
    assert_eq!(own["credential"], "3f0c9f5b7a3d4e21");
    record.caller.as_mut().unwrap().client = None;
    let of_nobody = event(&record, &texts);
    assert_eq!(of_nobody["actor"], json!({"app_name": "authenticated"}));
    record.address = Some(RecordedAddress::Keyed("p1:x"));
    assert_eq!(event(&record, &texts)["src_endpoint"]["name"], "p1:x");
}

#[test]
fn the_operation_is_the_action_else_the_route_else_the_method() {
    let texts = Texts::usual();
    let mut record = texts.request();
    let operation = |record: &Record<'_>| event(record, &texts)["api"]["operation"].clone();
    assert_eq!(operation(&record), "orders:read");
    record.action = None;
    assert_eq!(operation(&record), "/orders/{id}/items");
    record.route = None;
    assert_eq!(operation(&record), "GET");
}

#[test]
fn aggregates_alone_have_a_count() {
    let texts = Texts::usual();
    for record in texts.all() {
        let event = event(&record, &texts);
        let is_aggregate = record.count.is_some()
            && matches!(
                record.what,
                What::Summary | What::Gap | What::Signal | What::Locked
            );
        let is_log = matches!(
            record.what,
            What::Checkpoint | What::Started | What::Stopped | What::Lifecycle
        );
        for name in ["count", "start_time", "end_time", "duration"] {
            assert!(
                is_log || event.get(name).is_some() == is_aggregate,
                "{event:#}"
            );
        }
    }
}
