//! The body of an introspection answer.
//!
//! Property: nothing panics; a token is accepted only if another reader finds `"active": true`,
//! our audience, a `Bearer` token type and no end that has passed, and it is inactive only if that
//! reader finds `"active": false`; the same answer is judged the same again.
#![no_main]

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bearergate::{NowOrLater, IntrospectionValidator, Principal, Rejection, RejectionKind, TokenValidator};
use bearergate::client_auth::ClientAuth;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::http_client::{HttpClient, HttpError, HttpRequest, HttpResponse, Spawn};
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const AUDIENCE: &str = "https://api.example.com";
const NOW: u64 = 1_800_000_000;

static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static VALIDATOR: LazyLock<IntrospectionValidator> = LazyLock::new(validator);

fuzz_target!(|data: &[u8]| {
    *ANSWER.lock().expect("one thread") = data.to_vec();
    let first = judge();
    let second = judge();
    assert_eq!(kind(&first), kind(&second));
    match &first {
        Ok(principal) => check_accepted(principal, data),
        Err(rejection) if rejection.kind() == RejectionKind::TokenInactive => {
            assert_eq!(read(data)["active"], false);
        }
        Err(_) => {}
    }
});

fn kind(judged: &Result<Principal, Rejection>) -> Option<RejectionKind> {
    judged.as_ref().err().map(Rejection::kind)
}

fn read(data: &[u8]) -> Value {
    serde_json::from_slice(data).expect("we accept no more than serde_json")
}

fn check_accepted(principal: &Principal, data: &[u8]) {
    let answer = read(data);
    assert_eq!(answer["active"], true);
    let token_type = answer["token_type"].as_str().expect("a type");
    assert!(token_type.eq_ignore_ascii_case("bearer"));
    let is_ours = |aud: &Value| *aud == AUDIENCE;
    let audiences = answer["aud"].as_array();
    assert!(is_ours(&answer["aud"]) || audiences.is_some_and(|all| all.iter().any(is_ours)));
    assert!(answer["exp"].is_null() || answer["exp"].as_f64() > Some((NOW - 31) as f64));
    assert_eq!(answer["sub"].as_str(), principal.subject());
    assert!(answer.get("cnf").is_none());
}

fn judge() -> Result<Principal, Rejection> {
    VALIDATOR.invalidate_all();
    let presented = PresentedCredential::bearer("token").expect("a token");
    let mut judged = VALIDATOR.validate(&presented);
    match Future::poll(std::pin::Pin::new(&mut judged), &mut context()) {
        Poll::Ready(judged) => judged,
        Poll::Pending => unreachable!("the answer is there"),
    }
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn validator() -> IntrospectionValidator {
    let auth = ClientAuth::secret_basic("me", "secret".to_owned()).expect("credentials");
    IntrospectionValidator::builder("https://idp.example.com/introspect", auth)
        .audience(AUDIENCE)
        .issuer("https://idp.example.com")
        .clock(FakeClock::at(UnixTime::from_secs(NOW)))
        .build(Arc::new(Parrot), Arc::new(AtOnce))
        .expect("a validator")
}

/// Answers every request with what is to be read.
#[derive(Debug)]
struct Parrot;

impl HttpClient for Parrot {
    fn send(&self, _: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, json)]);
        let body = ANSWER.lock().expect("one thread").clone();
        NowOrLater::now(Ok(HttpResponse::new(StatusCode::OK, headers, body)))
    }
}

/// Drives a task that has nothing to wait for.
#[derive(Debug)]
struct AtOnce;

impl Spawn for AtOnce {
    fn spawn(&self, mut task: NowOrLater<'static, ()>) {
        let driven = Future::poll(std::pin::Pin::new(&mut task), &mut context());
        assert!(driven.is_ready());
    }
}
