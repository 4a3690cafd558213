//! Sources that are locked out after forgeries.

use serde_json::json;

use crate::common::{Files, Reply, Server, forged, token};

const OPTIONS: [&str; 5] = [
    "--lock-out",
    "--trusted-proxy",
    "127.0.0.1",
    "--clock",
    "manual",
];

fn from(server: &Server, client: &str, path: &str, token: &str) -> Reply {
    let auth = crate::common::bearer(token);
    server.request("GET", path, &format!("x-forwarded-for: {client}\r\n{auth}"))
}

/// Sends forgeries until the source is locked, and returns how many were answered 401.
fn lock(server: &Server, client: &str) -> usize {
    let forgery = forged("alice");
    let refused = |_: &usize| from(server, client, "/orders", &forgery).status() == 401;
    (0..40).take_while(refused).count()
}

#[test]
fn the_tenth_forgery_locks_the_source_for_a_minute() {
    let files = Files::new();
    let server = Server::start(&files, &OPTIONS);
    // One token: another one of the same subject would not be known.
    let (client, known) = ("192.0.2.7", token("known"));
    assert_eq!(from(&server, client, "/orders", &known).status(), 200);
    assert_eq!(lock(&server, client), 10);
    for stranger in [token("stranger"), String::new(), "a b".to_owned()] {
        let refused = from(&server, client, "/orders", &stranger);
        assert_eq!((refused.status(), refused.retry_after()), (429, Some(60)));
        assert_eq!(refused.header("ratelimit"), None);
    }
    // Who was let in before is known, and other sources are not concerned.
    assert_eq!(from(&server, client, "/orders", &known).status(), 200);
    assert_eq!(server.metric("bearergate_spared_total"), 1);
    assert_eq!(
        from(&server, "192.0.2.8", "/orders", &token("neighbour")).status(),
        200
    );
    server.advance(59_999);
    let refused = from(&server, client, "/orders", &token("stranger"));
    assert_eq!((refused.status(), refused.retry_after()), (429, Some(1)));
    server.advance(1);
    assert_eq!(
        from(&server, client, "/orders", &token("stranger")).status(),
        200
    );
}

#[test]
fn a_failure_that_is_perhaps_honest_weighs_a_third() {
    let files = Files::new();
    let server = Server::start(&files, &OPTIONS);
    let other = crate::common::token_with("alice", &json!({"aud": "another"}));
    let refused = |_: &usize| from(&server, "192.0.2.7", "/orders", &other).status() == 401;
    assert_eq!((0..40).take_while(refused).count(), 30);
    // Neither an expired token nor none at all is blamed.
    let expired = crate::common::token_with("alice", &json!({"exp": 1_000_000_000}));
    for token in [&*expired, ""] {
        let refused = |_: &usize| from(&server, "192.0.2.8", "/orders", token).status() == 401;
        assert_eq!((0..40).take_while(refused).count(), 40);
    }
}

#[test]
fn each_lock_is_twice_as_long_and_an_hour_without_blame_forgets() {
    let files = Files::new();
    let server = Server::start(&files, &OPTIONS);
    let client = "192.0.2.7";
    assert_eq!(lock(&server, client), 10);
    for lock_secs in [120, 240, 480, 900, 900] {
        let rest = from(&server, client, "/orders", "").retry_after().unwrap();
        server.advance(rest * 1_000);
        assert!(lock(&server, client) >= 1);
        let refused = from(&server, client, "/orders", "");
        assert_eq!(refused.retry_after(), Some(lock_secs));
    }
    server.advance(3_600_000 + 900_000);
    lock(&server, client);
    assert_eq!(from(&server, client, "/orders", "").retry_after(), Some(60));
}

#[test]
fn an_api_key_is_known_and_an_address_list_answers_first() {
    let files = Files::new();
    let deny = files.write("deny", "192.0.2.66\n");
    let (db, pepper) = (files.path("keys.db"), files.path("pepper"));
    let keys = ["--api-keys", &db, "--pepper-file", &pepper, "--deny", &deny];
    let server = Server::start(&files, &[&OPTIONS[..], &keys].concat());
    let (_, key) = server.api_key(&json!({"subject": "s"}));
    let with_key = || {
        let headers = format!("x-forwarded-for: 192.0.2.7\r\nx-api-key: {key}\r\n");
        server.request("GET", "/orders", &headers).status()
    };
    assert_eq!(with_key(), 200);
    assert_eq!(lock(&server, "192.0.2.7"), 10);
    assert_eq!(with_key(), 200);
    assert_eq!(from(&server, "192.0.2.66", "/orders", "").status(), 403);
    assert_eq!(server.metric("bearergate_lockouts_total"), 1);
}
