//! The limits file, and reading it again.

use serde_json::json;

use crate::common::{Files, Server, bearer, token, token_with};

#[test]
fn plans_exceptions_and_actions_have_rates_of_their_own() {
    let files = Files::new();
    let limits = json!({
        "limits": [{"name": "all", "rate": "4/h"}],
        "plans": {"gold": [{"name": "gold", "rate": "3/h"}]},
        "otherwise": [{"name": "others", "rate": "2/h"}],
        "exceptions": [{"limit": "all", "authority": crate::common::ISSUER, "subject": "vip",
            "rate": "1/h"}],
    });
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    let passing = |token: &str| {
        let statuses = server.statuses(5, "/orders", token);
        statuses.iter().filter(|status| **status == 200).count()
    };
    assert_eq!(passing(&token_with("a", &json!({"plan": "gold"}))), 3);
    assert_eq!(passing(&token_with("b", &json!({"plan": "unknown"}))), 2);
    assert_eq!(passing(&token("c")), 2);
    assert_eq!(passing(&token("vip")), 1);
}

#[test]
fn callers_are_not_counted_before_they_are_verified() {
    let files = Files::new();
    let limits = json!({"limits": [
        {"name": "everyone", "rate": "6/h", "by": "everyone"}, {"name": "caller", "rate": "2/h"},
    ]});
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    assert_eq!(server.statuses(3, "/orders", ""), [401; 3]);
    // A request that a later limit refuses gives everything back.
    assert_eq!(
        server.statuses(4, "/orders", &token("a")),
        [200, 200, 429, 429]
    );
    assert_eq!(server.statuses(2, "/orders", &token("b")), [200, 429]);
}

#[test]
fn actions_have_buckets_of_their_own_where_the_limit_says_so() {
    let files = Files::new();
    let limits = json!({"limits": [{"name": "a", "rate": "1/h", "per_action": true}]});
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    assert_eq!(server.statuses(2, "/orders", &token("a")), [200, 429]);
    assert_eq!(server.statuses(2, "/slow", &token("a")), [200, 429]);
}

#[test]
fn a_claim_has_a_bucket_for_each_value() {
    let files = Files::new();
    let limits = json!({"limits": [{"name": "t", "rate": "1/h", "by": {"claim": "tenant"}}]});
    let limits = files.limits(&limits);
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    let of = |subject: &str, tenant: &str| {
        let token = token_with(subject, &json!({"tenant": tenant}));
        server.get("/orders", &token).status()
    };
    assert_eq!([of("a", "x"), of("b", "x"), of("a", "y")], [200, 429, 200]);
}

#[test]
fn a_file_is_taken_over_whole_or_not_at_all_and_debts_stay() {
    let files = Files::new();
    let limit = |rate: &str| json!({"limits": [{"name": "a", "rate": rate}]});
    let limits = files.limits(&limit("2/h"));
    let deny = files.write("deny", "192.0.2.0/24\n");
    let options = [
        "--limits",
        &limits,
        "--deny",
        &deny,
        "--no-proxy",
        "--clock",
        "manual",
    ];
    let server = Server::start(&files, &options);
    let alice = token("alice");
    assert_eq!(server.statuses(3, "/orders", &alice), [200, 200, 429]);
    let reload = || server.post_admin("/reload", &json!({}));
    files.limits(&limit("two"));
    let refused = reload();
    assert_eq!(refused.status(), 400);
    assert!(
        refused.body().contains("/limits/0/rate (line 1, "),
        "{}",
        refused.body()
    );
    // A list that does not load leaves the limits as they are too.
    files.limits(&limit("1000/h"));
    files.write("deny", "127.0.0.0/8\n10.0.0.1/8\n");
    let refused = reload();
    assert_eq!(refused.status(), 400);
    let text = refused.body();
    assert!(text.contains("deny: ") && text.contains("line 2"), "{text}");
    assert_eq!(server.get("/orders", &alice).status(), 429);
    files.write("deny", "192.0.2.0/24 # a\n");
    assert_eq!(reload().status(), 204);
    // The debt of an hour stays, and is paid back at the new rate from now on.
    assert_eq!(server.get("/orders", &alice).retry_after(), Some(4));
    server.advance(3_600);
    assert_eq!(server.get("/orders", &alice).status(), 200);
    files.write("deny", "127.0.0.1\n");
    assert_eq!(reload().status(), 204);
    assert_eq!(server.get("/orders", &alice).status(), 403);
}

#[test]
fn what_changes_with_a_restart_only_is_refused() {
    let files = Files::new();
    let limits = files.limits(&json!({"proxies": {"trust": "nobody"}}));
    let server = Server::start(&files, &["--limits", &limits]);
    files.limits(&json!({"proxies": {"trust": ["10.0.0.0/8"]}}));
    let refused = server.post_admin("/reload", &json!({}));
    assert_eq!(
        (refused.status(), refused.body().starts_with("/proxies")),
        (400, true)
    );
}

#[test]
fn steps_of_the_wall_clock_move_no_bucket() {
    let files = Files::new();
    let limits = files.limits(&json!({"limits": [{"name": "a", "rate": "1/m"}]}));
    let server = Server::start(&files, &["--limits", &limits, "--clock", "manual"]);
    let alice = token("alice");
    assert_eq!(server.get("/orders", &alice).status(), 200);
    for step in [-3_600_000, 7_200_000] {
        let stepped = server.post_admin("/clock", &json!({"wall_ms": step}));
        assert_eq!(stepped.status(), 204);
        let refused = server.request("GET", "/orders", &bearer(&alice));
        assert_eq!(refused.status(), 429, "{step}");
    }
    server.advance(60_000);
    assert_eq!(server.get("/orders", &alice).status(), 200);
}
