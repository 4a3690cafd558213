//! Audit files in each encoding, in each mode, and on a disk that is full.

use serde_json::{Value, json};

use crate::common::{Files, Server, bearer, forged, token};

/// Returns what a line is about, in an encoding.
fn what(format: &str, line: &str) -> String {
    if format == "cef" {
        let mut fields = line.split('|').skip(4);
        let id = fields.next().unwrap();
        let rest = fields.nth(1).unwrap();
        let is_summary = rest.contains(" cnt=") && rest.contains("cat=summary");
        return match id {
            _ if is_summary => "summary".to_owned(),
            "started" | "stopped" | "gap" | "checkpoint" | "signal" | "locked" => id.to_owned(),
            _ => "decision".to_owned(),
        };
    }
    let record: Value = serde_json::from_str(line).unwrap();
    let what = match format {
        "ocsf" => &record["unmapped"]["bearergate"]["what"],
        _ => &record["bearergate.what"],
    };
    what.as_str().unwrap().to_owned()
}

fn decisions(files: &Files, format: &str) -> Vec<String> {
    let lines = files.audit_lines().into_iter();
    lines
        .filter(|line| what(format, line) == "decision")
        .collect()
}

#[test]
fn each_request_leaves_one_record_in_each_encoding() {
    for format in ["ocsf", "ecs", "cef", "native"] {
        let files = Files::new();
        let directory = files.path("audit");
        let server = Server::start(&files, &["--audit", &directory, "--audit-format", format]);
        let alice = token("alice");
        for (method, path, auth) in [
            ("GET", "/whoami", String::new()),
            ("GET", "/whoami", bearer(&alice)),
            ("GET", "/orders", bearer(&alice)),
            ("POST", "/orders", bearer(&alice)),
            ("GET", "/forbidden", bearer(&alice)),
            ("GET", "/fail", bearer(&alice)),
            ("GET", "/slow", bearer(&alice)),
            ("GET", "/orders", String::new()),
            ("GET", "/orders", bearer(&forged("alice"))),
        ] {
            server.request(method, path, &auth);
        }
        server.get("/nothing", &alice);
        assert_eq!(server.flush(), 204);
        let lines = decisions(&files, format);
        assert_eq!(lines.len(), 9, "{format}");
        for (line, kind) in [
            (4, "access_denied"),
            (7, "credential_missing"),
            (8, "signature_invalid"),
        ] {
            assert!(lines[line].contains(kind), "{format}: {}", lines[line]);
        }
        assert!(lines[2].contains("alice") && lines[2].contains("/orders"));
        assert_eq!(server.terminate().code(), Some(0));
        let all = files.audit_lines();
        assert_eq!(what(format, all.first().unwrap()), "started");
        assert_eq!(what(format, all.last().unwrap()), "stopped");
    }
}

#[test]
fn decisions_and_summaries_are_as_many_as_the_answers() {
    let files = Files::new();
    let directory = files.path("audit");
    let server = Server::start(&files, &["--audit", &directory, "--no-proxy"]);
    assert_eq!(server.statuses(40, "/orders", ""), [401; 40]);
    assert_eq!(server.statuses(5, "/orders", &token("alice")), [200; 5]);
    assert_eq!(server.flush(), 204);
    let records = files.audit_lines();
    let records = records
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut count = 0;
    for (before, record) in records.enumerate() {
        assert_eq!(record["metadata"]["sequence"], json!(before + 1));
        match record["unmapped"]["bearergate"]["what"].as_str() {
            Some("decision") => count += 1,
            Some("summary") => count += record["count"].as_u64().unwrap(),
            _ => {}
        }
    }
    assert_eq!(count, 45);
}

