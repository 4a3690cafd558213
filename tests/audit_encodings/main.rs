//! Lines of the audit trail as a SIEM receives them: hostile texts of requests, through a whole
//! trail, read by parsers that share nothing with the crate.
//!
//! Comments name the defects that a test covers; `docs/defects.md` has the list. Every kind of record
//! with every field is tested with the encoders themselves.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::audit::{
    Audit, AuditEvent, AuditSink, Collapse, Encoding, SyslogSink, What, WriterSink,
};
use bearergate::policy::AuditLevel;
use proptest::prelude::*;
use serde_json::Value;

const WAIT: Duration = Duration::from_secs(20);

/// What tries to end a line, a field, a value or a frame, or to change how a terminal shows it.
const HOSTILE: &str = "a\r\n\u{85}\u{2028}\u{2029}CEF:0|x|y=z\\n\\ act=allowed ]\" }{ \",\"x\":\"\
     <13>1 \u{7f}\u{9b}31m\u{1b}[31m\u{200f}\u{202e}\u{2066}\u{feff}\0\u{1f600}é\\";

/// Methods are at most 32 bytes long.
const METHOD: &str = "x\r\n\u{2028}\u{202e}\"|=\\ act=\0";

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A decision with this text wherever a request can bring one.
fn event<'a>(text: &'a str, limits: &'a [(&'a str, &'a str)]) -> AuditEvent<'a> {
    AuditEvent::new(What::Decision, 1_760_000_000_250)
        .with_level(AuditLevel::Full)
        .with_kind(RejectionKind::TokenExpired)
        .with_status(401)
        .with_method(METHOD)
        .with_path(text)
        .with_route(text)
        .with_action(text)
        .with_resource(text)
        .with_user_agent(text.as_bytes())
        .with_policy_version("1")
        .with_limits(limits)
        .with_trace(text)
}

fn record(text: &str, sink: impl AuditSink + 'static, encoding: Encoding) {
    let audit = Audit::builder()
        .collapse(Collapse::default())
        .sink(sink, encoding)
        .start()
        .unwrap();
    let _ = audit.record(&event(text, &[("default", "pass")]));
    let closed = audit.close(WAIT);
    assert!(closed.is_complete());
}

/// The line of the decision.
fn line(text: &str, encoding: Encoding) -> String {
    let buffer = Buffer::default();
    record(text, WriterSink::new(buffer.clone()), encoding);
    let bytes = buffer.0.lock().unwrap().clone();
    let all = String::from_utf8(bytes).unwrap();
    assert!(all.ends_with('\n'));
    let mut lines: Vec<_> = all
        .lines()
        .filter(|line| line.contains("token_expired"))
        .collect();
    assert_eq!(lines.len(), 1, "{all}");
    assert!(
        all.chars()
            .all(|letter| letter == '\n' || !letter.is_control())
    );
    lines.remove(0).to_owned()
}

/// Where the texts are: pointers of OCSF, names of ECS and native.
fn check_json(text: &str) {
    let parse = |encoding| serde_json::from_str::<Value>(&line(text, encoding)).unwrap();
    let ocsf = parse(Encoding::Ocsf);
    for pointer in [
        "/api/operation",
        "/resources/0/name",
        "/http_request/url/path",
        "/http_request/user_agent",
        "/unmapped/bearergate/route",
        "/unmapped/bearergate/trace",
    ] {
        assert_eq!(
            ocsf.pointer(pointer),
            Some(&text.into()),
            "{pointer} {ocsf}"
        );
    }
    for pointer in ["/activity_name", "/http_request/http_method"] {
        assert_eq!(ocsf.pointer(pointer), Some(&METHOD.into()), "{pointer}");
    }
    for (encoding, names) in [
        (
            Encoding::Ecs,
            ["event.action", "bearergate.route", "bearergate.resource"],
        ),
        (
            Encoding::Native,
            ["bearergate.action", "http.route", "bearergate.resource"],
        ),
    ] {
        let record = parse(encoding);
        for name in names
            .into_iter()
            .chain(["url.path", "user_agent.original", "bearergate.trace"])
        {
            assert_eq!(record[name], text, "{name}");
        }
    }
}

// Defect J04 (log forging): docs/defects.md
#[test]
fn texts_of_requests_are_parsed_back_equal() {
    for text in ["x", HOSTILE, "\n", "\u{2028}", "\"", "\\", "é"] {
        check_json(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    // A path ends at a question mark or number sign.
    #[test]
    fn any_text_of_a_request_is_parsed_back_equal(text in "[^?#]{1,40}") {
        check_json(&text);
    }
}

// Defect J15 (forgery of CEF and syslog): docs/defects.md
#[test]
fn a_text_of_a_request_adds_no_field_to_a_cef_line() {
    let keys = |text: &str| {
        let line = line(text, Encoding::Cef);
        let unescaped = line.replace("\\\\", "").replace("\\=", "");
        let extension = unescaped.split('|').skip(7).collect::<Vec<_>>().join("|");
        let keys = extension
            .split('=')
            .map(|part| part.rsplit(' ').next().unwrap().to_owned());
        let mut keys: Vec<_> = keys.collect();
        // What follows the last `=` is a value.
        keys.pop();
        keys
    };
    assert_eq!(keys(HOSTILE), keys("x"));
    assert!(keys("x").iter().any(|key| key == "requestMethod"));
}

// Defect J15 (forgery of CEF and syslog): docs/defects.md
#[test]
fn syslog_messages_are_counted_and_carry_the_line_whole() {
    for encoding in [Encoding::Ocsf, Encoding::Cef] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let reader = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(WAIT)).unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            all
        });
        record(HOSTILE, SyslogSink::tcp(&address).unwrap(), encoding);
        let all = reader.join().unwrap();
        let mut rest = &all[..];
        let mut found = Vec::new();
        while !rest.is_empty() {
            let space = rest.iter().position(|byte| *byte == b' ').unwrap();
            let len: usize = str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
            let message = str::from_utf8(&rest[space + 1..][..len]).unwrap();
            rest = &rest[space + 1 + len..];
            let (header, line) = message.split_once("] ").unwrap();
            let fields: Vec<_> = header.splitn(7, ' ').collect();
            assert!(!message.contains('\n'));
            assert_eq!(
                (fields[3], fields[6].split(' ').next()),
                ("bearergate", Some("[bg@32473"))
            );
            found.push((fields[0].to_owned(), fields[5].to_owned(), line.to_owned()));
        }
        let decision = found.iter().find(|(_, code, _)| code == "token_expired");
        let (priority, _, line) = decision.unwrap();
        assert_eq!(priority, "<85>1");
        if encoding == Encoding::Ocsf {
            let event: Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["http_request"]["url"]["path"], HOSTILE);
        } else {
            assert!(line.starts_with("CEF:0|bearergate|"), "{line}");
        }
        assert!(
            found
                .iter()
                .any(|(priority, code, _)| priority == "<86>1" && code == "started")
        );
    }
}

#[test]
fn a_user_agent_is_cut_at_256_bytes_between_characters() {
    let long = "é".repeat(200);
    let text = line(&long, Encoding::Native);
    let record: Value = serde_json::from_str(&text).unwrap();
    let kept = record["user_agent.original"].as_str().unwrap();
    assert_eq!((kept.len(), long.starts_with(kept)), (256, true));
}
