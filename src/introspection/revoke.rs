//! Revocation of tokens at their provider (RFC 7009).

use std::error::Error;
use std::sync::Arc;

use http::StatusCode;

use super::endpoint::{ProviderEndpoint, TokenRequest};
use super::response;
use crate::client_auth::ClientAuth;
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::now_or_later::NowOrLater;

/// A client of a provider's revocation endpoint (RFC 7009).
///
/// Call it when a user logs out of a service that holds the user's tokens. It does not change what
/// this process accepts: remove the cached result of an opaque token with
/// [`IntrospectionValidator::invalidate`](crate::introspection::IntrospectionValidator::invalidate),
/// and reject a JWT with a [`Denylist`](crate::revocation::Denylist).
///
/// ```
/// use bearergate::client_auth::ClientAuth;
/// use bearergate::environment::Environment;
/// use bearergate::introspection::RevocationClient;
///
/// # async fn logout(environment: &Environment, secret: String, token: &str)
/// #     -> Result<(), Box<dyn std::error::Error>> {
/// let auth = ClientAuth::secret_basic("orders-api", secret)?;
/// let revocation = RevocationClient::new("https://idp.example.com/revoke", auth, environment)?;
/// revocation.revoke(token).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RevocationClient {
    endpoint: ProviderEndpoint,
    clock: Arc<dyn Clock>,
}

impl RevocationClient {
    /// Makes a client of the endpoint at this address, at which this service authenticates with
    /// `auth`, over the HTTP client of the environment. Nothing is sent yet.
    ///
    /// The assertions of a client with a private key have the time of the environment's clock, so a
    /// wrong clock makes the provider reject them.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if the address is not an
    /// `https` URL, [`Empty`](crate::error::ConfigErrorKind::Empty) without an HTTP client, and the
    /// errors of the environment's [`HttpSettings`](crate::http_client::HttpSettings).
    pub fn new(
        endpoint: &str,
        auth: ClientAuth,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let client = Environment::required_client(environment.http.clone())?;
        let mut clock: Arc<dyn Clock> = Arc::new(SystemClock);
        environment.set_clock(&mut clock);
        let settings = environment.http_settings.clone().unwrap_or_default();
        let settings = settings.check()?;
        let url = settings.endpoint(endpoint)?;
        let plain = Some(url.host()).filter(|_| url.is_plain_http());
        Environment::report_plain_http(environment.observer.as_deref(), &settings, plain);
        let endpoint = ProviderEndpoint {
            url,
            auth,
            client,
            settings,
        };
        Ok(Self { endpoint, clock })
    }

    /// Revokes an access token. A token that the provider does not know is reported as revoked
    /// (RFC 7009 section 2.2).
    ///
    /// # Errors
    ///
    /// A [`RevokeError`] unless the provider confirms that the token is revoked.
    pub fn revoke<'a>(&'a self, token: &'a str) -> NowOrLater<'a, Result<(), RevokeError>> {
        self.send(token, "access_token")
    }

    /// Revokes a refresh token; most providers also revoke the access tokens of its grant (RFC 7009
    /// section 2.1).
    ///
    /// # Errors
    ///
    /// A [`RevokeError`] unless the provider confirms that the token is revoked.
    pub fn revoke_refresh<'a>(&'a self, token: &'a str) -> NowOrLater<'a, Result<(), RevokeError>> {
        self.send(token, "refresh_token")
    }

    fn send<'a>(
        &'a self,
        token: &'a str,
        hint: &'static str,
    ) -> NowOrLater<'a, Result<(), RevokeError>> {
        NowOrLater::later(async move {
            let now = self.clock.now();
            let now = now.ok_or_else(|| unavailable("the clock reports no time".into()))?;
            let request = TokenRequest {
                token,
                hint,
                accept: "application/json",
                now,
            };
            let (response, _) = self.endpoint.send(&request).await;
            let response = response.map_err(|problem| unavailable(problem.into_error()))?;
            if response.status() == StatusCode::OK {
                return Ok(());
            }
            Err(match response::refusal(&response) {
                response::CREDENTIALS | response::NOT_ALLOWED => RevokeError::Credentials,
                response::UNSUPPORTED => RevokeError::Unsupported,
                _ => unavailable(response::refused(&response).into_error()),
            })
        })
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

fn unavailable(cause: BoxError) -> RevokeError {
    RevokeError::Unavailable(Arc::from(cause))
}

/// Why a token was not revoked, or may not be. It holds no part of the token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// The endpoint refused the credentials of this service, or does not let it revoke tokens.
    /// Correct the configuration; another attempt fails too.
    #[error("{}", response::CREDENTIALS)]
    Credentials,
    /// The endpoint gave no valid response; the source says why. The token may or may not be
    /// revoked: try again later.
    #[error("the revocation endpoint gave no valid response")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// The endpoint does not revoke tokens of this kind (`unsupported_token_type`, RFC 7009 section
    /// 2.2.1). The token stays valid until it expires.
    #[error("the endpoint does not revoke tokens of this kind")]
    Unsupported,
}
