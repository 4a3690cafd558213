//! Explanations: they say what was decided and why, and nothing of what the caller sent.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use bearergate::AccessRequest;
use bearergate::Condition;
use bearergate::Policy;
use bearergate::Principal;
use bearergate::PrincipalKind;
use bearergate::RequestFacts;
use bearergate::UnixTime;
use bearergate::claim;
use bearergate::policy::Attribute;
use bearergate::policy::RouteTable;
use bearergate::policy::Rule;
use bearergate::policy::action;
use bearergate::policy::attribute;
use bearergate::policy::audience;
use bearergate::policy::client;
use bearergate::policy::method;
use bearergate::policy::owner;
use bearergate::policy::param;
use bearergate::policy::role;
use bearergate::policy::route;
use bearergate::require_scope;
use http::Method;

fn policy() -> Policy {
    let staff = (role("clerk") | claim("dept").is("sales")).named("staff");
    Policy::builder()
        .rule(Rule::forbid(
            "suspended",
            !claim("suspended").absent_or(false),
        ))
        .rule(Rule::permit(
            "read",
            action("read") & require_scope("orders:read") & staff,
        ))
        .build()
        .unwrap()
}

fn caller(claims: &str) -> Principal {
    let own = Principal::builder(PrincipalKind::Session, "house").subject("canary-subject");
    own.scopes(["orders:read", "canary-scope"])
        .claims(claims)
        .unwrap()
        .build()
}

fn request(principal: &Principal) -> AccessRequest<'_> {
    AccessRequest::new(principal, UnixTime::from_secs(0)).with_action("read")
}

#[test]
fn text_shows_every_condition() {
    let alice = caller(r#"{"dept":"canary-dept","roles":["canary-role"]}"#);
    let trace = policy().explain(&request(&alice)).without_times();
    assert_eq!(trace.to_string(), TEXT);
    assert_eq!(trace.decision(), &policy().decide(&request(&alice)));
}

const TEXT: &str = "\
DENIED: not_met (claim roles)
- forbid suspended
  - not
    + any of
      + no claim suspended: wants no claim, is missing
      ? claim suspended: wants false, is missing
- permit read
  - all of
    + action read: wants `read`, is a text of 4 bytes
    + scope orders:read: wants scope `orders:read`, is among the caller's 2
    - staff
      - any of
        - claim roles: wants a list with `clerk`, is a list of 1
        - claim dept: wants `sales`, is a text of 11 bytes
";

#[test]
fn json_holds_the_tree() {
    let alice = caller(r#"{"dept":"sales"}"#);
    let trace = policy().explain(&request(&alice)).without_times();
    let json: serde_json::Value = serde_json::from_str(&trace.to_json()).unwrap();
    assert_eq!(json["decision"], "allow");
    assert_eq!(json["reasons"][0]["name"], "read");
    let staff = &json["conditions"][1]["conditions"][0]["conditions"][2];
    assert_eq!(staff["name"], "staff");
    let tests = staff["conditions"][0]["conditions"].as_array().unwrap();
    let verdicts: Vec<_> = tests
        .iter()
        .map(|test| test["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["unknown", "true"]);
    assert_eq!(tests[0]["actual"], "missing");
    let timed = policy().explain(&request(&alice)).to_json();
    assert!(timed.contains("\"nanos\":") && !trace.to_json().contains("\"nanos\":"));
}

#[test]
fn nothing_of_the_caller_gets_out() {
    let claims = r#"{"dept":"canary-dept","roles":["canary-role"],"suspended":"canary-flag"}"#;
    let alice = caller(claims);
    let parts = http::Request::get("/canary-path?canary=1")
        .body(())
        .unwrap();
    let facts = RequestFacts::from(&parts);
    let request = request(&alice)
        .with_action("canary-action")
        .with_resource("canary-route")
        .with_params(&[("user", "canary-param")])
        .with_attributes(&[("of", Attribute::Text("canary-attribute"))])
        .with_facts(&facts);
    let all = Condition::any([
        route("r"),
        param("user").is("x"),
        attribute("of").is("x"),
        owner(param("user").of("house")),
        client("x"),
        method(Method::PUT),
        audience("x"),
        claim("dept").matches("x+").unwrap(),
    ]);
    for trace in [policy().explain(&request), all.unwrap().explain(&request)] {
        for text in [
            trace.to_string(),
            trace.to_json(),
            trace.to_html(),
            format!("{trace:?}"),
        ] {
            assert!(!text.contains("canary"), "{text}");
        }
    }
}

#[test]
fn j04_names_forge_no_line_and_no_markup() {
    let name = "a\nALLOWED\u{2028}\u{1b}[2K\u{202e}<script>\"}{";
    let condition = require_scope(name).named(name);
    let policy = Policy::builder()
        .rule(Rule::permit(name, condition))
        .build()
        .unwrap();
    let alice = caller("{}");
    let trace = policy.explain(&request(&alice)).without_times();
    let text = trace.to_string();
    assert_eq!(text.lines().count(), 4);
    for text in [&text, &trace.to_json(), &trace.to_html()] {
        assert!(!text.contains(['\u{1b}', '\u{2028}', '\u{202e}']), "{text}");
    }
    assert!(!trace.to_html().contains("<script"));
    let json: serde_json::Value = serde_json::from_str(&trace.to_json()).unwrap();
    assert!(
        json["conditions"][0]["name"]
            .as_str()
            .unwrap()
            .starts_with("a\\u{a}ALLOWED")
    );
}

#[test]
fn the_page_stands_alone() {
    let alice = caller("{}");
    let page = policy().explain(&request(&alice)).to_html();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for foreign in [
        "<script", "http://", "https://", "src=", "href=", "url(", "onclick",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("default-src 'none'"));
    let count = |word: &str| page.matches(word).count();
    assert_eq!(count("<details"), count("</details>"));
    assert_eq!(count("class=\"test\""), 6);
}

#[test]
fn routes_show_the_one_that_matched() {
    let table = RouteTable::by_path()
        .route(
            Method::GET,
            "/users/{user}",
            owner(param("user").of("house")),
        )
        .build()
        .unwrap();
    let alice = caller("{}");
    let text = |path: &str| {
        let parts = http::Request::get(path).body(()).unwrap();
        let facts = RequestFacts::from(&parts);
        let trace = table.explain(&request(&alice).with_facts(&facts));
        trace.without_times().to_string()
    };
    let known = "\
ALLOWED: met (owner by parameter user)
+ route GET /users/{user}
  + owner by parameter user: wants the caller, is a text of 14 bytes
";
    assert_eq!(text("/users/canary-subject"), known);
    assert_eq!(text("/elsewhere"), "DENIED: unmatched (no route)\n");
}

#[test]
fn a_deep_condition_is_explained_without_recursion() {
    let deep = (0..50_000).fold(require_scope("a"), |own, _| !own);
    let alice = caller("{}");
    let trace = deep.explain(&request(&alice)).without_times();
    assert_eq!(trace.to_string().lines().count(), 50_002);
    assert_eq!(trace.to_json().matches("]}").count(), 50_001);
}
