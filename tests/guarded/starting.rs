//! Options, the address of the operator, and the end.

use std::net::TcpStream;

use serde_json::{Value, json};

use crate::common::{Files, Server, exchange, refused, token};

#[test]
fn wrong_options_end_the_program_with_a_line_that_names_them() {
    let files = Files::new();
    let (missing, key, audit) = (
        files.path("missing"),
        files.path("key"),
        files.path("audit"),
    );
    let short = files.write("short", [1; 31]);
    let quota = json!({"quotas": [{"name": "q", "amount": 1, "window": "day"}]});
    let quota = files.limits(&quota);
    let deny = files.write("deny", "192.0.2.0/24\n\n# a\n10.0.0.1/8\n");
    let by_source = json!({"version": 1, "limits": [{"name": "a", "rate": "1/s", "by": "source"}]});
    let by_source = files.write("source.json", by_source.to_string());
    for (options, parts) in [
        (vec!["--nope"], vec!["--nope"]),
        (vec!["--clock", "sun"], vec!["--clock"]),
        (vec!["--lock-out"], vec!["--no-proxy"]),
        (vec!["--deny", &deny], vec!["--deny", "deny: ", "line 4: "]),
        (vec!["--deny", &missing, "--no-proxy"], vec!["--deny"]),
        (vec!["--limits", &by_source], vec!["--no-proxy"]),
        (
            vec!["--limits", &quota],
            vec!["--limits", "/quotas/0 (line 1, "],
        ),
        (vec!["--limits", &missing], vec!["--limits"]),
        (
            vec!["--no-proxy", "--trusted-proxy", "10.0.0.0/8"],
            vec!["--no-proxy"],
        ),
        (
            vec!["--trusted-proxy", "10.0.0.1/8"],
            vec!["--trusted-proxy"],
        ),
        (vec!["--hops", "2"], vec!["--hops"]),
        (vec!["--api-keys", &key], vec!["--pepper-file"]),
        (vec!["--audit", &missing], vec!["--audit", "missing"]),
        (
            vec!["--audit", &audit, "--audit-ring", "1"],
            vec!["--audit-ring"],
        ),
        (
            vec!["--audit", &audit, "--audit-chain-key", &short],
            vec!["--audit-chain-key", "31"],
        ),
        (
            vec!["--audit", &audit, "--audit-pseudonym-key", &short],
            vec!["pseudonym-key", "31"],
        ),
        (
            vec!["--audit", &audit, "--audit-anchor", &missing],
            vec!["--audit-anchor"],
        ),
        (vec!["--audit-keep", "3"], vec!["--audit-keep"]),
        (vec!["--usage-flush-ms", "5"], vec!["--usage-flush-ms"]),
        (
            vec!["--redis", "redis://127.0.0.1", "--nodes", "2"],
            vec!["--redis", "feature redis"],
        ),
    ] {
        let line = refused(&files, &options);
        for part in parts {
            assert!(line.contains(part), "{options:?}: {line}");
        }
    }
}

#[test]
fn nothing_but_an_address_needs_a_proxy_option() {
    let files = Files::new();
    let limits = files.limits(&json!({"limits": [{"name": "a", "rate": "9/s"}]}));
    let server = Server::start(&files, &["--limits", &limits]);
    let shown = server.get("/whoami", &token("alice")).json();
    assert_eq!(
        (&shown["address"], &shown["source"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn the_operator_is_no_forwarded_request() {
    let files = Files::new();
    let server = Server::start(&files, &[]);
    for header in [
        "forwarded: for=x",
        "via: 1.1 a",
        "origin: https://a",
        "x-forwarded-host: a",
    ] {
        for path in ["/metrics", "/state", "/nothing"] {
            let head = format!("GET {path} HTTP/1.1\r\n{header}\r\n");
            assert_eq!(
                exchange(&server.admin, &head, "").status(),
                403,
                "{header} {path}"
            );
        }
    }
    assert_eq!(server.get_admin("/state").status(), 200);
    assert!(server.get_admin("/state").json()["rss"].as_u64().is_some());
}

#[test]
fn the_clock_is_moved_only_if_it_is_the_operators() {
    let files = Files::new();
    let system = Server::start(&files, &[]);
    let manual = Server::start(&files, &["--clock", "manual"]);
    for (body, status) in [
        (json!({"advance_ms": 5}), 204),
        (json!({"wall_ms": -5}), 204),
        (json!({"wall_ms": 5}), 204),
        (json!({"advance_ms": -5}), 400),
        (json!({"advance_ms": 5, "wall_ms": 5}), 400),
        (json!({"advance": 5}), 400),
        (json!([]), 400),
    ] {
        assert_eq!(
            manual.post_admin("/clock", &body).status(),
            status,
            "{body}"
        );
        assert_eq!(system.post_admin("/clock", &body).status(), 409, "{body}");
    }
}

#[test]
fn it_ends_with_status_0_although_connections_are_idle() {
    let files = Files::new();
    let server = Server::start(&files, &[]);
    let idle: Vec<_> = (0..3)
        .map(|_| TcpStream::connect(&server.address).unwrap())
        .collect();
    assert_eq!(server.get("/orders", &token("alice")).status(), 200);
    assert_eq!(server.terminate().code(), Some(0));
    drop(idle);
}
