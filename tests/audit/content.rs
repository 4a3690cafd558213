//! What records hold: types and cut texts, and nothing that ends a line.

use bearergate::RejectionKind;
use bearergate::audit::{Audit, AuditEvent, Encoding, Paths, What};
use bearergate::policy::{AuditLevel, Decision};
use bearergate::principal::{Principal, PrincipalKind};
use bearergate::testing::MemorySink;
use serde_json::{Value, json};

use crate::common::{MILLIS, allow, clock, close, memory, of, put, records, refusal};

fn only(
    event: &AuditEvent<'_>,
    change: impl FnOnce(bearergate::audit::AuditBuilder) -> bearergate::audit::AuditBuilder,
) -> Value {
    let (builder, sink) = memory();
    let audit = change(builder).start().unwrap();
    assert!(put(&audit, event));
    close(audit);
    let records = records(&sink);
    (*of(&records, event_what(&records))[0]).clone()
}

/// What the second record is, which is the first one after the start.
fn event_what(records: &[Value]) -> What {
    let what = records[1]["bearergate.what"].as_str();
    let all = [
        What::Decision,
        What::Locked,
        What::Signal,
        What::Lifecycle,
        What::Completed,
    ];
    all.into_iter()
        .find(|known| Some(known.as_str()) == what)
        .unwrap()
}

fn alice() -> Principal {
    let builder = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com");
    let builder = builder
        .subject("alice")
        .client("shop")
        .scopes(["orders:read"]);
    builder
        .claims(r#"{"tenant":"secret-tenant"}"#)
        .unwrap()
        .build()
}

#[test]
fn the_level_decides_how_much_is_recorded() {
    let caller = alice();
    let decision = Decision::allow().because("readers");
    let event = allow()
        .with_principal(&caller)
        .with_decision(&decision)
        .with_route("/orders/{id}")
        .with_action("orders:read")
        .with_user_agent(b"curl/8")
        .with_trace("rule readers: met");
    let has = |record: &Value, fields: [&str; 6]| fields.map(|field| !record[field].is_null());
    let fields = [
        "user.id",
        "bearergate.action",
        "url.path",
        "user_agent.original",
        "bearergate.scopes",
        "bearergate.claims",
    ];
    for (level, expected) in [
        (AuditLevel::Brief, [true, true, false, false, false, false]),
        (AuditLevel::Normal, [true, true, true, true, false, false]),
        (AuditLevel::Full, [true; 6]),
    ] {
        let record = only(&event.with_level(level), |builder| builder);
        assert_eq!(has(&record, fields), expected, "{level} {record}");
        assert!(!record.to_string().contains("secret-tenant"));
        assert_eq!(record["bearergate.rule"], "readers");
    }
}

#[test]
fn paths_have_no_query_and_can_be_left_out() {
    let event = allow()
        .with_path("/a%20b?token=secret")
        .with_route("/{name}");
    let paths = |paths: Paths| only(&event, |builder| builder.paths(paths));
    let [path, route, none] = [Paths::Path, Paths::Route, Paths::None].map(paths);
    assert_eq!(path["url.path"], "/a%20b");
    assert_eq!(path["http.route"], "/{name}");
    assert_eq!(route["url.path"], Value::Null);
    assert_eq!(route["http.route"], "/{name}");
    assert_eq!([&none["url.path"], &none["http.route"]], [&Value::Null; 2]);
}

#[test]
fn texts_are_cut_at_a_character_and_marked() {
    let path = format!("/{}", "é".repeat(2_000));
    let agent = "ü".repeat(200);
    let event = allow().with_path(&path).with_user_agent(agent.as_bytes());
    let record = only(&event, |builder| builder);
    let [path, agent] =
        ["url.path", "user_agent.original"].map(|name| record[name].as_str().unwrap());
    assert_eq!((path.len(), agent.len()), (1_023, 256));
    assert_eq!(record["bearergate.cut"], json!(true), "{record}");
    let short = only(&allow(), |builder| builder);
    assert!(short["bearergate.cut"].is_null());
}

#[test]
fn a_user_agent_is_recorded_only_if_it_is_utf_8() {
    let odd = format!("x{}", "ü".repeat(200));
    let agents: [(&[u8], Option<usize>); 4] = [
        (b"curl/8.5", Some(8)),
        (odd.as_bytes(), Some(255)),
        (b"\xff\xfe", None),
        (b"caf\xe9 browser", None),
    ];
    for (agent, length) in agents {
        let record = only(&allow().with_user_agent(agent), |builder| builder);
        assert_eq!(record["user_agent.original"].as_str().map(str::len), length);
    }
}

#[test]
fn hostile_texts_end_no_line_in_any_encoding() {
    let hostile = "a\n\r\u{85}\u{2028}\u{202e}\u{0}\"}]|=\\ CEF:0|x\tb";
    let caller = Principal::builder(PrincipalKind::Other, hostile)
        .subject(hostile)
        .client(hostile);
    let caller = caller.scopes(["a"]).build();
    let decision = Decision::deny().because(hostile);
    let limits = [(hostile, "over")];
    let event = AuditEvent::new(What::Decision, MILLIS)
        .with_principal(&caller)
        .with_client(&caller)
        .with_decision(&decision)
        .with_method(hostile)
        .with_path(hostile)
        .with_route(hostile)
        .with_action(hostile)
        .with_resource(hostile)
        .with_user_agent(hostile.as_bytes())
        .with_policy_version(hostile)
        .with_limits(&limits)
        .with_trace(hostile)
        .with_matter("key_created", hostile)
        .with_level(AuditLevel::Full);
    for encoding in [
        Encoding::Native,
        Encoding::Ocsf,
        Encoding::Ecs,
        Encoding::Cef,
    ] {
        let sink = MemorySink::new("memory");
        let audit = Audit::builder()
            .clock(clock())
            .sink(sink.clone(), encoding)
            .start()
            .unwrap();
        assert!(put(&audit, &event));
        close(audit);
        let bytes = sink.bytes();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 3, "{encoding:?}");
        let is_hostile =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{202e}');
        assert!(!text.contains(is_hostile), "{encoding:?} {text}");
    }
}

