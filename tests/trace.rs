//! Traces: they show the decision and its reasons, and no value of the caller.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use bearergate::clock::UnixTime;
use bearergate::policy::{
    AccessRequest, Attribute, Condition, RouteTable, Rule, action, attribute, audience, client,
    method, owner, param, role, route,
};
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use bearergate::{Authorizer, Policy, Principal, claim, policy, require_scope};
use http::{Method, header};

fn orders() -> Policy {
    let staff = (role("clerk") | claim("dept").is("sales")).named("staff");
    Policy::builder()
        .rule(Rule::forbid(
            "suspended",
            !claim("suspended").absent_or_is(false),
        ))
        .rule(Rule::permit(
            "read",
            action("read") & require_scope("orders:read") & staff,
        ))
        .build()
        .unwrap()
}

fn caller(claims: &str) -> Principal {
    let own = Principal::builder(PrincipalKind::Session, "idp").subject("canary-subject");
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
    let trace = orders().explain(&request(&alice)).without_times();
    assert_eq!(
        trace.to_string(),
        TEXT.replace("VERSION", &orders().version())
    );
    assert_eq!(trace.decision(), &orders().decide(&request(&alice)));
}

const TEXT: &str = "\
DENIED: not_met (claim roles)
by session of idp at 1970-01-01T00:00:00Z under policy VERSION
- forbid suspended
  - not
    + any of
      + no claim suspended: expected no value, found no value
      ? claim suspended: expected false, found no value
- permit read
  - all of
    + action read: expected `read`, found a string of 4 bytes
    + scope orders:read: expected scope `orders:read`, found it among 2
    - staff
      - any of
        - claim roles: expected a list with `clerk`, found a list of 1
        - claim dept: expected `sales`, found a string of 11 bytes
";

