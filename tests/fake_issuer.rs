//! The fake provider, over real connections.
#![cfg(feature = "testing")]
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use std::{io, thread};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::key::KeySet;
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, FakeKey, Fault, TokenBuilder};
use bearergate::{JwtValidator, Principal, Rejection, RejectionKind, TokenValidator};
use serde_json::Value;

const NOW: u64 = 1_760_000_000;
const API: &str = "https://api.example.com";

/// A response: status, head, and the body as it was sent.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Self::parse(&bytes).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..at].to_vec()).ok()?;
        Some(Self {
            status: head.split(' ').nth(1)?.parse().ok()?,
            head: head.to_ascii_lowercase(),
            body: bytes[at + 4..].to_vec(),
        })
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn connect(idp: &FakeIssuer) -> io::Result<TcpStream> {
    let address = idp.endpoint(FakeEndpoint::Jwks);
    let address = address.split('/').nth(2).unwrap().to_owned();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(stream)
}

fn path(idp: &FakeIssuer, endpoint: FakeEndpoint) -> String {
    let url = idp.endpoint(endpoint);
    let rest = url.strip_prefix("http://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

fn exchange(idp: &FakeIssuer, request: &str) -> io::Result<Reply> {
    let mut stream = connect(idp)?;
    stream.write_all(request.as_bytes())?;
    Reply::read(&mut stream)
}

fn get_with(idp: &FakeIssuer, endpoint: FakeEndpoint, header: &str) -> io::Result<Reply> {
    let path = path(idp, endpoint);
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n");
    exchange(idp, &request)
}

fn get(idp: &FakeIssuer, endpoint: FakeEndpoint) -> io::Result<Reply> {
    get_with(idp, endpoint, "")
}

fn post(
    idp: &FakeIssuer,
    endpoint: FakeEndpoint,
    (header, form): (&str, &str),
) -> io::Result<Reply> {
    let (path, len) = (path(idp, endpoint), form.len());
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {len}\r\n\r\n{form}"
    );
    exchange(idp, &request)
}

fn basic(id: &str, secret: &str) -> String {
    let pair = STANDARD.encode(format!("{id}:{secret}"));
    format!("authorization: Basic {pair}\r\n")
}

fn own_client() -> String {
    basic(
        FakeIssuer::CLIENT_ID,
        &FakeIssuer::CLIENT_SECRET.replace(' ', "+"),
    )
}

fn introspected(idp: &FakeIssuer, token: &str) -> Value {
    let form = format!("token={token}&token_type_hint=access_token");
    let reply = post(idp, FakeEndpoint::Introspection, (&own_client(), &form)).unwrap();
    assert_eq!(reply.status, 200);
    reply.json()
}

fn fixed() -> (FakeIssuer, FakeClock) {
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    (idp, clock)
}

fn validate(idp: &FakeIssuer, token: &str) -> Result<Principal, Rejection> {
    let jwks = get(idp, FakeEndpoint::Jwks).unwrap().body;
    let validator = JwtValidator::builder()
        .issuer(idp.url())
        .audience(API)
        .keys(KeySet::from_jwks(jwks).unwrap())
        .clock(FakeClock::at(idp.now()))
        .build()
        .unwrap();
    let presented = PresentedCredential::bearer(token).unwrap();
    validator.validate(&presented).try_now().unwrap()
}

// Ready

#[test]
fn it_answers_within_fifty_milliseconds() {
    let is_quick = |_| {
        let start = Instant::now();
        let idp = FakeIssuer::start().unwrap();
        assert_eq!(get(&idp, FakeEndpoint::Jwks).unwrap().status, 200);
        start.elapsed() < Duration::from_millis(50)
    };
    // The fastest of many tries: other tests and other programs run at the same time.
    assert!((0..200).any(is_quick));
}

#[test]
fn it_ends_when_it_is_dropped_and_releases_held_requests() {
    let idp = FakeIssuer::start().unwrap();
    idp.fail(FakeEndpoint::Jwks, Fault::Hang);
    let mut waiting = connect(&idp).unwrap();
    let request = format!("GET {} HTTP/1.1\r\n\r\n", path(&idp, FakeEndpoint::Jwks));
    waiting.write_all(request.as_bytes()).unwrap();
    assert!(idp.wait_for(FakeEndpoint::Jwks, 1));
    let address = waiting.peer_addr().unwrap();
    drop(idp);
    assert!(Reply::read(&mut waiting).is_err());
    let again = TcpStream::connect(address);
    assert_eq!(again.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

// Keys and tokens

#[test]
fn its_tokens_are_accepted_by_its_published_keys() {
    for key in [
        FakeKey::es256("a"),
        FakeKey::ed25519("a"),
        FakeKey::rs256("a"),
    ] {
        let idp = FakeIssuer::builder().key(key).start().unwrap();
        let token = idp.token(API).subject("alice").scope("read write").sign();
        let principal = validate(&idp, &token).unwrap();
        assert_eq!(principal.subject(), Some("alice"));
        assert_eq!(principal.scopes().unwrap().iter().count(), 2);
    }
}

#[test]
fn rotation_replaces_the_key_and_the_set() {
    let idp = FakeIssuer::start().unwrap();
    let old = idp.token(API).sign();
    let first = idp.key();
    let second = idp.rotate();
    assert_ne!(first.kid(), second.kid());
    let kind = |token: &str| validate(&idp, token).map_err(|rejection| rejection.kind());
    assert_eq!(kind(&old).unwrap_err(), RejectionKind::KeyNotFound);
    assert!(kind(&idp.token(API).sign()).is_ok());
    idp.publish([&first, &second]);
    assert!(kind(&old).is_ok());
}

#[test]
fn a_bad_key_can_be_published_next_to_good_ones_and_a_set_may_be_empty() {
    let idp = FakeIssuer::start().unwrap();
    idp.publish_also(r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":7}"#);
    let keys = KeySet::from_jwks(get(&idp, FakeEndpoint::Jwks).unwrap().body).unwrap();
    assert_eq!((keys.keys().len(), keys.skipped().len()), (1, 1));
    idp.publish([]);
    assert_eq!(
        get(&idp, FakeEndpoint::Jwks).unwrap().body,
        br#"{"keys":[]}"#
    );
}

#[test]
fn wrong_tokens_differ_only_in_what_was_asked_for() {
    use RejectionKind::*;
    let (idp, _) = fixed();
    let build = || idp.token(API);
    assert!(validate(&idp, &build().sign()).is_ok());
    let stranger = FakeKey::es256(idp.key().kid());
    let cases: [(TokenBuilder, RejectionKind); 6] = [
        (build().issuer("https://other"), IssuerMismatch),
        (build().audience("https://other"), AudienceMismatch),
        (build().without("exp"), ClaimMissing),
        (build().claim("exp", NOW - 31), TokenExpired),
        (build().typ("logout+jwt"), TypeMismatch),
        (build().forged_by(&stranger), SignatureInvalid),
    ];
    for (token, kind) in cases {
        assert_eq!(validate(&idp, &token.sign()).unwrap_err().kind(), kind);
    }
}

// Documents

#[test]
fn both_documents_name_the_issuer_and_its_endpoints() {
    let idp = FakeIssuer::builder().path("/realms/main").start().unwrap();
    assert!(idp.url().ends_with("/realms/main"));
    for endpoint in [FakeEndpoint::Discovery, FakeEndpoint::ServerMetadata] {
        let document = get(&idp, endpoint).unwrap().json();
        assert_eq!(document["issuer"], idp.url());
        assert_eq!(document["jwks_uri"], idp.endpoint(FakeEndpoint::Jwks));
        let introspection = &document["introspection_endpoint"];
        assert_eq!(introspection, &idp.endpoint(FakeEndpoint::Introspection));
        assert_eq!(idp.count(endpoint), 1);
    }
}

#[test]
fn members_of_the_documents_can_be_changed_and_removed() {
    let idp = FakeIssuer::start().unwrap();
    idp.announce("issuer", "https://other");
    idp.announce("introspection_endpoint", ());
    let document = get(&idp, FakeEndpoint::Discovery).unwrap().json();
    assert_eq!(document["issuer"], "https://other");
    assert!(document.get("introspection_endpoint").is_none());
    assert!(document.get("token_endpoint").is_some());
}

#[test]
fn a_known_tag_is_answered_without_a_body_until_the_set_changes() {
    let idp = FakeIssuer::start().unwrap();
    idp.header(FakeEndpoint::Jwks, ("cache-control", "max-age=60"));
    let first = get(&idp, FakeEndpoint::Jwks).unwrap();
    let tag = first.head.split("etag: ").nth(1).unwrap();
    let tag = format!("if-none-match: {}\r\n", tag.lines().next().unwrap());
    let again = get_with(&idp, FakeEndpoint::Jwks, &tag).unwrap();
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert!(again.head.contains("cache-control: max-age=60"));
    idp.rotate();
    assert_eq!(
        get_with(&idp, FakeEndpoint::Jwks, &tag).unwrap().status,
        200
    );
}

#[test]
fn the_date_header_is_that_of_its_clock() {
    let (idp, _) = fixed();
    let head = get(&idp, FakeEndpoint::Jwks).unwrap().head;
    assert!(
        head.contains("date: thu, 09 oct 2025 08:53:20 gmt"),
        "{head}"
    );
}

#[test]
fn strange_paths_and_methods_are_refused_and_counted() {
    let idp = FakeIssuer::start().unwrap();
    assert_eq!(get(&idp, FakeEndpoint::Other).unwrap().status, 404);
    assert_eq!(get(&idp, FakeEndpoint::Introspection).unwrap().status, 405);
    assert_eq!((idp.count(FakeEndpoint::Other), idp.total()), (1, 2));
}

// Clients

#[test]
fn an_opaque_token_is_active_until_it_expires_or_is_revoked() {
    let (idp, clock) = fixed();
    let claims = idp.token(API).scope("read");
    let (first, second) = (idp.opaque(&claims), idp.opaque(&claims));
    let answer = introspected(&idp, &first);
    assert_eq!(answer["active"], true);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["scope"], "read");
    let form = format!("token={second}");
    let revoked = post(&idp, FakeEndpoint::Revocation, (&own_client(), &form)).unwrap();
    assert_eq!(revoked.status, 200);
    let inactive = serde_json::json!({"active": false});
    assert_eq!(introspected(&idp, &second), inactive);
    clock.advance(Duration::from_secs(299));
    assert_eq!(introspected(&idp, &first)["active"], true);
    clock.advance(Duration::from_secs(1));
    assert_eq!(introspected(&idp, &first), inactive);
}

#[test]
fn introspection_returns_the_configured_members() {
    let idp = FakeIssuer::start().unwrap();
    idp.know_as("odd", r#"{"active":"true"}"#);
    assert_eq!(introspected(&idp, "odd")["active"], "true");
    let token = idp.token(API);
    idp.know(token.sign(), &token);
    assert_eq!(introspected(&idp, "unknown")["active"], false);
}

#[test]
fn tokens_are_issued_for_client_credentials() {
    let idp = FakeIssuer::start().unwrap();
    let form = "grant_type=client_credentials&scope=read+write&resource=https%3A%2F%2Fapi";
    let granted = post(&idp, FakeEndpoint::Token, (&own_client(), form)).unwrap();
    let granted = granted.json();
    let token = granted["access_token"].as_str().unwrap();
    let answer = introspected(&idp, token);
    assert_eq!(answer["client_id"], FakeIssuer::CLIENT_ID);
    assert_eq!(answer["scope"], "read write");
    assert_eq!(answer["aud"], "https://api");
    let refused = post(
        &idp,
        FakeEndpoint::Token,
        (&own_client(), "grant_type=password"),
    )
    .unwrap();
    assert_eq!(refused.status, 400);
}

#[test]
fn a_client_authenticates_by_one_of_four_methods() {
    let (idp, _) = fixed();
    let key = FakeKey::es256("client key");
    idp.admit("a b", "p:w%");
    idp.admit_key("with key", &key);
    idp.admit_bearer("b64token");
    let assertion = TokenBuilder::new(&key, idp.now())
        .without_header("typ")
        .issuer("with key")
        .subject("with key")
        .without("client_id")
        .audience(idp.url());
    let asserted = |assertion: &TokenBuilder| {
        format!(
            "token=x&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={}",
            assertion.sign()
        )
    };
    let bearer = "authorization: Bearer b64token\r\n";
    let posted = "token=x&client_id=a+b&client_secret=p%3Aw%25";
    let good = [
        (basic("a+b", "p%3Aw%25"), "token=x".to_owned()),
        (bearer.to_owned(), "token=x".to_owned()),
        (String::new(), posted.to_owned()),
        (String::new(), asserted(&assertion)),
    ];
    let bad = [
        (String::new(), "token=x".to_owned()),
        (basic("a b", "p:w%"), "token=x".to_owned()),
        (basic("a+b", "p%3Aw"), "token=x".to_owned()),
        (
            "authorization: Bearer b64\r\n".to_owned(),
            "token=x".to_owned(),
        ),
        (bearer.to_owned(), posted.to_owned()),
        (String::new(), posted.replace("%25", "")),
        (String::new(), asserted(&assertion.clone().subject("other"))),
        (
            String::new(),
            asserted(&assertion.clone().audience("https://other")),
        ),
        (
            String::new(),
            asserted(&assertion.clone().forged_by(&idp.key())),
        ),
    ];
    let status = |(header, form): &(String, String)| {
        let reply = post(&idp, FakeEndpoint::Introspection, (header, form));
        reply.unwrap().status
    };
    assert_eq!(good.each_ref().map(status), [200; 4]);
    assert_eq!(bad.each_ref().map(status), [401; 9]);
    idp.dismiss();
    assert_eq!(good.each_ref().map(status), [401; 4]);
}

#[test]
fn introspection_is_signed_for_clients_that_accept_it() {
    let (idp, _) = fixed();
    let token = idp.opaque(&idp.token(API));
    let header = format!(
        "{}accept: application/token-introspection+jwt\r\n",
        own_client()
    );
    let form = format!("token={token}");
    let reply = post(&idp, FakeEndpoint::Introspection, (&header, &form)).unwrap();
    assert!(
        reply
            .head
            .contains("content-type: application/token-introspection+jwt")
    );
    // A validator of access tokens verifies the signature, and then refuses the type.
    let validator = JwtValidator::builder()
        .issuer(idp.url())
        .audience(FakeIssuer::CLIENT_ID)
        .keys(idp.key().key_set())
        .allow_missing_expiry()
        .clock(FakeClock::at(idp.now()))
        .build()
        .unwrap();
    let envelope = String::from_utf8(reply.body).unwrap();
    let presented = PresentedCredential::bearer(&envelope).unwrap();
    let refused = validator.validate(&presented).try_now().unwrap();
    assert_eq!(refused.unwrap_err().kind(), RejectionKind::TypeMismatch);
    let payload = envelope.split('.').nth(1).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let claims = &payload["token_introspection"];
    assert_eq!(claims["active"], true);
    assert_eq!(claims["sub"], "subject-1");
}

// Faults

#[test]
fn requests_are_counted_and_kept() {
    let idp = FakeIssuer::start().unwrap();
    introspected(&idp, "some-token");
    let seen = idp.requests(FakeEndpoint::Introspection);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].method(), "POST");
    assert_eq!(seen[0].form("token").as_deref(), Some("some-token"));
    assert_eq!(
        seen[0].form("token_type_hint").as_deref(),
        Some("access_token")
    );
    assert!(
        seen[0]
            .header("Authorization")
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(idp.connections(), 1);
}

#[test]
fn one_connection_serves_many_requests() {
    let idp = FakeIssuer::start().unwrap();
    let mut stream = connect(&idp).unwrap();
    let path = path(&idp, FakeEndpoint::Jwks);
    for _ in 0..2 {
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    }
    write!(stream, "GET {path} HTTP/1.1\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3);
    assert_eq!((idp.count(FakeEndpoint::Jwks), idp.connections()), (3, 1));
}

#[test]
fn every_fault_behaves_as_named_and_can_be_repaired() {
    let idp = FakeIssuer::start().unwrap();
    let right = idp.jwks();
    let ask = |fault| {
        idp.fail(FakeEndpoint::Jwks, fault);
        get(&idp, FakeEndpoint::Jwks)
    };
    let busy = Answer::new(429).header("retry-after", "7");
    let busy = ask(Fault::Answer(busy)).unwrap();
    assert_eq!(busy.status, 429);
    assert!(busy.head.contains("retry-after: 7"));
    let typed = ask(Fault::ContentType("text/plain".to_owned())).unwrap();
    assert!(typed.head.contains("content-type: text/plain"));
    assert_eq!(typed.body, right.as_bytes());
    let html = ask(Fault::Html).unwrap();
    assert!(html.status == 200 && html.body.starts_with(b"<!DOCTYPE html>"));
    let away = ask(Fault::Redirect("https://elsewhere.example.com/".to_owned())).unwrap();
    assert_eq!(away.status, 307);
    assert!(
        away.head
            .contains("location: https://elsewhere.example.com/")
    );
    let reset = ask(Fault::Reset).map(|reply| reply.status);
    assert_eq!(reset.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(ask(Fault::Status(503)).unwrap().status, 503);
    assert_eq!(
        ask(Fault::Slow(Duration::from_millis(1))).unwrap().body,
        right.as_bytes()
    );
    let half = ask(Fault::Truncated).unwrap();
    assert!(
        half.head
            .contains(&format!("content-length: {}", right.len()))
    );
    assert_eq!(half.body, right.as_bytes()[..right.len() / 2]);
    let huge = ask(Fault::Huge(10_000_000)).unwrap();
    assert!(huge.head.contains("transfer-encoding: chunked"));
    assert!(!huge.head.contains("content-length"));
    assert!(huge.body.len() > 10_000_000);
    idp.heal(FakeEndpoint::Jwks);
    assert_eq!(
        get(&idp, FakeEndpoint::Jwks).unwrap().body,
        right.as_bytes()
    );
    assert_eq!(idp.count(FakeEndpoint::Jwks), 10);
}

#[test]
fn a_fault_may_affect_only_one_request_and_only_one_endpoint() {
    let idp = FakeIssuer::start().unwrap();
    idp.fail_once(FakeEndpoint::Jwks, Fault::Status(500));
    let status = |endpoint| get(&idp, endpoint).unwrap().status;
    assert_eq!(status(FakeEndpoint::Discovery), 200);
    assert_eq!(status(FakeEndpoint::Jwks), 500);
    assert_eq!(status(FakeEndpoint::Jwks), 200);
}

#[test]
fn held_requests_are_answered_after_the_repair() {
    let idp = FakeIssuer::start().unwrap();
    idp.fail(FakeEndpoint::Jwks, Fault::Hold);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| get(&idp, FakeEndpoint::Jwks).unwrap().status);
        assert!(idp.wait_for(FakeEndpoint::Jwks, 1));
        assert!(!waiting.is_finished());
        idp.heal(FakeEndpoint::Jwks);
        assert_eq!(waiting.join().unwrap(), 200);
    });
}

#[test]
fn it_goes_down_and_comes_up_at_the_same_port() {
    let idp = FakeIssuer::start().unwrap();
    let mut open = connect(&idp).unwrap();
    let url = idp.url().to_owned();
    idp.down();
    let refused = connect(&idp).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert!(matches!(open.read(&mut [0]), Ok(0) | Err(_)));
    idp.down();
    idp.up().unwrap();
    idp.up().unwrap();
    assert_eq!(get(&idp, FakeEndpoint::Jwks).unwrap().status, 200);
    assert_eq!(idp.url(), url);
}
