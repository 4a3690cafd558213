//! The Open Cybersecurity Schema Framework, 1.8.0.
//!
//! Each class has its required attributes, and one of each set of which at least one is required.
//! What the schema has no place for is in `unmapped.bearergate`, the last member.

use super::json::JsonLine;
use crate::audit::record::{Common, Outcome, Record, RecordedAddress, What};

pub(super) fn encode(record: &Record<'_>, common: &Common, line: &mut Vec<u8>) {
    let mut json = JsonLine::<false>::new(line);
    match Class::of(record) {
        Class::ApiActivity => api_activity(record, common, &mut json),
        Class::Finding => finding(record, common, &mut json),
        Class::Entity => entity(record, common, &mut json),
        Class::Authentication => authentication(record, common, &mut json),
        Class::EventLog => event_log(record, common, &mut json),
    }
    json.text(
        ",\"unmapped\":{\"bearergate\":{\"what\":\"",
        record.what.as_str(),
    )
    .text(",\"node\":\"", &common.node)
    .id(",\"boot\":\"", common.boot)
    .own_text("route\":\"", record.route)
    .own_number("latency_us\":", record.latency)
    .own_members(record);
    if record.rule.is_none() {
        json.own_text("policy_version\":\"", record.policy_version);
    }
    if let Some(client) = &record.client {
        json.own_identity("client\":", client);
    }
    if let Some(caller) = record.caller.filter(|caller| caller.subject.is_none()) {
        json.own_text("authority\":\"", Some(caller.authority))
            .own_text("credential\":\"", caller.credential);
    }
    json.raw("}}}");
}

enum Class {
    ApiActivity,
    Finding,
    Entity,
    Authentication,
    EventLog,
}

impl Class {
    fn of(record: &Record<'_>) -> Self {
        match record.what {
            What::Decision | What::Authenticated | What::Completed | What::Summary => {
                Self::ApiActivity
            }
            What::Locked | What::Signal => Self::Finding,
            What::Gap | What::Checkpoint | What::Started | What::Stopped => Self::EventLog,
            What::Lifecycle => match record.lifecycle().0 {
                "session" => Self::Authentication,
                "file" => Self::EventLog,
                _ => Self::Entity,
            },
        }
    }
}

/// API Activity, 6003, with the profile `security_control`.
fn api_activity(record: &Record<'_>, common: &Common, json: &mut JsonLine<'_, false>) {
    let (activity, name) = activity_of_method(record.method);
    json.raw("{\"category_uid\":6,\"class_uid\":6003");
    push_activity(600_300, activity, name, json);
    push_status(record, json);
    json.some_text(",\"status_code\":\"", record.kind)
        .raw(if record.outcome.is_allowed() {
            ",\"action_id\":1"
        } else {
            ",\"action_id\":2"
        })
        .number(",\"disposition_id\":", disposition(record.outcome))
        .raw(if record.is_alert {
            ",\"is_alert\":true"
        } else {
            ""
        });
    push_metadata(record, common, json);
    push_actor(",\"actor\":", record, json);
    push_source(",\"src_endpoint\":", record, json);
    json.text(",\"api\":{\"operation\":\"", record.operation())
        .raw("}");
    if let Some(resource) = record.resource {
        json.text(",\"resources\":[{\"name\":\"", resource)
            .raw("}]");
    }
    push_http(record, json);
    if let Some(rule) = record.rule {
        json.text(",\"policy\":{\"name\":\"", rule)
            .some_text(",\"version\":\"", record.policy_version)
            .raw("}");
    }
}

/// Detection Finding, 2004: a lock or a signal.
fn finding(record: &Record<'_>, common: &Common, json: &mut JsonLine<'_, false>) {
    json.raw("{\"category_uid\":2,\"class_uid\":2004");
    push_activity(200_400, 1, None, json);
    json.number(",\"time\":", record.millis)
        .number(",\"severity_id\":", record.severity().number())
        .raw(",\"status_id\":1,\"status\":\"New\",\"is_alert\":true");
    push_times(record, json);
    push_metadata(record, common, json);
    let (title, kind) = match (record.what, record.subject_matter) {
        (What::Signal, Some((signal, _))) => ("Signal of a possible attack", signal),
        (What::Signal, None) => ("Signal of a possible attack", "signal"),
        _ => ("Source locked out", "locked"),
    };
    json.id(",\"finding_info\":{\"uid\":\"", record.id)
        .text(",\"title\":\"", title)
        .text(",\"types\":[\"", kind)
        .raw("]}");
    push_source(",\"evidences\":[{\"src_endpoint\":", record, json);
    if record.caller.is_some() {
        push_actor(",\"actor\":", record, json);
    }
    json.raw("}]");
}

