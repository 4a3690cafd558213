//! An endpoint of a provider to which tokens are sent: introspection or revocation.

use std::sync::Arc;

use http::{HeaderValue, header};

use super::breaker::CallOutcome;
use super::response;
use super::response::EndpointProblem;
use crate::client_auth::{ClientAuth, Credentials, Form};
use crate::clock::UnixTime;
use crate::http_client::{
    Endpoint, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
};
use crate::limits;

/// The address of an endpoint, and the credentials of this service there.
#[derive(Debug)]
pub(super) struct ProviderEndpoint {
    pub(super) url: Endpoint,
    pub(super) auth: ClientAuth,
    pub(super) client: Arc<dyn HttpClient>,
}

/// A request about one token.
pub(super) struct TokenRequest<'a> {
    pub(super) token: &'a str,
    pub(super) hint: &'static str,
    pub(super) accept: &'static str,
    pub(super) now: UnixTime,
}

impl ProviderEndpoint {
    /// Sends the token, a second time only if no connection was established. Also returns what the
    /// call shows about the endpoint.
    pub(super) async fn send(
        &self,
        request: &TokenRequest<'_>,
    ) -> (Result<HttpResponse, EndpointProblem>, CallOutcome) {
        let Some(first) = self.http_request(request) else {
            let problem = EndpointProblem::new("the system returned no random bytes to sign with");
            return (Err(problem), CallOutcome::Unknown);
        };
        let mut response = self.client.send(first).await;
        let is_unsent = |error: &HttpError| error.kind() == HttpErrorKind::Connect;
        if let (true, Some(again)) = (
            response.as_ref().is_err_and(is_unsent),
            self.http_request(request),
        ) {
            let rest = limits::HTTP_DEADLINE.saturating_sub(limits::HTTP_CONNECT_DEADLINE);
            response = self.client.send(again.with_deadline(rest)).await;
        }
        let outcome = response::outcome(&response);
        let failed = |error| {
            EndpointProblem::new("the endpoint gave no complete response").with_cause(error)
        };
        (response.map_err(failed), outcome)
    }

    fn http_request(&self, request: &TokenRequest<'_>) -> Option<HttpRequest> {
        let mut form = Form::new(request.token.len());
        form.add("token", request.token.as_bytes());
        form.add("token_type_hint", request.hint.as_bytes());
        let credentials = self.auth.apply(&mut form, &self.url, request.now)?;
        let request = HttpRequest::post_form(self.url.clone(), form.into_secret())
            .with_header(header::ACCEPT, HeaderValue::from_static(request.accept))
            .with_max_body(limits::INTROSPECTION_BYTES);
        Some(match credentials {
            Credentials::Form => request,
            Credentials::Header(value) => request.with_header(header::AUTHORIZATION, value),
        })
    }
}
