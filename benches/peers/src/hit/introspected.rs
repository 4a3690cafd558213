//! The introspection cache: an opaque token that the endpoint reported as active before.

use super::bare;
use crate::case::Case;
use crate::case::Check;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::Result;
use crate::jwt::AUDIENCE;
use crate::jwt::ISSUER;
use bearergate::client_auth::ClientAuth;
use bearergate::clock::{Clock, SystemClock};
use bearergate::credential::PresentedCredential;
use bearergate::http_client::{HttpClient, HttpError, HttpRequest, HttpResponse, Spawn};
use bearergate::{IntrospectionValidator, NowOrLater, TokenValidator};
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

/// 256 bits in base64url, as most servers issue them.
const GOOD: &str = "2YotnFZFEjr1zCsicMWpAA8Xw3nBcnRfQ0pTgS1kLmE";
const OTHER: &str = "3YotnFZFEjr1zCsicMWpAA8Xw3nBcnRfQ0pTgS1kLmE";

/// Creates the cases: the bare hit, and that of bearergate.
///
/// # Errors
///
/// Fails if the validator cannot be built.
pub fn cases() -> Result<Vec<Case>> {
    let make_check = |accepts: Box<dyn Fn(&str) -> bool>| -> Check {
        Box::new(move |probe| match probe {
            Probe::Good => accepts(GOOD),
            _ => accepts(OTHER),
        })
    };
    let auth = ClientAuth::secret_basic("orders-api", "secret".to_owned())?;
    let validator = IntrospectionValidator::builder("https://idp.example.com/introspect", auth)
        .audience(AUDIENCE)
        .issuer(ISSUER)
        .env(&bearergate::environment::Environment::new().http_client(Endpoint).spawner(AtOnce))
        .build()?;
    let now = SystemClock::default()
        .now()
        .ok_or("the system clock returns no time")?;
    let accepts = move |token: &str| {
        let Ok(presented) = PresentedCredential::bearer(token) else {
            return false;
        };
        let presented = presented.at(now);
        let validated = validator.validate(&presented);
        // Only a cached result is ready at once.
        let result = validated.try_now().map_or_else(polled, Some);
        result.is_some_and(|v| v.is_ok_and(|p| black_box(p.subject()).is_some()))
    };
    let ours = make_check(Box::new(accepts));
    Ok(vec![
        bare::case(GOOD, make_check),
        Case::new(Provider::Memory.ours(), Provider::Memory, ours).refusing(Probe::BADLY_SIGNED),
    ])
}

fn polled<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

type Sent = std::result::Result<HttpResponse, HttpError>;

/// An endpoint without a network.
#[derive(Debug)]
struct Endpoint;

impl HttpClient for Endpoint {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Sent> {
        let form = String::from_utf8_lossy(request.body().expose()).into_owned();
        let body = match form.contains(GOOD) {
            true => format!(
                r#"{{"active":true,"token_type":"Bearer","iss":"{ISSUER}","aud":"{AUDIENCE}",
                "sub":"user-4711","client_id":"orders-web","scope":"orders:read orders:write"}}"#
            ),
            false => r#"{"active":false}"#.to_owned(),
        };
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        let response = HttpResponse::new(StatusCode::OK, headers, body.into_bytes());
        NowOrLater::now(Ok(response))
    }
}

/// Runs a task that never waits.
#[derive(Debug)]
struct AtOnce;

impl Spawn for AtOnce {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        let _ = polled(task);
    }
}
