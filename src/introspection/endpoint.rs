//! One endpoint of a provider that takes tokens: introspection or revocation.

use std::sync::Arc;

use http::HeaderValue;
use http::header;

use super::breaker::Sign;
use super::response;
use super::response::Problem;
use crate::client_auth::ClientAuth;
use crate::client_auth::Credentials;
use crate::client_auth::Form;
use crate::clock::UnixTime;
use crate::http_client::Endpoint;
use crate::http_client::HttpClient;
use crate::http_client::HttpError;
use crate::http_client::HttpErrorKind;
use crate::http_client::HttpRequest;
use crate::http_client::HttpResponse;
use crate::limits;

/// Where tokens are sent, and as whom.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) endpoint: Endpoint,
    pub(super) auth: ClientAuth,
    pub(super) client: Arc<dyn HttpClient>,
}

/// A token to send.
pub(super) struct Post<'a> {
    pub(super) token: &'a str,
    pub(super) hint: &'static str,
    pub(super) accept: &'static str,
    pub(super) now: UnixTime,
}

impl Caller {
    /// Sends the token, a second time only if no connection came about; tells what that says of
    /// the endpoint.
    pub(super) async fn send(&self, post: &Post<'_>) -> (Result<HttpResponse, Problem>, Sign) {
        let Some(request) = self.request(post) else {
            let problem = Problem::new("the system gave no random numbers to sign with");
            return (Err(problem), Sign::Nothing);
        };
        let mut answered = self.client.send(request).await;
        let is_unsent = |error: &HttpError| error.kind() == HttpErrorKind::Connect;
        if let (true, Some(again)) = (answered.as_ref().is_err_and(is_unsent), self.request(post)) {
            let rest = limits::HTTP_DEADLINE.saturating_sub(limits::HTTP_CONNECT_DEADLINE);
            answered = self.client.send(again.with_deadline(rest)).await;
        }
        let sign = response::sign(&answered);
        let failed = |error| Problem::new("the endpoint gave no whole answer").because(error);
        (answered.map_err(failed), sign)
    }

    fn request(&self, post: &Post<'_>) -> Option<HttpRequest> {
        let mut form = Form::new(post.token.len());
        form.add("token", post.token.as_bytes());
        form.add("token_type_hint", post.hint.as_bytes());
        let credentials = self.auth.apply(&mut form, &self.endpoint, post.now)?;
        let request = HttpRequest::post_form(self.endpoint.clone(), form.into_secret())
            .with_header(header::ACCEPT, HeaderValue::from_static(post.accept))
            .with_max_body(limits::INTROSPECTION_BYTES);
        Some(match credentials {
            Credentials::Form => request,
            Credentials::Header(value) => request.with_header(header::AUTHORIZATION, value),
        })
    }
}
