//! The Elastic Common Schema, 9.4.0, with dotted names.

use super::json::JsonLine;
use crate::audit::record::{Common, Outcome, Record, RecordedAddress, What};

pub(super) fn encode(record: &Record<'_>, common: &Common, line: &mut Vec<u8>) {
    let mut json = JsonLine::<true>::new(line);
    push_event(record, &mut json);
    if let Some(count) = record.count {
        json.time(",\"event.start\":\"", count.first_millis)
            .time(",\"event.end\":\"", count.last_millis)
            .own_number("count\":", Some(count.count));
    }
    push_caller(record, &mut json);
    push_source(record, &mut json);
    if record.is_of_request() && record.what != What::Summary {
        json.id(",\"http.request.id\":\"", record.id);
    }
    json.some_text(",\"http.request.method\":\"", record.method)
        .some_text(",\"url.path\":\"", record.path)
        .some_text(",\"user_agent.original\":\"", record.user_agent);
    if let Some(status) = record.status {
        json.number(",\"http.response.status_code\":", status.into());
    }
    json.some_text(",\"rule.name\":\"", record.rule)
        .some_text(",\"rule.version\":\"", record.policy_version)
        .raw(",\"service.type\":\"bearergate\"")
        .text(",\"observer.product\":\"", "bearergate")
        .text(",\"observer.version\":\"", common.version)
        .text(",\"bearergate.what\":\"", record.what.as_str())
        .text(",\"bearergate.node\":\"", &common.node)
        .id(",\"bearergate.boot\":\"", common.boot)
        .own_text("route\":\"", record.route)
        .own_text("action\":\"", record.action)
        .own_text("resource\":\"", record.resource);
    if record.is_of_request() {
        json.own_text("outcome\":\"", Some(record.outcome.as_str()));
    }
    if record.is_alert {
        json.raw(",\"bearergate.alert\":true");
    }
    json.own_members(record).raw("}");
}

fn push_event(record: &Record<'_>, json: &mut JsonLine<'_, true>) {
    let is_alert = matches!(record.what, What::Locked | What::Signal);
    json.time("{\"@timestamp\":\"", record.millis)
        .raw(",\"ecs.version\":\"9.4.0\",\"event.kind\":")
        .raw(if is_alert { "\"alert\"" } else { "\"event\"" })
        .raw(classification(record))
        .raw(if record.outcome.is_allowed() && record.what != What::Gap {
            ",\"event.outcome\":\"success\""
        } else {
            ",\"event.outcome\":\"failure\""
        })
        .some_text(",\"event.code\":\"", record.kind)
        .text(",\"event.action\":\"", action(record))
        .some_text(",\"event.reason\":\"", record.rule)
        .number(",\"event.severity\":", record.severity().number())
        .event_id(",\"event.id\":\"", record)
        .number(",\"event.sequence\":", record.sequence)
        .raw(",\"event.module\":\"bearergate\",\"event.dataset\":\"bearergate.audit\"");
    if let Some(micros) = record.latency {
        // In nanoseconds.
        json.number(",\"event.duration\":", micros.saturating_mul(1_000));
    }
}

fn action<'a>(record: &Record<'a>) -> &'a str {
    match (record.what, record.subject_matter) {
        (What::Lifecycle | What::Signal, Some((event, _))) => event,
        _ if record.is_of_request() => record.operation(),
        (what, _) => what.as_str(),
    }
}

/// The category and the type, from the lists of the schema.
fn classification(record: &Record<'_>) -> &'static str {
    match (record.what, record.outcome) {
        (What::Decision | What::Authenticated | What::Completed, Outcome::Allowed) => {
            ",\"event.category\":[\"api\"],\"event.type\":[\"access\",\"allowed\"]"
        }
        (
            What::Decision | What::Authenticated | What::Completed | What::Summary,
            Outcome::Rejected,
        ) => {
            ",\"event.category\":[\"api\",\"authentication\"],\"event.type\":[\"start\",\"denied\"]"
        }
        (What::Decision | What::Authenticated | What::Completed | What::Summary, _) => {
            ",\"event.category\":[\"api\"],\"event.type\":[\"access\",\"denied\"]"
        }
        (What::Locked | What::Signal, _) => {
            ",\"event.category\":[\"intrusion_detection\"],\"event.type\":[\"info\"]"
        }
        (What::Started, _) => ",\"event.category\":[\"process\"],\"event.type\":[\"start\"]",
        (What::Stopped, _) => ",\"event.category\":[\"process\"],\"event.type\":[\"end\"]",
        (What::Gap | What::Checkpoint, _) => {
            ",\"event.category\":[\"process\"],\"event.type\":[\"info\"]"
        }
        (What::Lifecycle, _) => lifecycle(record),
    }
}

fn lifecycle(record: &Record<'_>) -> &'static str {
    match record.lifecycle() {
        ("session", "created" | "started") => {
            ",\"event.category\":[\"iam\",\"session\"],\"event.type\":[\"start\"]"
        }
        ("session", "deleted" | "ended" | "expired" | "removed" | "revoked") => {
            ",\"event.category\":[\"iam\",\"session\"],\"event.type\":[\"end\"]"
        }
        ("session", _) => ",\"event.category\":[\"iam\",\"session\"],\"event.type\":[\"info\"]",
        ("file", "created" | "rotated") => {
            ",\"event.category\":[\"file\"],\"event.type\":[\"creation\"]"
        }
        ("file", "deleted" | "removed") => {
            ",\"event.category\":[\"file\"],\"event.type\":[\"deletion\"]"
        }
        ("file", _) => ",\"event.category\":[\"file\"],\"event.type\":[\"change\"]",
        (_, "created" | "issued") => ",\"event.category\":[\"iam\"],\"event.type\":[\"creation\"]",
        (_, "deleted" | "removed" | "revoked") => {
            ",\"event.category\":[\"iam\"],\"event.type\":[\"deletion\"]"
        }
        _ => ",\"event.category\":[\"iam\"],\"event.type\":[\"change\"]",
    }
}

fn push_caller(record: &Record<'_>, json: &mut JsonLine<'_, true>) {
    if let Some(caller) = record.caller {
        json.some_text(",\"user.id\":\"", caller.subject)
            .text(",\"user.domain\":\"", caller.authority)
            .own_text("client\":\"", caller.client)
            .own_text("key\":\"", caller.credential);
    }
    if let Some(client) = &record.client {
        json.own_identity("client_identity\":", client);
    }
}

fn push_source(record: &Record<'_>, json: &mut JsonLine<'_, true>) {
    match record.address {
        Some(RecordedAddress::Address(address)) => {
            json.address(",\"source.ip\":\"", address)
                .address(",\"client.ip\":\"", address);
        }
        Some(RecordedAddress::Keyed(name)) => {
            json.own_text("source\":\"", Some(name));
        }
        None => {}
    }
    if let Some(port) = record.port {
        json.number(",\"source.port\":", port.into());
    }
    if let Some(via) = record.via {
        json.address(",\"bearergate.via\":\"", via);
    }
}
