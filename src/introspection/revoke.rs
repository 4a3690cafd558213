//! Tells a provider that a token is of no more use (RFC 7009).

use std::error::Error;
use std::sync::Arc;

use http::StatusCode;

use super::endpoint::Caller;
use super::endpoint::Post;
use super::response;
use super::response::Problem;
use crate::client_auth::ClientAuth;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::error::ConfigError;
use crate::http_client::Endpoint;
use crate::http_client::HttpClient;
use crate::http_client::HttpResponse;
use crate::now_or_later::NowOrLater;

/// Revokes tokens at the endpoint of their provider.
///
/// What this process remembers of a token is another matter: see
/// [`IntrospectionValidator::invalidate`](crate::introspection::IntrospectionValidator::invalidate) and the denylists.
///
/// ```
/// use std::sync::Arc;
/// use bearergate::client_auth::ClientAuth;
/// use bearergate::http_client::HttpClient;
/// use bearergate::introspection::RevocationClient;
///
/// # async fn logout(client: Arc<dyn HttpClient>, secret: String, token: &str)
/// #     -> Result<(), Box<dyn std::error::Error>> {
/// let auth = ClientAuth::secret_basic("orders-api", secret)?;
/// let revocation = RevocationClient::new("https://idp.example.com/revoke", auth, client)?;
/// revocation.revoke(token).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RevocationClient {
    caller: Caller,
    clock: Arc<dyn Clock>,
}

impl RevocationClient {
    /// Takes the address of the endpoint and how this service authenticates there.
    ///
    /// # Errors
    ///
    /// `value_malformed` for the address.
    pub fn new(
        endpoint: &str,
        auth: ClientAuth,
        client: Arc<dyn HttpClient>,
    ) -> Result<Self, ConfigError> {
        let caller = Caller {
            endpoint: Endpoint::parse(endpoint)?,
            auth,
            client,
        };
        Ok(Self {
            caller,
            clock: Arc::new(SystemClock),
        })
    }

    /// Sets the clock that dates the assertions of a private key.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Revokes an access token. One that the provider does not know counts as revoked.
    ///
    /// # Errors
    ///
    /// A [`RevokeError`] unless the provider said that the token is revoked.
    pub fn revoke<'a>(&'a self, token: &'a str) -> NowOrLater<'a, Result<(), RevokeError>> {
        self.send(token, "access_token")
    }

    /// Revokes a refresh token, and with most providers the access tokens of its grant.
    ///
    /// # Errors
    ///
    /// A [`RevokeError`] unless the provider said that the token is revoked.
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
            let now = now.ok_or_else(|| unavailable("the clock tells no time".into()))?;
            let post = Post {
                token,
                hint,
                accept: "application/json",
                now,
            };
            let (answered, _) = self.caller.send(&post).await;
            let response = answered.map_err(|problem| unavailable(problem.into_error()))?;
            read(&response)
        })
    }
}

fn read(response: &HttpResponse) -> Result<(), RevokeError> {
    if response.status() == StatusCode::OK {
        return Ok(());
    }
    Err(match response::refusal(response) {
        response::CREDENTIALS | response::NOT_ALLOWED => RevokeError::Credentials,
        response::UNSUPPORTED => RevokeError::Unsupported,
        text => unavailable(Problem::new(text).into_error()),
    })
}

type Cause = Box<dyn Error + Send + Sync>;

fn unavailable(cause: Cause) -> RevokeError {
    RevokeError::Unavailable(Arc::from(cause))
}

/// A token was not revoked, as far as is known. It holds no part of the token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// The endpoint refused the credentials of this service.
    #[error("{}", response::CREDENTIALS)]
    Credentials,
    /// The endpoint did not answer, or not as it should: try again later.
    #[error("the revocation endpoint did not answer as it should")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// The endpoint does not revoke tokens of this kind.
    #[error("the endpoint does not revoke tokens of this kind")]
    Unsupported,
}
