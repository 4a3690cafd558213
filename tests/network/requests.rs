//! The headers and the deadlines of requests, the second attempt, and answers with a coding.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bearergate::clock::FakeClock;
use bearergate::environment::Environment;
use bearergate::error::ConfigErrorKind;
use bearergate::http_client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpSettings,
};
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::key::{FetchedKeys, FetchedKeysBuilder, KeyHint};
use bearergate::testing::{FakeEndpoint, FakeIssuer};
use bearergate::{KeyStore, NowOrLater, RejectionKind};

use crate::common::{START, Scene};
use crate::net::Patient;

fn discovered(change: impl FnOnce(FetchedKeysBuilder) -> FetchedKeysBuilder) -> Scene {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let keys = change(FetchedKeys::discover(idp.url()));
    Scene::with_keys(clock, idp, keys)
}

/// Providers behind a firewall refuse requests without a `User-Agent`, and some proxies compress
/// answers unless a request asks for none.
#[tokio::test]
async fn every_request_names_the_client_and_asks_for_no_coding() {
    let own = format!("bearergate/{}", env!("CARGO_PKG_VERSION"));
    let settings = HttpSettings::new().user_agent("orders-api/1.4 (bearergate)");
    for (scene, agent) in [
        (discovered(|keys| keys), own.as_str()),
        (
            discovered(|keys| keys.http_settings(settings)),
            "orders-api/1.4 (bearergate)",
        ),
    ] {
        assert_eq!(scene.validate(&scene.good()).await, Ok(()));
        for endpoint in [FakeEndpoint::Discovery, FakeEndpoint::Jwks] {
            let request = &scene.idp.requests(endpoint)[0];
            assert_eq!(request.header("user-agent"), Some(agent), "{endpoint:?}");
            let coding = request.header("accept-encoding");
            assert_eq!(coding, Some("identity"), "{endpoint:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_with_a_coding_is_named_and_not_read() {
    for endpoint in [FakeEndpoint::Discovery, FakeEndpoint::Jwks] {
        for (coding, expected) in [
            ("identity", Ok(())),
            ("gzip", Err(RejectionKind::Unavailable)),
            ("br", Err(RejectionKind::Unavailable)),
        ] {
            let scene = discovered(|keys| keys);
            scene.idp.header(endpoint, ("content-encoding", coding));
            let result = scene.validate(&scene.good()).await;
            assert_eq!(result, expected, "{endpoint:?} {coding}");
            let problem = scene.recorded().fetches[0];
            let is_named = problem.is_some_and(|text| text.contains("content coding"));
            assert_eq!(is_named, expected.is_err(), "{problem:?}");
        }
    }
}

#[test]
fn settings_outside_their_range_do_not_build() {
    let secs = Duration::from_secs;
    let new = HttpSettings::new;
    for (settings, refused) in [
        (new().deadline(secs(10)).connect_deadline(secs(10)), None),
        (new().deadline(secs(11)), Some("deadline")),
        (new().connect_deadline(secs(4)), Some("connect_deadline")),
        (new().user_agent(""), Some("user_agent")),
        (new().allow_plain_http(["*"]), Some("allow_plain_http")),
    ] {
        let environment = Environment::new()
            .http_client(Client::new().unwrap())
            .spawner(TokioSpawner::new())
            .http_settings(settings);
        let keys = FetchedKeys::jwks_url("https://idp.example.com/jwks");
        let built = keys.env(&environment).build();
        assert_eq!(built.err().map(|error| error.field()), refused);
    }
    let keys = FetchedKeys::jwks_url("https://idp.example.com/jwks").max_keys(1_001);
    let environment = Environment::new()
        .http_client(Client::new().unwrap())
        .spawner(TokioSpawner::new());
    let error = keys.env(&environment).build().unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::OutOfRange, "max_keys")
    );
}

#[tokio::test]
async fn a_set_of_more_than_a_hundred_keys_needs_max_keys() {
    for (most, members, expected) in [
        (None, 100, Ok(())),
        (None, 101, Err(RejectionKind::Unavailable)),
        (Some(101), 101, Ok(())),
        (Some(101), 102, Err(RejectionKind::Unavailable)),
        (Some(1_000), 1_000, Ok(())),
    ] {
        let scene = discovered(|keys| match most {
            Some(most) => keys.max_keys(most),
            None => keys,
        });
        for n in 1..members {
            let member = format!(r#"{{"kty":"AKP","kid":"{n}"}}"#);
            scene.idp.publish_also(member);
        }
        let result = scene.validate(&scene.good()).await;
        assert_eq!(result, expected, "{most:?} {members}");
        let problem = scene.recorded().fetches[0];
        let is_named = problem.is_some_and(|text| text.contains("more keys than its limit"));
        assert_eq!(is_named, expected.is_err(), "{problem:?}");
    }
}

/// A client whose first requests fail.
#[derive(Debug)]
struct Failing {
    client: Patient,
    kind: HttpErrorKind,
    failures: AtomicUsize,
    sent: AtomicUsize,
}

impl Failing {
    fn new(kind: HttpErrorKind, failures: usize) -> Arc<Self> {
        Arc::new(Self {
            client: Patient::new(),
            kind,
            failures: AtomicUsize::new(failures),
            sent: AtomicUsize::new(0),
        })
    }
}

impl HttpClient for Failing {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let left = |failures: usize| failures.checked_sub(1);
        let failures = &self.failures;
        match failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) {
            Ok(_) => NowOrLater::now(Err(self.kind.into())),
            Err(_) => self.client.send(request),
        }
    }
}

