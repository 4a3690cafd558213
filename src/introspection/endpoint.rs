//! An endpoint of a provider to which tokens are sent: introspection or revocation.

use std::sync::Arc;

use http::{HeaderValue, header};

use super::breaker::CallOutcome;
use super::response;
use super::response::EndpointProblem;
use crate::client_auth::{ClientAuth, Credentials, Form};
use crate::clock::UnixTime;
use crate::http_client::{CheckedSettings, Endpoint, HttpClient, HttpRequest, HttpResponse};
use crate::limits;

/// The address of an endpoint, and the credentials of this service there.
#[derive(Debug)]
pub(super) struct ProviderEndpoint {
    pub(super) url: Endpoint,
    pub(super) auth: ClientAuth,
    pub(super) client: Arc<dyn HttpClient>,
    pub(super) settings: CheckedSettings,
}

const RANDOM: &str = "check the random source of the system";
const NO_RANDOM: &str = "the system returned no random bytes to sign with";

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
        let make = || self.http_request(request).ok_or(NO_RANDOM);
        match self.settings.send(&*self.client, make).await {
            Ok(response) => {
                let outcome = response::outcome(&response);
                (response.map_err(EndpointProblem::unanswered), outcome)
            }
            Err(text) => (
                Err(EndpointProblem::new(text).remedy(RANDOM)),
                CallOutcome::Unknown,
            ),
        }
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
