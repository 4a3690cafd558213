//! Usage and quotas over failures of the store and the end of the process.

use serde_json::{Value, json};

use crate::common::{Files, Server, token};

fn used(server: &Server, subject: &str) -> u64 {
    let rows = server
        .get_admin(&format!("/usage?subject={subject}"))
        .json();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| {
        assert_eq!(row["meter"], json!("requests"));
        assert!(row["hour"].as_str().unwrap().ends_with(":00:00Z"));
        row["amount"].as_u64().unwrap()
    })
    .sum()
}

#[test]
fn each_allowed_request_counts_once_whatever_the_store_reports() {
    let files = Files::new();
    let db = files.path("usage.db");
    let failing = [
        "--usage",
        &db,
        "--usage-flush-ms",
        "5",
        "--usage-fail-every",
        "2",
    ];
    let server = Server::start(&files, &failing);
    let alice = token("alice");
    assert_eq!(server.statuses(60, "/orders", &alice), [200; 60]);
    assert_eq!(server.get("/fail", &alice).status(), 500);
    assert_eq!(server.get("/forbidden", &alice).status(), 403);
    assert_eq!(server.flush(), 204);
    assert_eq!(used(&server, "alice"), 61);
    assert_eq!(server.get_admin("/usage?subject=nobody").json(), json!([]));
    // What was flushed is there after kill -9.
    server.kill();
    let server = Server::start(&files, &["--usage", &db]);
    assert_eq!(used(&server, "alice"), 61);
    assert_eq!(server.statuses(5, "/orders", &alice), [200; 5]);
    // The end flushes.
    assert_eq!(server.terminate().code(), Some(0));
    let server = Server::start(&files, &["--usage", &db]);
    assert_eq!(used(&server, "alice"), 66);
}

#[test]
fn a_quota_takes_one_for_each_allowed_request_and_renews_with_its_window() {
    let files = Files::new();
    let db = files.path("usage.db");
    let limits = json!({
        "limits": [{"name": "w", "rate": "10/h", "class": "writes"}],
        "quotas": [{"name": "q", "amount": 3, "window": "day"}],
    });
    let limits = files.limits(&limits);
    let options = ["--limits", &limits, "--usage", &db, "--clock", "manual"];
    let server = Server::start(&files, &options);
    let alice = token("alice");
    let post = || {
        let auth = crate::common::bearer(&alice);
        server.request("POST", "/orders", &auth).status()
    };
    // Denied and limited requests take nothing.
    assert_eq!(server.statuses(3, "/forbidden", &alice), [403; 3]);
    assert_eq!([post(), post(), post()], [200, 200, 429]);
    assert_eq!(server.get("/orders", &alice).status(), 200);
    let refused = server.get("/orders", &alice);
    assert_eq!(refused.status(), 429);
    let wait = refused.retry_after().unwrap();
    assert!((1..=86_430).contains(&wait), "{wait}");
    assert_eq!(
        server.metric("bearergate_rejections_total{kind=\"quota_exhausted\"}"),
        1
    );
    // A restart does not forget.
    server.kill();
    let server = Server::start(&files, &options);
    assert_eq!(server.get("/orders", &alice).status(), 429);
    server.advance(wait * 1_000);
    assert_eq!(server.get("/orders", &alice).status(), 200);
    let state: Value = server.get_admin("/state").json();
    assert!(state["tables"]["callers"]["slots"].as_u64().is_some());
}