#[test]
fn a_record_of_the_longest_texts_is_cut_and_whole() {
    let long = "x".repeat(100_000);
    let scopes: Vec<String> = (0..1_000).map(|n| format!("scope{n}")).collect();
    let caller = Principal::builder(PrincipalKind::Other, long.as_str()).subject(long.as_str());
    let caller = caller.client(long.as_str()).scopes(scopes).build();
    let event = refusal()
        .with_principal(&caller)
        .with_client(&caller)
        .with_path(&long)
        .with_action(&long)
        .with_resource(&long)
        .with_trace(&long)
        .with_level(AuditLevel::Full);
    let record = only(&event, |builder| builder);
    assert_eq!(record["bearergate.cut"], json!(true));
    assert_eq!(record["user.id"].as_str().unwrap().len(), 255);
    assert!(record.to_string().len() < 10_000);
}

#[test]
fn only_plain_allows_are_sampled() {
    let (builder, sink) = memory();
    let audit = builder.sample_allowed(10).start().unwrap();
    let caller = alice();
    for _ in 0..2_000 {
        assert!(put(&audit, &allow()));
    }
    for _ in 0..100 {
        assert!(put(&audit, &allow().with_level(AuditLevel::Full)));
        assert!(put(&audit, &refusal().with_principal(&caller)));
        assert!(put(&audit, &AuditEvent::new(What::Signal, MILLIS)));
    }
    close(audit);
    let records = records(&sink);
    let count = |level: &str, outcome: &str| {
        let decisions = of(&records, What::Decision).into_iter();
        let is_one =
            |r: &&Value| r["bearergate.level"] == level && r["bearergate.outcome"] == outcome;
        decisions.filter(is_one).count()
    };
    let plain = count("normal", "allowed");
    assert!((100..300).contains(&plain), "{plain}");
    assert_eq!(count("full", "allowed"), 100);
    assert_eq!(of(&records, What::Signal).len(), 100);
    let refused = of(&records, What::Decision);
    assert_eq!(
        refused
            .iter()
            .filter(|r| r["error.type"] == "token_expired")
            .count(),
        100
    );
}

#[test]
fn a_completed_record_has_the_id_of_its_decision() {
    let (builder, sink) = memory();
    let audit = builder.start().unwrap();
    let recorded = audit.record(&allow());
    let completed = AuditEvent::new(What::Completed, MILLIS)
        .with_id(recorded.id())
        .with_status(200);
    assert!(put(&audit, &completed));
    assert!(put(&audit, &allow()));
    close(audit);
    let records = records(&sink);
    let ids: Vec<_> = records
        .iter()
        .map(|r| r["bearergate.id"].to_string())
        .collect();
    assert_eq!(ids[1], ids[2]);
    assert_ne!(ids[1], ids[3]);
}

#[test]
fn kinds_have_their_class_of_outcome() {
    for (kind, status, outcome) in [
        (RejectionKind::AccessDenied, 403, "denied"),
        (RejectionKind::RateLimited, 429, "limited"),
        (RejectionKind::AddressDenied, 403, "limited"),
        (RejectionKind::TokenExpired, 401, "rejected"),
        (RejectionKind::TokenMalformed, 401, "rejected"),
        (RejectionKind::CredentialAmbiguous, 400, "malformed"),
        (RejectionKind::Unavailable, 503, "unavailable"),
    ] {
        let record = only(&allow().with_kind(kind).with_status(status), |builder| {
            builder
        });
        assert_eq!(record["bearergate.outcome"], outcome, "{kind:?}");
        assert_eq!(record["error.type"], kind.as_str());
        assert_eq!(record["http.response.status_code"], status);
    }
}
