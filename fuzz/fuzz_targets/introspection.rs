//! The body of an introspection response.
//!
//! Property: nothing panics; a token is accepted only if another parser finds `"active": true`,
//! the configured audience, the token type `Bearer` and no `exp` in the past, and it is inactive
//! only if that parser finds `"active": false`; the same response gives the same result again.
#![no_main]

use std::sync::LazyLock;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bearergate::client_auth::ClientAuth;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::http_client::{HttpClient, HttpError, HttpRequest, HttpResponse, Spawn};
use bearergate::{
    IntrospectionValidator, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const AUDIENCE: &str = "https://api.example.com";
const NOW: u64 = 1_800_000_000;

static RESPONSE: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static VALIDATOR: LazyLock<IntrospectionValidator> = LazyLock::new(validator);

fuzz_target!(|data: &[u8]| {
    *RESPONSE.lock().expect("one thread") = data.to_vec();
    let first = validate();
    let second = validate();
    assert_eq!(kind(&first), kind(&second));
    match &first {
        Ok(principal) => check_accepted(principal, data),
        Err(rejection) if rejection.kind() == RejectionKind::TokenInactive => {
            assert_eq!(read(data)["active"], false);
        }
        Err(_) => {}
    }
});

fn kind(result: &Result<Principal, Rejection>) -> Option<RejectionKind> {
    result.as_ref().err().map(Rejection::kind)
}

fn read(data: &[u8]) -> Value {
    serde_json::from_slice(data).expect("serde_json reads every accepted response")
}

fn check_accepted(principal: &Principal, data: &[u8]) {
    let response = read(data);
    assert_eq!(response["active"], true);
    let token_type = response["token_type"].as_str().expect("a type");
    assert!(token_type.eq_ignore_ascii_case("bearer"));
    let is_audience = |aud: &Value| *aud == AUDIENCE;
    let audiences = response["aud"].as_array();
    assert!(
        is_audience(&response["aud"]) || audiences.is_some_and(|all| all.iter().any(is_audience))
    );
    assert!(response["exp"].is_null() || response["exp"].as_f64() > Some((NOW - 31) as f64));
    assert_eq!(response["sub"].as_str(), principal.subject());
    assert!(response.get("cnf").is_none());
}

fn validate() -> Result<Principal, Rejection> {
    VALIDATOR.invalidate_all();
    let presented = PresentedCredential::bearer("token").expect("a token");
    let mut result = VALIDATOR.validate(&presented);
    match Future::poll(std::pin::Pin::new(&mut result), &mut context()) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("the response is ready"),
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
        .env(
            &bearergate::environment::Environment::new()
                .http_client(FixedResponse)
                .spawner(RunAtOnce),
        )
        .build()
        .expect("a validator")
}

/// Answers every request with the input.
#[derive(Debug)]
struct FixedResponse;

impl HttpClient for FixedResponse {
    fn send(&self, _: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, json)]);
        let body = RESPONSE.lock().expect("one thread").clone();
        NowOrLater::now(Ok(HttpResponse::new(StatusCode::OK, headers, body)))
    }
}

/// Runs a task that never waits.
#[derive(Debug)]
struct RunAtOnce;

impl Spawn for RunAtOnce {
    fn spawn(&self, mut task: NowOrLater<'static, ()>) {
        let polled = Future::poll(std::pin::Pin::new(&mut task), &mut context());
        assert!(polled.is_ready());
    }
}
