//! JSON lines whose names follow the semantic conventions of OpenTelemetry where those have one,
//! and begin with `bearergate.` where not.

use super::json::JsonLine;
use crate::audit::record::{Common, Record, RecordedAddress};

pub(super) fn encode(record: &Record<'_>, common: &Common, line: &mut Vec<u8>) {
    let mut json = JsonLine::<true>::new(line);
    json.time("{\"time\":\"", record.millis)
        .text(",\"severity\":\"", record.severity().as_str())
        .text(",\"bearergate.what\":\"", record.what.as_str())
        .id(",\"bearergate.id\":\"", record.id)
        .number(",\"bearergate.sequence\":", record.sequence)
        .text(",\"bearergate.node\":\"", &common.node)
        .id(",\"bearergate.boot\":\"", common.boot)
        .text(",\"bearergate.version\":\"", common.version);
    if record.is_of_request() {
        json.own_text("outcome\":\"", Some(record.outcome.as_str()));
    }
    json.some_text(",\"error.type\":\"", record.kind);
    if record.is_alert {
        json.raw(",\"bearergate.alert\":true");
    }
    push_who(record, &mut json);
    json.some_text(",\"http.request.method\":\"", record.method)
        .some_text(",\"http.route\":\"", record.route)
        .some_text(",\"url.path\":\"", record.path)
        .some_text(",\"user_agent.original\":\"", record.user_agent);
    if let Some(status) = record.status {
        json.number(",\"http.response.status_code\":", status.into());
    }
    json.own_number("latency_us\":", record.latency)
        .own_text("action\":\"", record.action)
        .own_text("resource\":\"", record.resource)
        .own_text("rule\":\"", record.rule)
        .own_text("policy_version\":\"", record.policy_version);
    if let Some(count) = record.count {
        json.own_number("count\":", Some(count.count))
            .time(",\"bearergate.first\":\"", count.first_millis)
            .time(",\"bearergate.last\":\"", count.last_millis);
    }
    json.own_members(record).raw("}");
}

fn push_who(record: &Record<'_>, json: &mut JsonLine<'_, true>) {
    if let Some(caller) = record.caller {
        json.some_text(",\"user.id\":\"", caller.subject)
            .own_text("authority\":\"", Some(caller.authority))
            .own_text("client\":\"", caller.client)
            .own_text("key\":\"", caller.credential);
    }
    if let Some(client) = &record.client {
        json.own_identity("client_identity\":", client);
    }
    match record.address {
        Some(RecordedAddress::Address(address)) => {
            json.address(",\"client.address\":\"", address);
        }
        Some(RecordedAddress::Keyed(name)) => {
            json.own_text("source\":\"", Some(name));
        }
        None => {}
    }
    if let Some(port) = record.port {
        json.number(",\"client.port\":", port.into());
    }
    if let Some(via) = record.via {
        json.address(",\"network.peer.address\":\"", via);
    }
}
