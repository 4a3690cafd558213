//! A session id in the cookies of a request.
//!
//! The input is a request: a method, then header lines. `{id}` is replaced by the id of a session,
//! and `{old}` by its previous id.
//!
//! Property: nothing panics; the request is admitted exactly if a second parser, which joins all
//! cookies to one line, finds one cookie of the name, its value is the id byte for byte, and the
//! request only reads or its headers show that it comes from the same site or a listed one. One
//! empty cookie is no credential.
#![no_main]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::LazyLock;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bearergate::credential::Sources;
use bearergate::secret::ShownOnce;
use bearergate::session::{NewSession, SessionChange, SessionCookie, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::{Gate, RejectionKind};
use http::Request;
use libfuzzer_sys::fuzz_target;

const NAME: &str = "__Host-session";
const ORIGIN: &str = "https://app.example.com";

struct Service {
    gate: Gate,
    id: String,
    old: String,
}

static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let store = Arc::new(MemoryGrantStore::new(10));
    let cookie = SessionCookie::new(NAME).expect("the name is allowed");
    let sessions = SessionManager::builder(store, "service").build();
    let sessions = sessions.expect("the configuration is valid");
    let sources = Sources::builder()
        .without_bearer()
        .cookie(NAME)
        .allow_origin(ORIGIN);
    let gate = Gate::builder()
        .validator(sessions.validator(&cookie))
        .sources(sources.build().expect("the sources are valid"))
        .allow_any_authenticated();
    let created = now(sessions.create(NewSession::new("alice")));
    let created = created.expect("the store answers");
    let changed = now(sessions.rotate(&created.record, SessionChange::default()));
    let changed = changed.expect("the store answers");
    Service {
        gate: gate.build().expect("the gate is valid"),
        id: sent(&cookie, changed.secret),
        old: created.secret.reveal(),
    }
});

/// Returns the value that a browser sends back for a cookie.
fn sent(cookie: &SessionCookie, id: ShownOnce) -> String {
    let header = cookie.set(id);
    let text = header.to_str().expect("a cookie is visible");
    let pair = text.split("; ").next().unwrap_or_default();
    pair.trim_start_matches(NAME)
        .trim_start_matches('=')
        .to_owned()
}

fuzz_target!(|text: &[u8]| {
    let Some(request) = read(text) else {
        return;
    };
    let admitted = SERVICE.gate.try_check_now(&request);
    let admitted = admitted.expect("a store in memory answers at once");
    let values = cookies(&request);
    let is_session = values == [SERVICE.id.as_bytes()];
    let is_valid = is_session && (is_reading(&request) || is_same_site(&request));
    match admitted {
        Ok(admitted) => {
            assert!(is_valid);
            assert_eq!(admitted.principal().subject(), Some("alice"));
        }
        Err(refusal) => {
            assert!(!is_valid);
            check(refusal.kind(), &values);
        }
    }
});

fn check(kind: RejectionKind, values: &[Vec<u8>]) {
    match values {
        [] => assert_eq!(kind, RejectionKind::CredentialMissing),
        [empty] if empty.is_empty() => assert_eq!(kind, RejectionKind::CredentialMissing),
        [one] if kind == RejectionKind::SessionUnknown => assert_ne!(*one, SERVICE.id.as_bytes()),
        [_] => assert!(
            [
                RejectionKind::CrossSiteRefused,
                RejectionKind::CredentialMalformed,
                RejectionKind::TokenMalformed,
                RejectionKind::TokenTooLarge,
            ]
            .contains(&kind)
        ),
        _ => assert_eq!(kind, RejectionKind::CredentialAmbiguous),
    }
}

fn read(text: &[u8]) -> Option<Request<()>> {
    let text = replaced(text, b"{id}", SERVICE.id.as_bytes());
    let text = replaced(&text, b"{old}", SERVICE.old.as_bytes());
    let mut lines = text.split(|b| *b == b'\n');
    let mut builder = Request::builder().method(lines.next()?).uri("/");
    for line in lines {
        let colon = line.iter().position(|b| *b == b':')?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        builder = builder.header(name, value.strip_prefix(b" ").unwrap_or(value));
    }
    builder.body(()).ok()
}

fn replaced(text: &[u8], placeholder: &[u8], by: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(at) = rest
        .windows(placeholder.len())
        .position(|part| part == placeholder)
    {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(by);
        rest = &rest[at + placeholder.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// The values of the session cookie, by a second parser.
fn cookies(request: &Request<()>) -> Vec<Vec<u8>> {
    let lines = request.headers().get_all("cookie").into_iter();
    let lines: Vec<_> = lines.map(|line| line.as_bytes()).collect();
    let (mut values, mut pair) = (Vec::new(), Vec::new());
    for byte in lines.join(&b';').into_iter().chain([b';']) {
        match byte {
            b';' => values.extend(value(&std::mem::take(&mut pair))),
            b' ' | b'\t' if pair.is_empty() => {}
            byte => pair.push(byte),
        }
    }
    values
}

fn value(pair: &[u8]) -> Option<Vec<u8>> {
    let equals = pair.iter().position(|b| *b == b'=')?;
    (&pair[..equals] == NAME.as_bytes()).then(|| pair[equals + 1..].to_vec())
}

fn is_reading(request: &Request<()>) -> bool {
    let reads = ["GET", "HEAD", "OPTIONS"].contains(&request.method().as_str());
    let upgrades = request.headers().get_all("upgrade").into_iter();
    let mut upgrades = upgrades.map(|line| line.as_bytes().to_ascii_lowercase());
    reads && !upgrades.any(|line| String::from_utf8_lossy(&line).contains("websocket"))
}

fn is_same_site(request: &Request<()>) -> bool {
    let values = |name| -> Vec<_> {
        let values = request.headers().get_all(name).into_iter();
        values.map(|value| value.as_bytes()).collect()
    };
    let (site, origin) = (values("sec-fetch-site"), values("origin"));
    if site.len() > 1 || origin.len() > 1 {
        return false;
    }
    let is_other = site.is_empty() || [&b"same-site"[..], b"cross-site"].contains(&site[0]);
    site == [b"same-origin"] || is_other && origin == [ORIGIN.as_bytes()]
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a store in memory answers at once"),
    }
}