/// Entity Management, 3004: the life of an API key.
fn entity(record: &Record<'_>, common: &Common, json: &mut JsonLine<'_, false>) {
    let (kind, event) = record.lifecycle();
    let activity = match event {
        "created" | "issued" => 1,
        "changed" | "updated" | "replaced" | "rotated" => 3,
        "deleted" | "removed" | "revoked" => 4,
        "enabled" => 8,
        "disabled" => 9,
        _ => 99,
    };
    json.raw("{\"category_uid\":3,\"class_uid\":3004");
    push_activity(300_400, activity, Some(event), json);
    push_status(record, json);
    push_metadata(record, common, json);
    if record.caller.is_some() {
        push_actor(",\"actor\":", record, json);
    }
    json.text(",\"entity\":{\"uid\":\"", target(record))
        .raw(",\"type_id\":99")
        .text(",\"type\":\"", kind)
        .raw("}");
}

/// Authentication, 3002: the life of a session.
fn authentication(record: &Record<'_>, common: &Common, json: &mut JsonLine<'_, false>) {
    let (_, event) = record.lifecycle();
    let activity = match event {
        "created" | "started" => 1,
        "deleted" | "ended" | "expired" | "removed" | "revoked" => 2,
        _ => 99,
    };
    json.raw("{\"category_uid\":3,\"class_uid\":3002");
    push_activity(300_200, activity, Some(event), json);
    push_status(record, json);
    push_metadata(record, common, json);
    match record.caller.and_then(|caller| caller.subject) {
        Some(subject) => json.text(",\"user\":{\"uid\":\"", subject),
        None => json.raw(",\"user\":{\"name\":\"unknown\""),
    };
    if let Some(caller) = record.caller {
        json.text(",\"domain\":\"", caller.authority)
            .some_text(",\"credential_uid\":\"", caller.credential);
    }
    json.raw("}");
    json.raw(",\"service\":{\"name\":\"bearergate\"}")
        .text(",\"session\":{\"uid\":\"", target(record))
        .raw("}");
    if record.address.is_some() {
        push_source(",\"src_endpoint\":", record, json);
    }
}

/// Event Log Activity, 1008: what the trail reports about itself.
fn event_log(record: &Record<'_>, common: &Common, json: &mut JsonLine<'_, false>) {
    let (_, event) = record.lifecycle();
    let (activity, name) = match (record.what, event) {
        (What::Started, _) => (6, None),
        (What::Stopped, _) => (7, None),
        (What::Lifecycle, "deleted" | "removed") => (2, None),
        (What::Lifecycle, "created" | "rotated") => (5, None),
        (What::Lifecycle, event) => (99, Some(event)),
        (what, _) => (99, Some(what.as_str())),
    };
    json.raw("{\"category_uid\":1,\"class_uid\":1008");
    push_activity(100_800, activity, name, json);
    push_status(record, json);
    push_times(record, json);
    push_metadata(record, common, json);
    json.raw(",\"log_name\":\"bearergate audit\",\"log_provider\":\"bearergate\"");
}

/// The activity, with its name where it is none of the schema, and the type that follows from it.
fn push_activity(class: u64, activity: u64, name: Option<&str>, json: &mut JsonLine<'_, false>) {
    json.number(",\"activity_id\":", activity);
    if activity == OTHER {
        json.text(",\"activity_name\":\"", name.unwrap_or("unknown"));
    }
    json.number(",\"type_uid\":", class + activity);
}

fn push_status(record: &Record<'_>, json: &mut JsonLine<'_, false>) {
    let is_success = record.outcome.is_allowed() && record.what != What::Gap;
    json.number(",\"time\":", record.millis)
        .number(",\"severity_id\":", record.severity().number())
        .raw(if is_success {
            ",\"status_id\":1,\"status\":\"Success\""
        } else {
            ",\"status_id\":2,\"status\":\"Failure\""
        });
    if record.what == What::Summary {
        push_times(record, json);
    }
}

