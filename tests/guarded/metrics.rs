//! What requests and limits count.

use serde_json::json;

use crate::common::{Files, Server, forged, token};

#[test]
fn each_request_counts_once_and_each_limit_once_a_request() {
    let files = Files::new();
    let limits = json!({"limits": [
        {"name": "a", "rate": "5/h"}, {"name": "s", "rate": "1/h", "shadow": true},
    ]});
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    let alice = token("alice");
    assert_eq!(
        server.statuses(6, "/orders", &alice),
        [200, 200, 200, 200, 200, 429]
    );
    server.get("/orders", "");
    server.get("/orders", &forged("alice"));
    server.get("/forbidden", &token("bob"));
    server.get("/whoami", "");
    let requests = |outcome: &str| {
        server.metric(&format!(
            "bearergate_requests_total{{outcome=\"{outcome}\"}}"
        ))
    };
    let outcomes = ["allowed", "limited", "rejected", "denied", "unavailable"];
    assert_eq!(outcomes.map(requests), [6, 1, 2, 1, 0]);
    let limit = |name: &str, result: &str| {
        server.metric(&format!(
            "bearergate_limit_total{{limit=\"{name}\",result=\"{result}\"}}"
        ))
    };
    // Of five cells at most one is left after the fourth request.
    assert_eq!(
        ["pass", "near", "over"].map(|result| limit("a", result)),
        [4, 2, 1]
    );
    assert!(limit("s", "shadow") >= 4);
    assert_eq!(limit("s", "over"), 0);
    for (kind, count) in [
        ("rate_limited", 1),
        ("credential_missing", 1),
        ("signature_invalid", 1),
        ("access_denied", 1),
    ] {
        let name = format!("bearergate_rejections_total{{kind=\"{kind}\"}}");
        assert_eq!(server.metric(&name), count, "{kind}");
    }
}

#[test]
fn usage_is_counted_with_the_gate() {
    let files = Files::new();
    let db = files.path("usage.db");
    let server = Server::start(&files, &["--usage", &db, "--usage-flush-ms", "600000"]);
    assert_eq!(server.get("/orders", &token("alice")).status(), 200);
    assert_eq!(server.metric("bearergate_usage_pending"), 1);
    assert_eq!(server.flush(), 204);
    assert_eq!(server.metric("bearergate_usage_pending"), 0);
    assert_eq!(
        server.metric("bearergate_usage_flushes_total{result=\"ok\"}"),
        1
    );
}
