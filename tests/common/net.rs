//! What the tests over the network share.

use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::credential::PresentedCredential;
use bearergate::http_client::{HttpClient, HttpError, HttpRequest, HttpResponse};
use bearergate::integrations::reqwest::Client;
use bearergate::{NowOrLater, RejectionKind, TokenValidator};

pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const START: UnixTime = UnixTime::from_secs(1_800_000_000);

/// Waits for an answer longer than any machine is slow: where no deadline is tested, none may
/// decide.
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

pub(crate) async fn judge(
    validator: &dyn TokenValidator,
    token: &str,
) -> Result<(), RejectionKind> {
    let presented = PresentedCredential::bearer(token).unwrap();
    let judged = validator.validate(&presented).await;
    judged.map(drop).map_err(|rejection| rejection.kind())
}

/// Judges only if nothing has to be waited for.
pub(crate) fn judge_now(
    validator: &dyn TokenValidator,
    token: &str,
) -> Option<Result<(), RejectionKind>> {
    let presented = PresentedCredential::bearer(token).unwrap();
    let judged = validator.validate(&presented).try_now().ok()?;
    Some(judged.map(drop).map_err(|rejection| rejection.kind()))
}
