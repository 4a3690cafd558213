//! Helpers for the tests that use the network.

use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::credential::PresentedCredential;
use bearergate::http_client::{HttpClient, HttpError, HttpRequest, HttpResponse};
use bearergate::integrations::reqwest::Client;
use bearergate::{NowOrLater, RejectionKind, TokenValidator};

pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const START: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A client with a long deadline, so that a slow machine does not fail a test that is not about
/// deadlines.
#[derive(Debug)]
pub(crate) struct Patient(Client);

impl Patient {
    pub(crate) fn new() -> Self {
        Self(Client::new().unwrap())
    }
}

impl HttpClient for Patient {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        self.0.send(request.with_deadline(Duration::from_secs(120)))
    }
}

pub(crate) async fn validate(
    validator: &dyn TokenValidator,
    token: &str,
) -> Result<(), RejectionKind> {
    let presented = PresentedCredential::bearer(token).unwrap();
    let result = validator.validate(&presented).await;
    result.map(drop).map_err(|rejection| rejection.kind())
}

/// Validates only if the result is ready; otherwise returns `None`.
pub(crate) fn validate_now(
    validator: &dyn TokenValidator,
    token: &str,
) -> Option<Result<(), RejectionKind>> {
    let presented = PresentedCredential::bearer(token).unwrap();
    let result = validator.validate(&presented).try_now().ok()?;
    Some(result.map(drop).map_err(|rejection| rejection.kind()))
}
