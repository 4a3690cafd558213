//! The form of a refresh request: RFC 6749 section 6.

use std::fmt;

use zeroize::Zeroizing;

use super::token_error::{TokenError, TokenErrorKind};
use crate::credential::parameter;
use crate::limits;
#[cfg(feature = "session")]
use crate::refresh::RotateRequest;

/// The posted form of a refresh request. Every part of it is untrusted.
///
/// `Debug` does not show the token, which is wiped from memory when it is dropped. The form does
/// not authenticate its client: the service does.
///
/// ```
/// use bearergate::issuer::{JwtIssuer, AccessClaims, RefreshForm, TokenError, TokenResponse};
/// use bearergate::refresh::RefreshManager;
///
/// /// `client` was authenticated by the service.
/// async fn refresh(
///     tokens: &RefreshManager,
///     issuer: &JwtIssuer,
///     client: &str,
///     form: &[u8],
/// ) -> Result<TokenResponse, TokenError> {
///     let form = RefreshForm::parse(form)?;
///     let rotated = tokens.rotate(form.rotate_request(client)?).await?;
///     let grant = rotated.record.grant();
///     let mut claims = AccessClaims::of_grant(grant, client, "https://api.example.com");
///     if let Some(scope) = form.scope() {
///         claims = claims.scopes(scope.split(' '));
///     }
///     let scope = form.scope().or(grant.scopes()).unwrap_or_default();
///     let answer = TokenResponse::of_minted(&issuer.mint(&claims)?).scope(scope);
///     Ok(answer.refresh_token(rotated.secret))
/// }
///
/// async fn respond(
///     tokens: &RefreshManager,
///     issuer: &JwtIssuer,
///     client: &str,
///     form: &[u8],
/// ) -> http::Response<String> {
///     match refresh(tokens, issuer, client, form).await {
///         Ok(answer) => answer.into_response(),
///         Err(error) => error.into_response(),
///     }
/// }
/// # let _ = respond;
/// ```
pub struct RefreshForm {
    token: Zeroizing<String>,
    client_id: Option<String>,
    scope: Option<String>,
}

impl RefreshForm {
    /// Reads a form (`application/x-www-form-urlencoded`) of at most
    /// [`RequestFacts::MAX_FORM_BYTES`](crate::request::RequestFacts::MAX_FORM_BYTES).
    ///
    /// A parameter without a value counts as absent, one that is not known is ignored (RFC 6749
    /// section 3.2).
    ///
    /// # Errors
    ///
    /// [`UnsupportedGrantType`](TokenErrorKind::UnsupportedGrantType) for another `grant_type` than
    /// `refresh_token`, [`InvalidScope`](TokenErrorKind::InvalidScope) for a scope that is
    /// malformed, [`InvalidRequest`](TokenErrorKind::InvalidRequest) if `grant_type` or
    /// `refresh_token` is missing, a parameter is repeated or malformed, or the form is too long.
    pub fn parse(form: &[u8]) -> Result<Self, TokenError> {
        if form.len() > limits::FORM_BYTES {
            let detail = format!(
                "the form has {} bytes; expected at most {}",
                form.len(),
                limits::FORM_BYTES
            );
            return Err(TokenError::new(TokenErrorKind::InvalidRequest).with_source(detail));
        }
        let grant_type = only(form, "grant_type")?.ok_or_else(|| missing("grant_type"))?;
        if *grant_type != "refresh_token" {
            let detail = "`grant_type`: expected `refresh_token`, found another one";
            let error = TokenError::new(TokenErrorKind::UnsupportedGrantType);
            return Err(error.with_source(detail));
        }
        let token = only(form, "refresh_token")?.ok_or_else(|| missing("refresh_token"))?;
        let scope = only(form, "scope")?.map(|scope| scope.to_string());
        if scope.as_deref().is_some_and(|scope| !is_scope(scope)) {
            let detail =
                "`scope`: expected names of RFC 6749 section 3.3, each once between spaces";
            return Err(TokenError::new(TokenErrorKind::InvalidScope).with_source(detail));
        }
        let client_id = only(form, "client_id")?.map(|client| client.to_string());
        Ok(Self {
            token,
            client_id,
            scope,
        })
    }

    /// Returns the `client_id`, if the form has one. It is a claim of the sender, no proof.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Returns the scopes that the client asks for, joined by spaces; `None` if it asks for all that
    /// was granted.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Makes the request for [`RefreshManager::rotate`](crate::refresh::RefreshManager::rotate),
    /// with the scopes of the form. `client` is the one that the service has authenticated; for a
    /// public client it is the `client_id` of the form.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](TokenErrorKind::InvalidRequest) if the form has the `client_id` of another
    /// client.
    #[cfg(feature = "session")]
    pub fn rotate_request<'r>(&'r self, client: &'r str) -> Result<RotateRequest<'r>, TokenError> {
        if self.client_id().is_some_and(|own| own != client) {
            let detail =
                "`client_id`: expected the client that was authenticated, found another one";
            return Err(TokenError::new(TokenErrorKind::InvalidRequest).with_source(detail));
        }
        let request = RotateRequest::new(&self.token, client);
        Ok(match self.scope() {
            Some(scope) => request.scope(scope),
            None => request,
        })
    }
}

/// The decoded value of a parameter that may be there once; `None` if it is absent or empty.
fn only(form: &[u8], name: &'static str) -> Result<Option<Zeroizing<String>>, TokenError> {
    let invalid =
        |detail: String| TokenError::new(TokenErrorKind::InvalidRequest).with_source(detail);
    let mut values = parameter::values(form, name);
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(invalid(format!(
            "`{name}` is there more than once; send it once"
        )));
    }
    let malformed = || invalid(format!("`{name}` is not percent-encoded UTF-8"));
    let value = parameter::decode(first).ok_or_else(malformed)?;
    let value = Zeroizing::new(value.into_owned());
    Ok(Some(value).filter(|value| !value.is_empty()))
}

fn missing(name: &'static str) -> TokenError {
    let detail = format!("`{name}` is missing from the form");
    TokenError::new(TokenErrorKind::InvalidRequest).with_source(detail)
}

fn is_scope(scope: &str) -> bool {
    scope
        .split(' ')
        .all(|name| !name.is_empty() && name.bytes().all(crate::credential::charset::is_nqchar))
}

impl fmt::Debug for RefreshForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshForm")
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