#[test]
fn json_nests_the_conditions() {
    let alice = caller(r#"{"dept":"sales"}"#);
    let trace = orders().explain(&request(&alice)).without_times();
    let json: serde_json::Value = serde_json::from_str(&trace.to_json()).unwrap();
    assert_eq!(json["decision"], "allow");
    assert_eq!(json["reasons"][0]["name"], "read");
    let staff = &json["conditions"][1]["conditions"][0]["conditions"][2];
    assert_eq!(staff["name"], "staff");
    let tests = staff["conditions"][0]["conditions"].as_array().unwrap();
    let truths: Vec<_> = tests
        .iter()
        .map(|test| test["truth"].as_str().unwrap())
        .collect();
    assert_eq!(truths, ["unknown", "true"]);
    assert_eq!(tests[0]["found"], "no value");
    let timed = orders().explain(&request(&alice)).to_json();
    assert!(timed.contains("\"nanos\":") && !trace.to_json().contains("\"nanos\":"));
}

#[test]
fn values_of_the_caller_are_not_shown() {
    let claims = r#"{"dept":"canary-dept","roles":["canary-role"],"suspended":"canary-flag"}"#;
    let alice = caller(claims);
    let parts = http::Request::get("/path?canary=1").body(()).unwrap();
    let facts = RequestFacts::from(&parts);
    let request = request(&alice)
        .with_action("canary-action")
        .with_resource("/users/{user}")
        .with_params(&[("user", "canary-param")])
        .with_attributes(&[("of", Attribute::Text("canary-attribute"))])
        .with_facts(&facts);
    let all = Condition::any([
        route("r"),
        param("user").is("x"),
        attribute("of").is("x"),
        owner(param("user").of("idp")),
        client("x"),
        method(Method::PUT),
        audience("x"),
        claim("dept").matches("x+").unwrap(),
    ]);
    for trace in [orders().explain(&request), all.unwrap().explain(&request)] {
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
fn an_id_says_whose_it_has_to_be() {
    let builder = Principal::builder(PrincipalKind::Other, "partner");
    let caller = builder.client("billing").build();
    let single = AccessRequest::new(&caller, UnixTime::from_secs(0));
    let several = single.with_contested_ids();
    let text = |condition: Condition, request: &AccessRequest<'_>| {
        condition.explain(request).without_times().to_string()
    };
    let bare = || client("billing");
    assert_eq!(
        text(bare(), &single),
        "ALLOWED: met (client billing)\n\
         by other of partner at 1970-01-01T00:00:00Z\n\
         + client billing: expected `billing`, found a string of 7 bytes\n"
    );
    assert_eq!(
        text(bare(), &several),
        "DENIED: unknown (client billing, of an authority that is not named)\n\
         by other of partner at 1970-01-01T00:00:00Z\n\
         ? client billing: expected `billing`, found an id that could be one of several \
         authorities; name the authority with `of`\n"
    );
    assert_eq!(
        text(bare().of("idp"), &several),
        "DENIED: not_met (client billing of idp)\n\
         by other of partner at 1970-01-01T00:00:00Z\n\
         - client billing of idp: expected `billing` of `idp`, found an id of another authority\n"
    );
    assert!(text(bare().of("partner"), &several).starts_with("ALLOWED"));
}

#[test]
fn request_caller_time_and_version_are_shown() {
    let alice = caller("{}");
    let path = format!("/orders/{}?canary=1", "7".repeat(300));
    let parts = http::Request::get(path).body(()).unwrap();
    let facts = RequestFacts::from(&parts);
    let trace = orders().explain(&request(&alice).with_facts(&facts));
    let json: serde_json::Value = serde_json::from_str(&trace.to_json()).unwrap();
    let shown = json["request"].as_str().unwrap();
    assert!(shown.starts_with("GET /orders/777") && shown.ends_with("7..."));
    assert_eq!(shown.chars().count(), 203);
    assert_eq!(json["caller"]["kind"], "session");
    assert_eq!(json["caller"]["authority"], "idp");
    assert_eq!(json["caller"]["subject"], serde_json::Value::Null);
    assert_eq!(json["time"], "1970-01-01T00:00:00Z");
    assert_eq!(json["policy_version"], orders().version());
    for text in [trace.to_string(), trace.to_html()] {
        for part in [
            "GET /orders/777",
            "session of idp",
            "1970-01-01T00:00:00Z",
            &orders().version(),
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let named = orders().explain(
        &request(&alice)
            .with_facts(&facts)
            .with_resource("/orders/{id}"),
    );
    assert!(
        named
            .to_string()
            .contains("for GET /orders/{id} by session")
    );
}

#[test]
fn values_are_shown_only_if_a_developer_asks() {
    let claims = r#"{"dept":"canary-dept","roles":["canary-role"]}"#;
    let alice = caller(claims);
    let shown = orders().explain(&request(&alice).with_shown_values());
    let hidden = orders().explain(&request(&alice));
    assert_eq!(shown.decision(), hidden.decision());
    let found = "found a string of 11 bytes (`\"canary-dept\"`)";
    assert!(shown.to_string().contains(found), "{shown}");
    assert!(
        shown
            .to_string()
            .contains("by `canary-subject`, session of idp"),
        "{shown}"
    );
    let json: serde_json::Value = serde_json::from_str(&shown.to_json()).unwrap();
    assert_eq!(json["caller"]["subject"], "canary-subject");
    let scope = &json["conditions"][1]["conditions"][0]["conditions"][1];
    assert_eq!(scope["value"], "orders:read canary-scope");
    assert!(shown.to_html().contains("canary-role"));
    for text in [hidden.to_string(), hidden.to_json(), hidden.to_html()] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn version_differs_with_every_part_of_a_policy() {
    let base = || Rule::permit("read", require_scope("a"));
    let of = |rules: Vec<Rule>| {
        let builder = rules
            .into_iter()
            .fold(Policy::builder(), |own, rule| own.rule(rule));
        builder.build().unwrap().version()
    };
    let obliged = policy::Obligations::new().with_rate_class("slow");
    let all = [
        of(vec![base()]),
        of(vec![Rule::permit("reads", require_scope("a"))]),
        of(vec![Rule::permit("read", require_scope("b"))]),
        of(vec![Rule::permit("read", !require_scope("a"))]),
        of(vec![Rule::permit("read", require_scope("a").named("own"))]),
        of(vec![base().with_obligations(obliged)]),
        of(vec![base(), Rule::forbid("no", claim("x").present())]),
        of(vec![Rule::forbid("no", claim("x").present()), base()]),
    ];
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(all[0], of(vec![base()]));
    assert_eq!(all[0].len(), 16);
    let table = |pattern: &str| {
        let builder = RouteTable::by_path().route(Method::GET, pattern, require_scope("a"));
        builder.build().unwrap().version()
    };
    assert_eq!(table("/a"), table("/a"));
    assert_ne!(table("/a"), table("/b"));
}

#[test]
fn every_authorizer_of_the_crate_has_a_trace() {
    let alice = caller(r#"{"dept":"sales"}"#);
    let request = request(&alice);
    let table = RouteTable::by_route().route(Method::GET, "/a", require_scope("a"));
    let table = table.build().unwrap();
    let all: [&dyn Authorizer; 5] = [
        &orders(),
        &require_scope("none"),
        &table,
        &policy::PolicyHandle::new(orders()),
        &policy::PolicyHandle::new(table.clone()),
    ];
    for authorizer in all {
        let decision = authorizer.authorize(&request).try_now().unwrap();
        let trace = authorizer.trace(&request).try_now().unwrap().unwrap();
        assert_eq!(trace.decision(), &decision, "{authorizer:?}");
    }
    let own = policy::authorize_fn("own", |_| policy::Decision::allow());
    assert!(own.trace(&request).try_now().unwrap().is_none());
}

// Defect J04 (forged log line): docs/defects.md
#[test]
fn names_cannot_forge_lines_or_markup() {
    let name = "a\nALLOWED\u{2028}\u{1b}[2K\u{202e}<script>\"}{";
    let condition = role(name).named(name);
    let policy = Policy::builder()
        .rule(Rule::permit(name, condition))
        .build()
        .unwrap();
    let alice = caller("{}");
    let trace = policy.explain(&request(&alice)).without_times();
    let text = trace.to_string();
    assert_eq!(text.lines().count(), 5);
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
fn the_page_is_self_contained() {
    let alice = caller("{}");
    let page = orders().explain(&request(&alice)).to_html();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for external in [
        "<script", "http://", "https://", "src=", "href=", "url(", "onclick",
    ] {
        assert!(!page.contains(external), "{external}");
    }
    assert!(page.contains("default-src 'none'"));
    let count = |word: &str| page.matches(word).count();
    assert_eq!(count("<details"), count("</details>"));
    assert_eq!(count("class=\"test\""), 6);
    // A forbid that is false is collapsed, a permit that is false is expanded.
    assert_eq!(count("<details class=\"forbid\"><summary>"), 1);
    assert_eq!(count("<details open><summary>"), 5);
    let suspended = caller(r#"{"suspended":true}"#);
    let page = orders().explain(&request(&suspended)).to_html();
    assert!(page.contains("<details class=\"forbid\" open><summary>"));
}

#[test]
fn the_trace_of_a_table_shows_the_matched_route() {
    let table = RouteTable::by_path()
        .route(Method::GET, "/users/{user}", owner(param("user").of("idp")))
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
for GET /users/canary-subject by session of idp at 1970-01-01T00:00:00Z under policy VERSION
+ route GET /users/{user}
  + owner by parameter user: expected the caller, found a string of 14 bytes
";
    let known = known.replace("VERSION", &table.version());
    assert_eq!(text("/users/canary-subject"), known);
    let unknown = text("/elsewhere");
    assert!(
        unknown.starts_with("DENIED: unmatched (no route)\nfor GET /elsewhere by session of idp")
    );
    assert_eq!(unknown.lines().count(), 2);
}

#[test]
fn a_deep_condition_is_explained_without_recursion() {
    let deep = (0..50_000).fold(require_scope("a"), |own, _| !own);
    let alice = caller("{}");
    let trace = deep.explain(&request(&alice)).without_times();
    assert_eq!(trace.to_string().lines().count(), 50_003);
    assert_eq!(trace.to_json().matches("]}").count(), 50_001);
}

/// One condition of every kind, for a caller and a request with every fact, and for a caller and a
/// request with almost none.
#[test]
fn every_condition_is_explained_as_in_the_snapshots() {
    let all = every();
    let headers = http::HeaderMap::from_iter([(header::USER_AGENT, "canary".parse().unwrap())]);
    let uri = http::Uri::from_static("/");
    let facts = RequestFacts::new(&Method::PUT, &uri, &headers);
    let idp = bearergate::principal::Authority::from("idp");
    let attributes = [
        ("of", Attribute::Subject(&idp, "canary-subject")),
        ("open", Attribute::Bool(true)),
    ];
    let alice = caller(FULL);
    let full = AccessRequest::new(&alice, UnixTime::from_secs(1_700_000_000))
        .with_action("read")
        .with_resource("/users/{user}")
        .with_params(&[("user", "canary-subject")])
        .with_attributes(&attributes)
        .with_address("192.0.2.7".parse().unwrap())
        .with_tls(true)
        .with_headers(&headers)
        .with_facts(&facts);
    let nobody = Principal::builder(PrincipalKind::Other, "nowhere").build();
    let bare = AccessRequest::new(&nobody, UnixTime::from_secs(0));
    for (name, request) in [("full", full), ("bare", bare)] {
        let trace = all.explain(&request).without_times();
        let pretty: serde_json::Value = serde_json::from_str(&trace.to_json()).unwrap();
        insta::assert_snapshot!(format!("{name}_text"), trace);
        insta::assert_snapshot!(format!("{name}_json"), trace.to_json());
        assert_eq!(pretty["conditions"].as_array().unwrap().len(), 3);
    }
}

const FULL: &str = r#"{"acr":"silver","amr":["pwd","otp"],"auth_time":1699999000,"aud":["api"],
    "level":5,"ends":1800000000,"tenant":"acme","realm":{"roles":["clerk"]},"flag":null,
    "groups":["staff"],"iat":1699999990}"#;

fn every() -> Policy {
    let minute = std::time::Duration::from_secs(60);
    let claims = Condition::all([
        claim("tenant").is("acme"),
        claim("tenant").one_of(["acme", "zeta"]).unwrap(),
        claim("tenant").starts_with("ac"),
        claim("tenant").matches("[a-z]+").unwrap(),
        claim("level").is(5),
        claim("level").at_least(5),
        claim("level").at_most(4),
        claim("ends").in_future(),
        claim("ends").in_past(),
        claim("flag").present(),
        claim("flag").absent_or_is(true),
        claim("realm").at("roles").contains("clerk"),
        policy::group("staff"),
    ]);
    let credential = Condition::any([
        policy::acr_at_least("gold", ["bronze", "silver", "gold"]).unwrap(),
        policy::amr("otp"),
        policy::max_auth_age(minute),
        policy::max_token_age(minute),
        policy::authority("guest"),
        policy::kind(PrincipalKind::ApiKey),
        policy::sender_constrained(),
        policy::detail("payment")
            .action("pay")
            .member("a.b", 1)
            .granted(),
        audience("api"),
        client("shop"),
    ]);
    let request = Condition::any([
        policy::address_in(["192.0.2.0/24", "2001:db8::/32"]).unwrap(),
        policy::via_tls(),
        policy::header(header::USER_AGENT, "robot"),
        policy::time_between("08:00", "18:00", "+01:00").unwrap(),
        policy::weekdays(["mon", "fri"], "Z").unwrap(),
        method(Method::GET),
        route("/users/{user}"),
        param("user").is("bob"),
        attribute("open").is(true),
        owner(attribute("of")),
        owner(param("user").of("idp")),
        bearergate::policy::condition_fn("own", |_| None),
    ]);
    Policy::builder()
        .rule(Rule::permit("claims", claims.unwrap() & action("read")))
        .rule(Rule::forbid(
            "credential",
            !credential.unwrap().named("known"),
        ))
        .rule(Rule::permit(
            "request",
            request.unwrap() & require_scope("orders:read"),
        ))
        .build()
        .unwrap()
}
