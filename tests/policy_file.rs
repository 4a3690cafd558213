//! Policy files: what is read, what is refused and at which place, and what is written.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::net::IpAddr;
use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::error::ConfigErrorKind;
use bearergate::policy::{
    AccessRequest, AuditLevel, Combining, Condition, Effect, LoadError, Obligations, PolicyLoader,
    RouteTable, Rule, acr_at_least, action, address_in, amr, attribute, audience, authority,
    client, condition_fn, detail, group, header, kind, max_auth_age, max_token_age, method, owner,
    param, role, route, sender_constrained, time_between, via_tls, weekdays,
};
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use bearergate::{Policy, Principal, claim, require_scope};
use http::{HeaderName, HeaderValue, Method};

fn file(condition: &str) -> String {
    format!(r#"{{"rules":[{{"name":"one","effect":"permit","if":{condition}}}]}}"#)
}

fn read(condition: &str) -> Result<Policy, LoadError> {
    Policy::from_json(file(condition).as_bytes())
}

fn refused(condition: &str) -> (String, ConfigErrorKind) {
    let error = read(condition).unwrap_err();
    (error.pointer().to_owned(), error.kind())
}

/// One of every form, with the condition that it is read as.
fn forms() -> Vec<(&'static str, Condition)> {
    let c = claim;
    vec![
        (r#"{"scope":"a"}"#, require_scope("a")),
        (r#"{"role":"a"}"#, role("a")),
        (r#"{"group":"a"}"#, group("a")),
        (r#"{"amr":"otp"}"#, amr("otp")),
        (r#"{"claim":"t","is":"x"}"#, c("t").is("x")),
        (r#"{"claim":"t","is":1}"#, c("t").is(1)),
        (r#"{"claim":"t","is":false}"#, c("t").is(false)),
        (
            r#"{"claim":["r","s"],"contains":"x"}"#,
            c("r").at("s").contains("x"),
        ),
        (
            r#"{"claim":"t","one_of":["x",1]}"#,
            c("t")
                .one_of([bearergate::principal::ClaimValue::from("x"), 1.into()])
                .unwrap(),
        ),
        (
            r#"{"claim":"t","starts_with":"x"}"#,
            c("t").starts_with("x"),
        ),
        (
            r#"{"claim":"t","matches":"x+"}"#,
            c("t").matches("x+").unwrap(),
        ),
        (r#"{"claim":"t","at_least":-1}"#, c("t").at_least(-1)),
        (r#"{"claim":"t","at_most":7}"#, c("t").at_most(7)),
        (r#"{"claim":"t","is_ahead":true}"#, c("t").in_future()),
        (r#"{"claim":"t","is_over":true}"#, c("t").in_past()),
        (r#"{"claim":"t","present":true}"#, c("t").present()),
        (r#"{"claim":"t","absent":true}"#, c("t").absent()),
        (
            r#"{"claim":"t","absent_or":false}"#,
            c("t").absent_or_is(false),
        ),
        (r#"{"kind":"api_key"}"#, kind(PrincipalKind::ApiKey)),
        (r#"{"authority":"idp"}"#, authority("idp")),
        (r#"{"client":"app"}"#, client("app")),
        (r#"{"client":"app","of":"idp"}"#, client("app").of("idp")),
        (
            r#"{"of":"idp","claim":"sub","is":"x"}"#,
            c("sub").is("x").of("idp"),
        ),
        (
            r#"{"claim":["act","sub"],"starts_with":"x","of":"idp"}"#,
            c("act").at("sub").starts_with("x").of("idp"),
        ),
        (
            r#"{"claim":"t","is":"x","of":"idp"}"#,
            authority("idp") & c("t").is("x"),
        ),
        (r#"{"audience":"api"}"#, audience("api")),
        (
            r#"{"acr_at_least":"b","order":["a","b"]}"#,
            acr_at_least("b", ["a", "b"]).unwrap(),
        ),
        (
            r#"{"auth_age_at_most":300}"#,
            max_auth_age(Duration::from_secs(300)),
        ),
        (
            r#"{"token_age_at_most":60}"#,
            max_token_age(Duration::from_secs(60)),
        ),
        (r#"{"sender_constrained":true}"#, sender_constrained()),
        (r#"{"detail":{"type":"a"}}"#, detail("a").granted()),
        (
            r#"{"detail":{"type":"a","actions":["b","c"],"locations":["d"],"members":{"e.f":1,"g":true}}}"#,
            detail("a")
                .action("b")
                .action("c")
                .location("d")
                .member("e.f", 1)
                .member("g", true)
                .granted(),
        ),
        (r#"{"action":"read"}"#, action("read")),
        (r#"{"route":"/a/{b}"}"#, route("/a/{b}")),
        (r#"{"method":"GET"}"#, method(Method::GET)),
        (r#"{"param":"p","is":""}"#, param("p").is("")),
        (r#"{"attribute":"p","is":1}"#, attribute("p").is(1)),
        (
            r#"{"owner":{"param":"p","of":"idp"}}"#,
            owner(param("p").of("idp")),
        ),
        (r#"{"owner":{"attribute":"p"}}"#, owner(attribute("p"))),
        (
            r#"{"address_in":["192.0.2.0/24"]}"#,
            address_in(["192.0.2.0/24"]).unwrap(),
        ),
        (r#"{"over_tls":true}"#, via_tls()),
        (
            r#"{"header":"x-a","is":"b"}"#,
            header(HeaderName::from_static("x-a"), "b"),
        ),
        (
            r#"{"time_between":["08:30","18:00"],"zone":"-02:30"}"#,
            time_between("08:30", "18:00", "-02:30").unwrap(),
        ),
        (
            r#"{"weekdays":["mon","sun"],"zone":"Z"}"#,
            weekdays(["mon", "sun"], "Z").unwrap(),
        ),
        (r#"{"not":{"scope":"a"}}"#, !require_scope("a")),
        (
            r#"{"all":[{"scope":"a"},{"scope":"b"}]}"#,
            require_scope("a") & require_scope("b"),
        ),
        (
            r#"{"any":[{"scope":"a"},{"not":{"scope":"b"}}]}"#,
            require_scope("a") | !require_scope("b"),
        ),
        (r#"{"name":"n","scope":"a"}"#, require_scope("a").named("n")),
    ]
}

fn single(condition: Condition) -> Policy {
    let rule = Rule::permit("one", condition);
    Policy::builder().rule(rule).build().unwrap()
}

#[test]
fn every_form_reads_as_the_condition_of_its_name() {
    for (text, built) in forms() {
        let read = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            read.to_json().unwrap(),
            single(built).to_json().unwrap(),
            "{text}"
        );
    }
}

#[test]
fn a_written_policy_reads_back_the_same() {
    let all = Condition::all(forms().into_iter().map(|(_, built)| built)).unwrap();
    let obligations = Obligations::new()
        .with_rate_class("reads")
        .with_audit(AuditLevel::Full)
        .with_header(
            HeaderName::from_static("x-a"),
            HeaderValue::from_static("b"),
        );
    let policy = Policy::builder()
        .combining(Combining::FirstApplicable)
        .rule(Rule::forbid("no \"\u{7}\u{e4}", claim("a").is("\u{2028}")))
        .rule(Rule::permit("yes", all.named("n").named("m")).with_obligations(obligations.clone()))
        .build()
        .unwrap();
    let text = policy.to_json().unwrap();
    let again = Policy::from_json(text.as_bytes()).unwrap();
    assert_eq!(again.to_json().unwrap(), text);
    assert_eq!(again.combining(), Combining::FirstApplicable);
    assert_eq!(again.rules()[1].obligations(), Some(&obligations));
    assert_eq!(again.rules()[0].effect(), Effect::Forbid);
    assert_eq!(again.rules()[0].name(), policy.rules()[0].name());
}

#[test]
fn read_and_built_policies_decide_alike() {
    let claims =
        br#"{"t":"x","roles":["a"],"r":{"s":["x"]},"aud":"api","acr":"b","auth_time":900}"#;
    let full = Principal::builder(PrincipalKind::ApiKey, "idp")
        .subject("p")
        .scopes(["a", "b"])
        .claims(claims)
        .unwrap()
        .build();
    let empty = Principal::builder(PrincipalKind::Other, "elsewhere").build();
    let ip: IpAddr = [192, 0, 2, 1].into();
    for (text, built) in forms() {
        let (read, built) = (read(text).unwrap(), single(built));
        for principal in [&full, &empty] {
            let bare = AccessRequest::new(principal, UnixTime::from_secs(1000));
            let rich = bare.with_action("read").with_resource("/a/{b}");
            let rich = rich
                .with_params(&[("p", "p")])
                .with_address(ip)
                .with_tls(true);
            for request in [bare, rich] {
                assert_eq!(read.decide(&request), built.decide(&request), "{text}");
            }
        }
    }
}

#[test]
fn errors_point_to_the_place() {
    use ConfigErrorKind::*;
    let table = [
        (r#"{"scope":1}"#, "/scope", ValueMalformed),
        (r#"{"scope":""}"#, "/scope", Empty),
        (r#"{"scope":"a b"}"#, "/scope", ValueMalformed),
        (r#"{"scope":"offline_access"}"#, "/scope", Conflict),
        (r#"{"scpoe":"a"}"#, "/scpoe", ValueMalformed),
        (r#"{}"#, "", ValueMalformed),
        (r#"{"scope":"a","x/y~":1}"#, "/x~1y~0", ValueMalformed),
        (r#"{"scope":"a","role":"b"}"#, "/role", ValueMalformed),
        (r#"[]"#, "", ValueMalformed),
        (r#"{"all":[]}"#, "/all", Empty),
        (r#"{"any":[]}"#, "/any", Empty),
        (
            r#"{"any":[{"scope":"a"},{"not":{"all":[{"role":null}]}}]}"#,
            "/any/1/not/all/0/role",
            ValueMalformed,
        ),
        (r#"{"claim":"a"}"#, "", Empty),
        (r#"{"claim":"a","is":1.0}"#, "/is", ValueMalformed),
        (r#"{"claim":"a","is":null}"#, "/is", ValueMalformed),
        (
            r#"{"claim":"a","is":1,"at_least":1}"#,
            "/at_least",
            ValueMalformed,
        ),
        (r#"{"claim":"a","one_of":[]}"#, "/one_of", Empty),
        (
            r#"{"claim":"a","one_of":["a",[]]}"#,
            "/one_of/1",
            ValueMalformed,
        ),
        (
            r#"{"claim":"a","present":false}"#,
            "/present",
            ValueMalformed,
        ),
        (
            r#"{"claim":"a","matches":"(a"}"#,
            "/matches",
            ValueMalformed,
        ),
        (
            r#"{"claim":"a","at_least":9223372036854775808}"#,
            "/at_least",
            ValueMalformed,
        ),
        (r#"{"claim":[],"is":1}"#, "/claim", Empty),
        (r#"{"kind":"jwt"}"#, "/kind", ValueMalformed),
        (
            r#"{"acr_at_least":"c","order":["a"]}"#,
            "/acr_at_least",
            ValueMalformed,
        ),
        (r#"{"acr_at_least":"c"}"#, "/order", Empty),
        (
            r#"{"auth_age_at_most":-1}"#,
            "/auth_age_at_most",
            ValueMalformed,
        ),
        (
            r#"{"address_in":["192.0.2.1/24"]}"#,
            "/address_in",
            ValueMalformed,
        ),
        (r#"{"method":"get"}"#, "/method", ValueMalformed),
        (
            r#"{"time_between":["08:00"],"zone":"Z"}"#,
            "/time_between",
            ValueMalformed,
        ),
        (
            r#"{"time_between":["08:00","18:00"],"zone":"CET"}"#,
            "/zone",
            ValueMalformed,
        ),
        (
            r#"{"weekdays":["monday"],"zone":"Z"}"#,
            "/weekdays",
            ValueMalformed,
        ),
        (r#"{"owner":{"param":"a"}}"#, "/owner/of", Empty),
        (
            r#"{"owner":{"attribute":"a","param":"b"}}"#,
            "/owner/param",
            ValueMalformed,
        ),
        (r#"{"part":"a"}"#, "/part", ValueMalformed),
        (r#"{"custom":"a"}"#, "/custom", ValueMalformed),
        (r#"{"name":"","scope":"a"}"#, "/name", Empty),
    ];
    for (text, place, kind) in table {
        let (pointer, found) = refused(text);
        let missing = ["/order", "/owner/of"].contains(&place);
        let expected = format!("/rules/0/if{place}");
        if missing {
            assert!(expected.starts_with(&pointer), "{text}: {pointer}");
        } else {
            assert_eq!(pointer, expected, "{text}");
        }
        assert_eq!(found, kind, "{text}");
    }
}

#[test]
fn errors_of_rules_point_to_the_rule() {
    let rule = |name: &str, rest: &str| {
        format!(r#"{{"name":"{name}","effect":"permit","if":{{"scope":"a"}}{rest}}}"#)
    };
    let all = |rules: &str| Policy::from_json(format!(r#"{{"rules":[{rules}]}}"#).as_bytes());
    assert!(all(&rule("a", "")).is_ok());
    let forbid = rule("a", "").replace("permit", "forbid");
    let table = [
        (String::new(), "/rules"),
        (forbid, "/rules"),
        (
            format!("{},{}", rule("a", ""), rule("a", "")),
            "/rules/1/name",
        ),
        (rule("a", r#","when":1"#), "/rules/0/when"),
        (
            rule("a", r#","obligations":{"audit":"loud"}"#),
            "/rules/0/obligations/audit",
        ),
        (
            rule(
                "a",
                r#","obligations":{"headers":[{"name":"a","value":"\r\n"}]}"#,
            ),
            "/rules/0/obligations/headers/0/value",
        ),
    ];
    for (rules, pointer) in table {
        assert_eq!(all(&rules).unwrap_err().pointer(), pointer, "{rules}");
    }
    let unknown = Policy::from_json(br#"{"rules":[],"version":1}"#).unwrap_err();
    assert_eq!(unknown.pointer(), "/version");
    assert!(unknown.to_string().contains("`rules`"), "{unknown}");
}

// Defect L01 (empty condition allows): docs/defects.md
#[test]
fn an_empty_combination_does_not_load() {
    assert_eq!(refused(r#"{"all":[]}"#).1, ConfigErrorKind::Empty);
    assert_eq!(refused(r#"{"any":[]}"#).1, ConfigErrorKind::Empty);
    let error = Policy::from_json(br#"{"rules":[]}"#).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Empty);
}

// Defect L07 (oversize policy): docs/defects.md
#[test]
fn parts_that_double_are_refused_before_they_fill_memory() {
    let mut parts = vec![r#""p0":{"scope":"a"}"#.to_owned()];
    for at in 1..60 {
        let before = at - 1;
        parts.push(format!(
            r#""p{at}":{{"all":[{{"part":"p{before}"}},{{"part":"p{before}"}}]}}"#
        ));
    }
    let file = |count: usize| {
        let parts = parts[..count].join(",");
        let last = count - 1;
        format!(
            r#"{{"parts":{{{parts}}},"rules":[{{"name":"a","effect":"permit","if":{{"part":"p{last}"}}}}]}}"#
        )
    };
    assert!(Policy::from_json(file(10).as_bytes()).is_ok());
    let error = Policy::from_json(file(60).as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
    assert!(error.pointer().starts_with("/parts/p"), "{error}");
}

// Defect L07 (oversize policy): docs/defects.md
#[test]
fn too_many_rules_are_refused_unread() {
    let one = r#"{"name":"a","effect":"permit","if":{"scope":"a"}}"#;
    let rules = vec![one; bearergate::limits::POLICY_RULES + 1].join(",");
    let error = Policy::from_json(format!(r#"{{"rules":[{rules}]}}"#).as_bytes()).unwrap_err();
    assert_eq!(
        (error.pointer(), error.kind()),
        ("/rules", ConfigErrorKind::OutOfRange)
    );
    let patterns = vec![r#"{"claim":"a","matches":"[a-z]{9}"}"#; 200].join(",");
    let error = read(&format!(r#"{{"any":[{patterns}]}}"#)).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
}

// Defect M01 (deep nesting overflows the stack): docs/defects.md
#[test]
fn a_deep_file_is_refused() {
    let deep = |depth: usize| {
        let open = r#"{"not":"#.repeat(depth);
        read(&format!(r#"{open}{{"scope":"a"}}{}"#, "}".repeat(depth)))
    };
    assert!(deep(28).is_ok());
    for depth in [29, 100_000] {
        let error = deep(depth).unwrap_err();
        assert_eq!(
            (error.pointer(), error.kind()),
            ("", ConfigErrorKind::ValueMalformed)
        );
    }
    let nested = (0..40).fold(require_scope("a"), |own, _| !own);
    let error = single(nested).to_json().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
    let nested = (0..200_000).fold(require_scope("a"), |own, at| match at % 2 {
        0 => own & require_scope("b"),
        _ => own | require_scope("c"),
    });
    assert!(
        Policy::builder()
            .rule(Rule::permit("a", nested))
            .build()
            .is_err()
    );
}

// Defect M02 (many members take quadratic time): docs/defects.md
#[test]
fn repeated_and_too_many_members_are_refused() {
    let kind = |text: &str| Policy::from_json(text.as_bytes()).unwrap_err().kind();
    let twice = r#"{"rules":[{"name":"a","effect":"permit","if":{"scope":"a","sc\u006fpe":"b"}}]}"#;
    assert_eq!(kind(twice), ConfigErrorKind::ValueMalformed);
    let parts: Vec<_> = (0..1_025)
        .map(|at| format!(r#""p{at}":{{"scope":"a"}}"#))
        .collect();
    assert_eq!(
        kind(&format!(r#"{{"parts":{{{}}}}}"#, parts.join(","))),
        ConfigErrorKind::ValueMalformed
    );
    for text in ["", "null", "[]", "\u{feff}{}", "{} {}", r#"{"rules":[]"#] {
        assert_eq!(kind(text), ConfigErrorKind::ValueMalformed, "{text}");
    }
}

#[test]
fn files_refer_to_closures_by_name() {
    let own = condition_fn("own", |_: &AccessRequest<'_>| true);
    let loader = PolicyLoader::new().condition("own", own);
    let policy = loader
        .policy(file(r#"{"custom":"own"}"#).as_bytes())
        .unwrap();
    let alice = Principal::builder(PrincipalKind::Other, "idp").build();
    let request = AccessRequest::new(&alice, UnixTime::from_secs(0));
    assert!(policy.decide(&request).is_allowed());
    let text = policy.to_json().unwrap();
    assert!(text.contains(r#""custom": "own""#));
    assert!(loader.policy(text.as_bytes()).is_ok());
    assert!(Policy::from_json(text.as_bytes()).is_err());
}

#[test]
fn two_closures_with_one_name_are_not_written() {
    let own = |answer: bool| condition_fn("own", move |_: &AccessRequest<'_>| answer);
    let one = own(true);
    assert!(single(one.clone() & one).to_json().is_ok());
    let error = single(own(true) & own(false)).to_json().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Conflict);
}

#[test]
fn a_policy_that_cannot_be_read_is_not_written() {
    assert!(single(claim("").is(1)).to_json().is_err());
}

#[test]
fn tables_are_read_and_written() {
    let text = r#"{"match":"path","parts":{"r":{"scope":"r"}},"routes":[
        {"method":"GET","pattern":"/a/{id}","if":{"part":"r"}},
        {"pattern":"/b","policy":{"rules":[{"name":"x","effect":"permit","if":{"part":"r"}}]}}]}"#;
    let table = RouteTable::from_json(text.as_bytes()).unwrap();
    let written = table.to_json().unwrap();
    let again = RouteTable::from_json(written.as_bytes()).unwrap();
    assert_eq!(again.to_json().unwrap(), written);
    let pointer = |text: &str| {
        let error = RouteTable::from_json(text.as_bytes()).unwrap_err();
        error.pointer().to_owned()
    };
    assert_eq!(pointer(&text.replace("\"path\"", "\"glob\"")), "/match");
    assert_eq!(
        pointer(&text.replace("\"if\"", "\"when\"")),
        "/routes/0/when"
    );
    let alike = text
        .replace("/b", "/a/{x}")
        .replace(r#""method":"GET","#, "");
    assert_eq!(pointer(&alike), "/routes");
}

/// A table with a part, two policies with a part each, and a route that refers to a part.
fn table_with_parts(outer: &str, inner: &str, asked: &str) -> String {
    format!(
        r#"{{"match":"path","parts":{{"{outer}":{{"scope":"strict"}}}},"routes":[
            {{"pattern":"/a","policy":{{"parts":{{"{inner}":{{"scope":"loose"}}}},"rules":[
                {{"name":"a","effect":"permit","if":{{"part":"{inner}"}}}}]}}}},
            {{"pattern":"/b","policy":{{"parts":{{"{inner}":{{"scope":"lax"}}}},"rules":[
                {{"name":"b","effect":"permit","if":{{"part":"{inner}"}}}}]}}}},
            {{"pattern":"/c","if":{{"part":"{asked}"}}}}
        ]}}"#
    )
}

#[test]
fn parts_of_one_route_are_unknown_to_another() {
    let load = |text: String| RouteTable::from_json(text.as_bytes());
    let table = load(table_with_parts("outer", "inner", "outer")).unwrap();
    let allows = |path: &'static str, scope: &str| {
        let own = Principal::builder(PrincipalKind::Other, "idp").scopes([scope]);
        let (own, uri) = (own.build(), http::Uri::from_static(path));
        let headers = http::HeaderMap::new();
        let facts = RequestFacts::new(&Method::GET, &uri, &headers);
        let request = AccessRequest::new(&own, UnixTime::from_secs(0)).with_facts(&facts);
        table.decide(&request).is_allowed()
    };
    for (path, own) in [("/a", "loose"), ("/b", "lax"), ("/c", "strict")] {
        for scope in ["loose", "lax", "strict"] {
            assert_eq!(allows(path, scope), scope == own, "{path} {scope}");
        }
    }
    // A policy cannot replace a part of the table, and its part ends with the policy.
    let error = load(table_with_parts("own", "own", "own")).unwrap_err();
    assert_eq!(error.pointer(), "/routes/0/policy/parts/own");
    assert_eq!(error.kind(), ConfigErrorKind::Conflict);
    let error = load(table_with_parts("outer", "inner", "inner")).unwrap_err();
    assert_eq!(error.pointer(), "/routes/2/if/part");
}
