//! Requests in flight.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::{Files, Server, bearer, token};

/// Asks again until it is so.
fn await_true(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never is");
    }
}

#[test]
fn a_permit_is_returned_when_the_client_has_gone() {
    let files = Files::new();
    let limits = json!({"limits": [{"name": "s", "concurrent": 1, "class": "slow"}]});
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits]);
    let alice = token("alice");
    let mut held = TcpStream::connect(&server.address).unwrap();
    let auth = bearer(&alice);
    write!(held, "GET /slow?ms=30000 HTTP/1.1\r\nhost: x\r\n{auth}\r\n").unwrap();
    let passed = "bearergate_limit_total{limit=\"s\",result=\"pass\"}";
    let near = "bearergate_limit_total{limit=\"s\",result=\"near\"}";
    await_true(|| server.metric(passed) + server.metric(near) > 0);
    let refused = server.get("/slow", &alice);
    assert_eq!((refused.status(), refused.retry_after()), (429, Some(1)));
    assert_eq!(refused.header("ratelimit"), None);
    // Other buckets, and other classes, are not concerned.
    assert_eq!(server.get("/slow", &token("bob")).status(), 200);
    assert_eq!(server.get("/orders", &alice).status(), 200);
    drop(held);
    await_true(|| server.get("/slow", &alice).status() == 200);
}

#[test]
fn a_permit_is_returned_when_the_answer_was_sent() {
    let files = Files::new();
    let limits = json!({"limits": [{"name": "s", "concurrent": 1, "class": "slow"}]});
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits]);
    assert_eq!(server.statuses(20, "/slow", &token("alice")), [200; 20]);
}
