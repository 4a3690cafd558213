//! The errors of a token endpoint: RFC 6749 section 5.2.

use std::error::Error;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::endpoint_response::RETRY_SECS;
use super::error::{MintError, MintErrorKind};
use crate::error::{Cause, Rejection, RejectionKind, kinds};
use crate::grant::{GrantError, GrantErrorKind};

/// A request to a token endpoint was refused, with the response for its client.
///
/// The response has the code and a constant text; the [`source`](Error::source) is for the operator.
/// `?` converts a rejection of [`RefreshManager::rotate`](crate::refresh::RefreshManager::rotate), a
/// [`MintError`] and a [`GrantError`].
///
/// ```
/// use bearergate::issuer::{TokenError, TokenErrorKind};
///
/// let error = TokenError::new(TokenErrorKind::InvalidGrant);
/// let response: http::Response<String> = error.into_response();
/// assert_eq!(response.status(), 400);
/// assert_eq!(response.headers()["cache-control"], "no-store");
/// assert!(response.body().starts_with(r#"{"error":"invalid_grant","#));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct TokenError {
    kind: TokenErrorKind,
    is_challenged: bool,
    source: Option<Cause>,
}

kinds! {
    /// Why a request to a token endpoint was refused, as the code that its client gets (RFC 6749
    /// section 5.2).
    pub enum TokenErrorKind {
        /// Status 400. A parameter may be sent once (RFC 6749 section 3.2).
        InvalidRequest = "invalid_request", "a parameter is missing, repeated or malformed";
        /// Status 400, or 401 with a challenge if the client used `Authorization`:
        /// [`TokenError::invalid_client`].
        InvalidClient = "invalid_client", "the client could not be authenticated";
        /// Status 400. It is the same for every refused refresh token.
        InvalidGrant = "invalid_grant", "the grant or refresh token is not valid for this client";
        /// Status 400.
        InvalidScope = "invalid_scope", "a scope is malformed or exceeds what was granted";
        /// Status 400. The client is authenticated, but must not use this type of grant.
        UnauthorizedClient = "unauthorized_client", "the client may not use this type of grant";
        /// Status 400.
        UnsupportedGrantType = "unsupported_grant_type", "this type of grant is not supported";
        /// Status 500: the configuration of the service is at fault. The code is that of RFC 6749
        /// section 4.1.2.1.
        ServerError = "server_error", "the service could not make a token";
        /// Status 503 with `Retry-After`. The code is that of RFC 6749 section 4.1.2.1.
        TemporarilyUnavailable = "temporarily_unavailable", "try again later";
    }
}

impl TokenError {
    /// Makes an error of this kind.
    pub const fn new(kind: TokenErrorKind) -> Self {
        Self {
            kind,
            is_challenged: false,
            source: None,
        }
    }

    /// Makes the error for a client that did not authenticate or failed to.
    ///
    /// `authorization` is the request's header of this name. If there is one, the response is a 401
    /// with a `Basic` challenge, otherwise a 400 (RFC 6749 section 5.2).
    ///
    /// ```
    /// use bearergate::issuer::TokenError;
    /// use http::HeaderValue;
    ///
    /// let used = HeaderValue::from_static("Basic c2hvcDp3cm9uZw==");
    /// let response: http::Response<String> = TokenError::invalid_client(Some(&used)).into_response();
    /// assert_eq!(response.status(), 401);
    /// assert_eq!(response.headers()["www-authenticate"], r#"Basic realm="token endpoint""#);
    /// let response: http::Response<String> = TokenError::invalid_client(None).into_response();
    /// assert_eq!(response.status(), 400);
    /// ```
    pub fn invalid_client(authorization: Option<&HeaderValue>) -> Self {
        Self {
            is_challenged: authorization.is_some(),
            ..Self::new(TokenErrorKind::InvalidClient)
        }
    }

    /// Adds what failed, for the operator. It must not hold a secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Cause::new(source));
        self
    }

    /// Returns why, as the code that the client gets.
    pub const fn kind(&self) -> TokenErrorKind {
        self.kind
    }

    /// Returns the status: 400, 401, 500 or 503, see [`TokenErrorKind`].
    pub const fn status(&self) -> StatusCode {
        match self.kind {
            TokenErrorKind::InvalidClient if self.is_challenged => StatusCode::UNAUTHORIZED,
            TokenErrorKind::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            TokenErrorKind::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Converts it to the response for the client. The error itself is in the extensions, for logs.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let (code, text) = (self.kind.as_str(), self.kind);
        let body = format!(r#"{{"error":"{code}","error_description":"{text}"}}"#);
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        set_token_headers(headers);
        if self.is_challenged {
            let challenge = HeaderValue::from_static(r#"Basic realm="token endpoint""#);
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self.kind == TokenErrorKind::TemporarilyUnavailable {
            headers.insert(header::RETRY_AFTER, RETRY_SECS.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Sets the headers that every response of a token endpoint has (RFC 6749 section 5.1).
pub(super) fn set_token_headers(headers: &mut HeaderMap) {
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

/// A refresh token that was refused, for whatever reason, is an `invalid_grant`; scopes that exceed
/// the grant are an `invalid_scope`.
impl From<Rejection> for TokenError {
    fn from(rejection: Rejection) -> Self {
        let kind = match rejection.kind() {
            RejectionKind::Unavailable => TokenErrorKind::TemporarilyUnavailable,
            RejectionKind::ScopeInsufficient => TokenErrorKind::InvalidScope,
            _ => TokenErrorKind::InvalidGrant,
        };
        Self::new(kind).with_source(rejection)
    }
}

impl From<MintError> for TokenError {
    fn from(error: MintError) -> Self {
        let kind = match error.kind() {
            MintErrorKind::ClaimInvalid if error.claim() == Some("scope") => {
                TokenErrorKind::InvalidScope
            }
            MintErrorKind::Expired => TokenErrorKind::InvalidGrant,
            MintErrorKind::Unavailable => TokenErrorKind::TemporarilyUnavailable,
            MintErrorKind::ClaimInvalid | MintErrorKind::TokenTooLarge => {
                TokenErrorKind::ServerError
            }
        };
        Self::new(kind).with_source(error)
    }
}

impl From<GrantError> for TokenError {
    fn from(error: GrantError) -> Self {
        let kind = match error.kind() {
            GrantErrorKind::Conflict | GrantErrorKind::SubjectFull => TokenErrorKind::InvalidGrant,
            GrantErrorKind::Full | GrantErrorKind::Unavailable => {
                TokenErrorKind::TemporarilyUnavailable
            }
            GrantErrorKind::Malformed => TokenErrorKind::ServerError,
        };
        Self::new(kind).with_source(error)
    }
}
