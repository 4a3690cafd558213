//! One endpoint of a provider that takes tokens: introspection or revocation.

use std::sync::Arc;

use http::HeaderValue;
use http::header;

use super::auth::ClientAuth;
use super::form::Form;
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
}

impl Caller {
    /// Sends the token, a second time only if no connection came about.
    pub(super) async fn send(&self, post: &Post<'_>) -> Result<HttpResponse, HttpError> {
        match self.client.send(self.request(post)).await {
            Err(error) if error.kind() == HttpErrorKind::Connect => {
                let rest = limits::HTTP_DEADLINE.saturating_sub(limits::HTTP_CONNECT_DEADLINE);
                let again = self.request(post).with_deadline(rest);
                self.client.send(again).await
            }
            answered => answered,
        }
    }

    fn request(&self, post: &Post<'_>) -> HttpRequest {
        let mut form = Form::new(post.token.len());
        form.add("token", post.token.as_bytes());
        form.add("token_type_hint", post.hint.as_bytes());
        let credentials = self.auth.apply(&mut form);
        let request = HttpRequest::post_form(self.endpoint.clone(), form.into_secret())
            .with_header(header::ACCEPT, HeaderValue::from_static(post.accept))
            .with_max_body(limits::INTROSPECTION_BYTES);
        match credentials {
            Some(value) => request.with_header(header::AUTHORIZATION, value),
            None => request,
        }
    }
}
