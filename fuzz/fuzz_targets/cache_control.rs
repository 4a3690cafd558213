//! `Cache-Control` and `Age` of the response with a key set.
//!
//! Each line is a `Cache-Control` header; a line that begins with `@` is an `Age`.
//!
//! Property: nothing panics. Whatever the headers say, fetched keys are used without another fetch
//! for at least 48 seconds (the early refresh at the shortest fresh time), and for at most two
//! hours (the longest fresh time and the default stale time).
#![no_main]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::crypto::Algorithm;
use bearergate::http_client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Spawn,
};
use bearergate::key::{FetchedKeys, KeyHint};
use bearergate::{KeyStore, NowOrLater};
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;

const JWKS: &[u8] = br#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
]}"#;

/// Answers the first request with the headers, and fails all later ones.
#[derive(Debug)]
struct Scripted {
    headers: HeaderMap,
    asked: AtomicUsize,
}

impl HttpClient for Scripted {
    fn send(&self, _request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        NowOrLater::now(match self.asked.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(HttpResponse::new(
                StatusCode::OK,
                self.headers.clone(),
                JWKS.to_vec(),
            )),
            _ => Err(HttpErrorKind::Connect.into()),
        })
    }
}

/// Runs a task at once; no task here waits.
#[derive(Debug)]
struct Inline;

impl Spawn for Inline {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        let mut task = Box::pin(task);
        assert!(
            task.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
    }
}

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|b| *b == b'\n').take(16) {
        let (name, value) = match line {
            [b'@', age @ ..] => ("age", age),
            control => ("cache-control", control),
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    check(headers);
});

fn check(headers: HeaderMap) {
    let clock = FakeClock::at(UnixTime::from_secs(1_800_000_000));
    let client = Arc::new(Scripted {
        headers,
        asked: AtomicUsize::new(0),
    });
    let environment = bearergate::environment::Environment::new()
        .clock(clock.clone())
        .http_client(client.clone())
        .spawner(Inline);
    let keys = FetchedKeys::jwks_url("https://idp.example.com/jwks")
        .env(&environment)
        .build()
        .expect("the address is good");
    let found = || {
        let mut found = Box::pin(keys.find(KeyHint::new(None, Algorithm::EdDsa)));
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(found) = found.as_mut().poll(&mut cx) else {
            panic!("nothing here waits");
        };
        found.is_ok()
    };
    assert!(found());
    clock.advance(Duration::from_secs(47));
    assert!(found());
    assert_eq!(client.asked.load(Ordering::SeqCst), 1);
    clock.advance(Duration::from_secs(7_200 - 47));
    assert!(!found());
}