/// The number and times of an aggregate.
fn push_times(record: &Record<'_>, json: &mut JsonLine<'_, false>) {
    if let Some(count) = record.count {
        let duration = count.last_millis.saturating_sub(count.first_millis);
        json.number(",\"count\":", count.count)
            .number(",\"start_time\":", count.first_millis)
            .number(",\"end_time\":", count.last_millis)
            .number(",\"duration\":", duration);
    }
}

fn push_metadata(record: &Record<'_>, common: &Common, json: &mut JsonLine<'_, false>) {
    json.raw(",\"metadata\":{\"version\":\"1.8.0\"")
        .event_id(",\"uid\":\"", record)
        .number(",\"sequence\":", record.sequence)
        .id(",\"correlation_uid\":\"", record.id)
        .raw(",\"product\":{\"name\":\"bearergate\",\"vendor_name\":\"bearergate\"")
        .text(",\"version\":\"", common.version)
        .raw(if record.is_of_request() {
            "},\"profiles\":[\"security_control\"]}"
        } else {
            "}}"
        });
}

fn push_actor(head: &str, record: &Record<'_>, json: &mut JsonLine<'_, false>) {
    json.raw(head);
    let Some(caller) = record.caller else {
        json.raw("{\"app_name\":\"unauthenticated\"}");
        return;
    };
    let app = caller.client.or(record.client.and_then(|c| c.subject));
    match (caller.subject, app) {
        (Some(subject), _) => json
            .text("{\"user\":{\"uid\":\"", subject)
            .text(",\"domain\":\"", caller.authority)
            .some_text(",\"credential_uid\":\"", caller.credential)
            .raw("}")
            .some_text(",\"app_uid\":\"", app)
            .raw("}"),
        (None, Some(app)) => json.text("{\"app_uid\":\"", app).raw("}"),
        (None, None) => json.raw("{\"app_name\":\"authenticated\"}"),
    };
}

fn push_source(head: &str, record: &Record<'_>, json: &mut JsonLine<'_, false>) {
    json.raw(head);
    match record.address {
        Some(RecordedAddress::Address(address)) => json.address("{\"ip\":\"", address),
        Some(RecordedAddress::Keyed(name)) => json.text("{\"name\":\"", name),
        None => json.raw("{\"name\":\"unknown\""),
    };
    if let Some(port) = record.port {
        json.number(",\"port\":", port.into());
    }
    if let Some(via) = record.via {
        json.address(",\"intermediate_ips\":[\"", via).raw("]");
    }
    json.raw("}");
}

fn push_http(record: &Record<'_>, json: &mut JsonLine<'_, false>) {
    if record.what == What::Summary {
        return;
    }
    json.id(",\"http_request\":{\"uid\":\"", record.id)
        .some_text(",\"http_method\":\"", record.method);
    if let Some(path) = record.path {
        json.text(",\"url\":{\"path\":\"", path).raw("}");
    }
    json.some_text(",\"user_agent\":\"", record.user_agent)
        .raw("}");
    if let Some(status) = record.status {
        json.number(",\"http_response\":{\"code\":", status.into());
        if let Some(micros) = record.latency {
            json.number(",\"latency\":", micros / 1_000);
        }
        json.raw("}");
    }
}

fn activity_of_method(method: Option<&str>) -> (u64, Option<&str>) {
    let activity = match method {
        None => 0,
        Some("POST") => 1,
        Some("GET" | "HEAD") => 2,
        Some("PUT" | "PATCH") => 3,
        Some("DELETE") => 4,
        Some(_) => OTHER,
    };
    (activity, method)
}

const fn disposition(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Allowed => 1,
        Outcome::Denied => 26,
        Outcome::Limited | Outcome::Rejected => 2,
        Outcome::Malformed => 25,
        Outcome::Unavailable => 27,
    }
}

fn target<'a>(record: &Record<'a>) -> &'a str {
    record
        .subject_matter
        .map_or("unknown", |(_, target)| target)
}

const OTHER: u64 = 99;
