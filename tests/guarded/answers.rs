//! Routes, and the header fields of their answers.

use serde_json::{Value, json};

use crate::common::{Files, ISSUER, Server, bearer, forged, token, token_with};

#[test]
fn whoami_shows_the_caller_and_its_plan() {
    let files = Files::new();
    let (db, pepper) = (files.path("keys.db"), files.path("pepper"));
    let keys = ["--no-proxy", "--api-keys", &db, "--pepper-file", &pepper];
    let server = Server::start(&files, &keys);
    let more = json!({"plan": "gold", "client_id": "web"});
    let shown = server.get("/whoami", &token_with("alice", &more)).json();
    let expected = json!({
        "authority": ISSUER, "subject": "alice", "client": "web", "address": "127.0.0.1",
        "source": "127.0.0.1", "plan": "gold",
    });
    assert_eq!(shown, expected);
    assert_eq!(
        server.get("/whoami", &token("alice")).json()["plan"],
        Value::Null
    );
    let (id, key) = server.api_key(&json!({"subject": "s", "limit_class": "silver"}));
    let header = format!("x-api-key: {key}\r\n");
    let shown = server.request("GET", "/whoami", &header).json();
    assert_eq!(
        (&shown["authority"], &shown["plan"]),
        (&json!("guarded keys"), &json!("silver"))
    );
    assert_eq!(
        server
            .post_admin("/api-keys/disable", &json!({"id": id}))
            .status(),
        204
    );
    assert_eq!(server.request("GET", "/whoami", &header).status(), 401);
    let (_, elsewhere) = server.api_key(&json!({"subject": "s", "addresses": ["192.0.2.0/24"]}));
    let header = format!("x-api-key: {elsewhere}\r\n");
    assert_eq!(server.request("GET", "/whoami", &header).status(), 403);
}

#[test]
fn only_whoami_is_for_anonymous_callers() {
    let files = Files::new();
    let server = Server::start(&files, &[]);
    let anonymous = server.get("/whoami", "");
    assert_eq!(
        (anonymous.status(), &anonymous.json()["subject"]),
        (200, &Value::Null)
    );
    assert_eq!(server.get("/whoami", &forged("alice")).status(), 401);
    for (method, path, status) in [
        ("GET", "/orders", 200),
        ("POST", "/orders", 200),
        ("GET", "/slow?ms=1", 200),
        ("GET", "/forbidden", 403),
        ("GET", "/fail", 500),
    ] {
        assert_eq!(server.request(method, path, "").status(), 401, "{path}");
        let reply = server.request(method, path, &bearer(&token("alice")));
        assert_eq!(reply.status(), status, "{path}");
    }
    assert_eq!(server.get("/nothing", "").status(), 404);
}

#[test]
fn a_refusal_by_a_rate_has_the_fields_of_that_limit() {
    let files = Files::new();
    let limits = json!({"limits": [
        {"name": "all", "rate": "100/m"}, {"name": "few", "rate": "5/30s burst 2"},
    ]});
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    let alice = token("alice");
    let first = server.get("/orders", &alice);
    assert_eq!(first.header("ratelimit"), None);
    // At most 20 % of the burst are left: both limits are listed, the tightest first.
    let last = server.get("/orders", &alice);
    assert_eq!(
        last.header("ratelimit"),
        Some("\"few\";r=0;t=6, \"all\";r=98;t=1")
    );
    let policy = "\"few\";q=5;w=30, \"all\";q=100;w=60";
    assert_eq!(last.header("ratelimit-policy"), Some(policy));
    let refused = server.get("/orders", &alice);
    assert_eq!((refused.status(), refused.retry_after()), (429, Some(6)));
    assert_eq!(refused.header("ratelimit"), Some("\"few\";r=0;t=6"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"few\";q=5;w=30"));
    assert_eq!(refused.header("www-authenticate"), None);
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    assert_eq!(refused.body(), "");
    server.advance(5_999);
    assert_eq!(server.get("/orders", &alice).status(), 429);
    server.advance(1);
    assert_eq!(server.get("/orders", &alice).status(), 200);
}

#[test]
fn a_long_wait_is_spread_and_never_early() {
    let files = Files::new();
    let limits = files.limits(&json!({"limits": [{"name": "a", "rate": "1/100s"}]}));
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    for subject in ["alice", "bob", "eve"] {
        assert_eq!(server.get("/orders", &token(subject)).status(), 200);
        let refused = server.get("/orders", &token(subject));
        let wait = refused.retry_after().unwrap();
        assert!((100..=110).contains(&wait), "{wait}");
        let field = format!("\"a\";r=0;t={wait}");
        assert_eq!(refused.header("ratelimit"), Some(&*field));
    }
}

#[test]
fn costs_classes_and_refunds_are_those_of_the_route() {
    let files = Files::new();
    let limits = json!({"limits": [
        {"name": "all", "rate": "100/h"},
        {"name": "writes", "rate": "10/h", "class": "writes"},
        {"name": "reads", "rate": "2/h", "class": "reads"},
    ]});
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    let post = |who: &str| {
        server
            .request("POST", "/orders", &bearer(&token(who)))
            .status()
    };
    assert_eq!(
        [post("alice"), post("alice"), post("alice")],
        [200, 200, 429]
    );
    assert_eq!(
        server.statuses(3, "/orders", &token("alice")),
        [200, 200, 429]
    );
    // A denial is charged to its class, and never becomes 429.
    assert_eq!(server.statuses(4, "/forbidden", &token("bob")), [403; 4]);
    assert_eq!(server.get("/orders", &token("bob")).status(), 429);
    // A failure of the service costs nothing.
    assert!(
        server
            .statuses(150, "/fail", &token("eve"))
            .iter()
            .all(|status| *status == 500)
    );
}