#[test]
fn a_full_disk_loses_what_it_says_it_loses() {
    let files = Files::new();
    let directory = files.path("audit");
    let options = ["--audit", &directory, "--audit-ring", "65536"];
    let server = Server::with_small_disk(&files, 32, &options);
    assert_eq!(server.statuses(900, "/orders", &token("alice")), [200; 900]);
    assert_eq!(server.flush(), 503);
    let lost = &server.get_admin("/state").json()["audit"]["lost"];
    let lost = lost["allowed"].as_u64().unwrap();
    assert!(lost > 0);
    assert_eq!(
        server.metric("bearergate_audit_lost_total{lane=\"allowed\"}"),
        lost
    );
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn a_required_trail_without_room_answers_503_and_charges_nothing() {
    let files = Files::new();
    let directory = files.path("audit");
    let limits = files.limits(&json!({"limits": [{"name": "a", "rate": "1000/h"}]}));
    let mode = [
        "--audit",
        &directory,
        "--audit-mode",
        "required",
        "--audit-ring",
        "65536",
    ];
    let options = [&mode[..], &["--limits", &limits]].concat();
    let server = Server::with_small_disk(&files, 32, &options);
    let alice = token("alice");
    let passed = |_: &usize| server.get("/orders", &alice).status() == 200;
    let count = (0..500).take_while(passed).count();
    assert!((1..500).contains(&count));
    let refused = server.get("/orders", &alice);
    assert_eq!(refused.status(), 503);
    assert!(refused.retry_after().is_some());
    assert_eq!(refused.header("www-authenticate"), None);
    let passes = server.metric("bearergate_limit_total{limit=\"a\",result=\"pass\"}");
    assert_eq!(usize::try_from(passes).unwrap(), count);
}

#[test]
fn an_answer_waits_for_its_record_or_is_503() {
    let files = Files::new();
    let directory = files.path("audit");
    let mode = ["--audit", &directory, "--audit-mode", "before-answer"];
    let server = Server::with_small_disk(&files, 32, &mode);
    let alice = token("alice");
    let passed = |_: &usize| server.get("/orders", &alice).status() == 200;
    let count = (0..100).take_while(passed).count();
    assert!((1..100).contains(&count));
    let is_whole = |line: &String| serde_json::from_str::<Value>(line).is_ok();
    let whole = files
        .audit_lines()
        .iter()
        .filter(|line| is_whole(line))
        .count();
    // The start of the trail is a record too.
    assert!(whole > count, "{whole} {count}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_sink_that_never_works_disturbs_nothing() {
    let files = Files::new();
    let directory = files.path("audit");
    let server = Server::start(
        &files,
        &["--audit", &directory, "--audit-sink", "/dev/full"],
    );
    assert_eq!(server.statuses(20, "/orders", &token("alice")), [200; 20]);
    assert_eq!(server.flush(), 204);
    assert_eq!(decisions(&files, "ocsf").len(), 20);
    assert!(server.metric("bearergate_audit_write_errors_total{sink=\"second\"}") > 0);
    assert_eq!(
        server.metric("bearergate_audit_write_errors_total{sink=\"audit\"}"),
        0
    );
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn a_second_sink_gets_the_same_lines() {
    let files = Files::new();
    let (directory, second) = (files.path("audit"), files.path("second"));
    let server = Server::start(&files, &["--audit", &directory, "--audit-sink", &second]);
    assert_eq!(server.statuses(5, "/orders", &token("alice")), [200; 5]);
    assert_eq!(server.terminate().code(), Some(0));
    // Each trail has a start and an end of its own.
    let copied = std::fs::read_to_string(second).unwrap();
    let is_decision = |line: &&str| what("ocsf", line) == "decision";
    let copied: Vec<_> = copied.lines().filter(is_decision).collect();
    assert_eq!(copied.len(), 5);
    assert_eq!(copied, decisions(&files, "ocsf"));
}

#[test]
fn addresses_are_recorded_as_configured() {
    for (detail, expected) in [
        ("full", "203.0.113.7"),
        ("prefix", "\"203.0.113.0\""),
        ("keyed", "p1:"),
        ("none", "\"unknown\""),
    ] {
        let files = Files::new();
        let (directory, key) = (files.path("audit"), files.path("key"));
        let proxy = ["--trusted-proxy", "127.0.0.1", "--audit", &directory];
        let more = ["--audit-pseudonym-key", &key, "--audit-addresses", detail];
        let server = Server::start(&files, &[proxy, more].concat());
        let header = format!(
            "x-forwarded-for: 203.0.113.7\r\n{}",
            bearer(&token("alice"))
        );
        server.request("GET", "/orders", &header);
        assert_eq!(server.flush(), 204);
        let line = decisions(&files, "ocsf").pop().unwrap();
        assert!(line.contains(expected), "{detail}: {line}");
        assert_eq!(line.contains("203.0.113.7"), detail == "full");
        assert!(!line.contains("alice"));
    }
}
