//! The responses of an issuer's endpoints.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::error::Rejection;

/// The response of one of an issuer's endpoints: status, headers and body, to be sent unchanged.
///
/// Made by [`TokenEndpoints`](crate::issuer::TokenEndpoints) and
/// [`JwtIssuer::jwks`](crate::issuer::JwtIssuer::jwks).
///
/// ```
/// # use bearergate::clock::{Clock, SystemClock};
/// # use bearergate::crypto::Algorithm;
/// # use bearergate::issuer::{JwtIssuer, SigningKeys, SigningKey};
/// # let now = SystemClock::default().now().ok_or("no time")?;
/// # let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// # let issuer = JwtIssuer::builder("https://id.example.com", keys).build()?;
/// let response: http::Response<String> = issuer.jwks().into_response();
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.headers()["content-type"], "application/jwk-set+json");
/// assert_eq!(response.headers()["cache-control"], "public, max-age=3600");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct EndpointResponse {
    status: StatusCode,
    error: Option<&'static str>,
    body: Cow<'static, str>,
    /// How long a key set may be cached; no other response may be.
    max_age: Option<Duration>,
    cause: Option<Rejection>,
}

impl EndpointResponse {
    pub(super) fn jwks(body: String, max_age: Duration) -> Self {
        Self {
            max_age: Some(max_age),
            ..Self::ok(body)
        }
    }

    pub(super) fn ok(body: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::OK,
            error: None,
            body: body.into(),
            max_age: None,
            cause: None,
        }
    }

    /// An error of RFC 6749 section 5.2 without a description.
    pub(super) fn refused(error: &'static str, body: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: Some(error),
            ..Self::ok(body)
        }
    }

    pub(super) fn unavailable(cause: Rejection) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error: Some("temporarily_unavailable"),
            ..Self::ok(r#"{"error":"temporarily_unavailable"}"#).with_cause(cause)
        }
    }

    /// Adds the cause, for the operator.
    pub(super) fn with_cause(mut self, cause: Rejection) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Returns the status: 200 for an answer, 400 for a request that is refused (RFC 6749 section
    /// 5.2), 503 if no answer is known.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the error code of RFC 6749 section 5.2, RFC 7009 or RFC 7662 in the body, if the
    /// response is an error.
    pub fn error(&self) -> Option<&'static str> {
        self.error
    }

    /// Returns why a token is not active or the response is an error, for the operator. Do not
    /// send it to the client.
    pub fn cause(&self) -> Option<&Rejection> {
        self.cause.as_ref()
    }

    /// Returns the body: JSON text, or an empty string for a revocation that succeeded. It may
    /// describe a subject, so do not log it.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns the headers: the media type of a body that is not empty, and whether the response
    /// may be cached. A key set may be for a while; any other response is `no-store`. A 503 has a
    /// `Retry-After`.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let (media_type, cache) = match self.max_age {
            Some(age) => {
                let cache = format!("public, max-age={}", age.as_secs());
                (
                    "application/jwk-set+json",
                    HeaderValue::try_from(cache).ok(),
                )
            }
            None => ("application/json", None),
        };
        let no_store = HeaderValue::from_static("no-store");
        headers.insert(header::CACHE_CONTROL, cache.unwrap_or(no_store));
        if !self.body.is_empty() {
            let media_type = HeaderValue::from_static(media_type);
            headers.insert(header::CONTENT_TYPE, media_type);
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_SECS.into());
        }
        headers
    }

    /// Converts it to a response of the `http` crate. The [`cause`](Self::cause), if there is one,
    /// is in the extensions, for logs.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let (status, headers) = (self.status, self.headers());
        let mut response = Response::new(B::from(self.body.into_owned()));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

/// RFC 7009 section 2.2.1 leaves the time to the server.
pub(super) const RETRY_SECS: u16 = 5;

impl fmt::Debug for EndpointResponse {
    /// The body describes a subject, so it is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointResponse")
            .field("status", &self.status)
            .field("error", &self.error)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}