#[tokio::test]
async fn a_failed_connect_is_tried_once_more_and_nothing_else_is() {
    let unavailable = Err(RejectionKind::Unavailable);
    for (kind, failures, expected, sent) in [
        (HttpErrorKind::Connect, 1, Ok(()), 2),
        (HttpErrorKind::Connect, 2, unavailable, 2),
        (HttpErrorKind::ConnectDeadline, 1, Ok(()), 2),
        (HttpErrorKind::ConnectDeadline, 2, unavailable, 2),
        (HttpErrorKind::Broken, 1, unavailable, 1),
        (HttpErrorKind::Deadline, 1, unavailable, 1),
        (HttpErrorKind::Forbidden, 1, unavailable, 1),
        (HttpErrorKind::TooLarge, 1, unavailable, 1),
    ] {
        let clock = FakeClock::at(START);
        let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        let keys = FetchedKeys::jwks_url(&idp.endpoint(FakeEndpoint::Jwks));
        let client = Failing::new(kind, failures);
        let scene = Scene::build(
            Arc::clone(&client) as Arc<dyn HttpClient>,
            (clock, idp, keys),
        );
        assert_eq!(scene.validate(&scene.good()).await, expected, "{kind}");
        assert_eq!(client.sent.load(Ordering::SeqCst), sent, "{kind}");
    }
}

/// A listener that accepts connections and never answers.
fn mute() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Connecting includes the TLS handshake, which this server never begins.
#[tokio::test]
async fn each_deadline_ends_its_own_wait_and_is_named() {
    let (_listener, port) = mute();
    let long = Duration::from_secs(10);
    let short = Duration::from_millis(100);
    for (scheme, settings, text) in [
        (
            "https",
            HttpSettings::new().deadline(long).connect_deadline(short),
            "before the connect deadline",
        ),
        (
            "http",
            HttpSettings::new().deadline(short),
            "before the deadline of the whole call",
        ),
    ] {
        let clock = FakeClock::at(START);
        let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        let keys = FetchedKeys::jwks_url(&format!("{scheme}://127.0.0.1:{port}/jwks"));
        let keys = keys.http_settings(settings);
        let scene = Scene::build(Arc::new(Client::new().unwrap()), (clock, idp, keys));
        let begun = Instant::now();
        let hint = KeyHint::new(None, bearergate::crypto::Algorithm::Es256);
        assert!(scene.keys.find(hint).await.is_err());
        // Two attempts to connect take a fifth of a second; the other deadline would take longer.
        assert!(begun.elapsed() < Duration::from_secs(8));
        let problem = scene.recorded().fetches[0].unwrap();
        assert!(problem.contains(text), "{scheme}: {problem}");
    }
}
