//! Methods of client authentication (RFC 6749 section 2.3, RFC 6750, RFC 7523).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use zeroize::Zeroizing;

use super::client_key::{AssertionClaims, ClientKey};
use super::form::{Form, encode};
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::http_client::Endpoint;
use crate::secret::Secret;

/// The credentials of this service at an introspection or revocation endpoint; cheap to clone.
///
/// Each constructor is one method of client authentication; use the one that the provider
/// registered for this service. The credentials are sent only to the configured endpoint. `Debug`
/// shows the method and the client id, never a secret.
///
/// ```
/// use bearergate::client_auth::ClientAuth;
///
/// let auth = ClientAuth::secret_basic("orders-api", "correct horse".to_owned())?;
/// assert!(!format!("{auth:?}").contains("horse"));
/// assert!(ClientAuth::secret_basic("", "correct horse".to_owned()).is_err());
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ClientAuth(Arc<AuthMethod>);

enum AuthMethod {
    Assertion { id: Box<str>, key: Box<ClientKey> },
    Basic { id: Box<str>, header: HeaderValue },
    Bearer { header: HeaderValue },
    Post { id: Box<str>, secret: Secret },
}

impl ClientAuth {
    /// Sends the client id and the secret in the `Authorization` header: `client_secret_basic`.
    ///
    /// Both are form-encoded first (RFC 6749 section 2.3.1).
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for an empty id or secret.
    pub fn secret_basic(
        id: impl Into<Box<str>>,
        secret: impl Into<Secret>,
    ) -> Result<Self, ConfigError> {
        let (id, secret) = checked(id.into(), secret.into())?;
        let mut pair = Zeroizing::new(Vec::with_capacity(
            3 * (id.len() + secret.expose().len()) + 1,
        ));
        encode(id.as_bytes(), &mut pair);
        pair.push(b':');
        encode(secret.expose(), &mut pair);
        let pair = Zeroizing::new(STANDARD.encode(&*pair));
        let header = header("Basic ", pair.as_bytes())?;
        Ok(Self(Arc::new(AuthMethod::Basic { id, header })))
    }

    /// Sends the client id and the secret as members of the form: `client_secret_post`.
    ///
    /// Use it only if the provider does not support `client_secret_basic` (RFC 6749 section 2.3.1).
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for an empty id or secret.
    pub fn secret_post(
        id: impl Into<Box<str>>,
        secret: impl Into<Secret>,
    ) -> Result<Self, ConfigError> {
        let (id, secret) = checked(id.into(), secret.into())?;
        Ok(Self(Arc::new(AuthMethod::Post { id, secret })))
    }

    /// Sends an access token of this service as a bearer token (RFC 6750 section 2.1).
    ///
    /// The token is fixed, so it must not expire while the service runs.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if the token is empty or
    /// has characters that a token cannot have.
    pub fn bearer(token: impl Into<Secret>) -> Result<Self, ConfigError> {
        let token = token.into();
        let is_token =
            !token.expose().is_empty() && token.expose().iter().all(u8::is_ascii_graphic);
        if !is_token {
            return Err(ConfigError::malformed("bearer", NO_TOKEN));
        }
        let header = header("Bearer ", token.expose())?;
        Ok(Self(Arc::new(AuthMethod::Bearer { header })))
    }

    /// Sends an assertion that is signed with this key for each request: `private_key_jwt`
    /// (RFC 7523 section 2.2).
    ///
    /// No secret leaves the service, so prefer this method if the provider supports it.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for an empty id.
    pub fn private_key_jwt(id: impl Into<Box<str>>, key: ClientKey) -> Result<Self, ConfigError> {
        let id = id.into();
        if id.is_empty() {
            return Err(ConfigError::empty("client_id", REGISTERED));
        }
        let key = Box::new(key);
        Ok(Self(Arc::new(AuthMethod::Assertion { id, key })))
    }

    /// Returns the client id under which this service is registered at the provider, or `None` for
    /// a [bearer token](Self::bearer), which has none. Signed introspection responses need one, as
    /// their audience.
    pub fn client(&self) -> Option<&str> {
        match &*self.0 {
            AuthMethod::Assertion { id, .. }
            | AuthMethod::Basic { id, .. }
            | AuthMethod::Post { id, .. } => Some(id),
            AuthMethod::Bearer { .. } => None,
        }
    }

    pub(crate) fn kind(&self) -> ClientAuthKind {
        match &*self.0 {
            AuthMethod::Assertion { .. } => ClientAuthKind::Key,
            AuthMethod::Basic { .. } | AuthMethod::Post { .. } => ClientAuthKind::Secret,
            AuthMethod::Bearer { .. } => ClientAuthKind::Bearer,
        }
    }

    /// Adds the credentials to the form, or returns them for the header. Returns `None` if no
    /// random numbers are available for a signature.
    pub(crate) fn apply(
        &self,
        form: &mut Form,
        endpoint: &Endpoint,
        now: UnixTime,
    ) -> Option<Credentials> {
        match &*self.0 {
            AuthMethod::Basic { header, .. } | AuthMethod::Bearer { header } => {
                return Some(Credentials::Header(header.clone()));
            }
            AuthMethod::Assertion { id, key } => {
                let assertion = key.assertion(&AssertionClaims {
                    client: id,
                    endpoint: &endpoint.uri().to_string(),
                    now,
                })?;
                form.add("client_id", id.as_bytes());
                form.add("client_assertion_type", ASSERTION.as_bytes());
                form.add("client_assertion", assertion.as_bytes());
            }
            AuthMethod::Post { id, secret } => {
                form.add("client_id", id.as_bytes());
                form.add("client_secret", secret.expose());
            }
        }
        Some(Credentials::Form)
    }
}

/// The kind of credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ClientAuthKind {
    Bearer,
    Key,
    Secret,
}

/// The place of the credentials in a request.
pub(crate) enum Credentials {
    Form,
    Header(HeaderValue),
}

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn checked(id: Box<str>, secret: Secret) -> Result<(Box<str>, Secret), ConfigError> {
    if id.is_empty() {
        return Err(ConfigError::empty("client_id", REGISTERED));
    }
    if secret.expose().is_empty() {
        return Err(ConfigError::empty("client_secret", REGISTERED));
    }
    Ok((id, secret))
}

fn header(scheme: &str, credentials: &[u8]) -> Result<HeaderValue, ConfigError> {
    let line = Zeroizing::new([scheme.as_bytes(), credentials].concat());
    let header = HeaderValue::from_bytes(&line);
    let mut header = header.map_err(|_| ConfigError::malformed("credentials", NO_TOKEN))?;
    header.set_sensitive(true);
    Ok(header)
}

const REGISTERED: &str = "give what the provider registered for this service";
const NO_TOKEN: &str = "expected printable ASCII without spaces, found an empty token or other \
                        characters; give the token without a scheme and without a line end";

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match &*self.0 {
            AuthMethod::Assertion { .. } => "private_key_jwt",
            AuthMethod::Basic { .. } => "client_secret_basic",
            AuthMethod::Bearer { .. } => "bearer",
            AuthMethod::Post { .. } => "client_secret_post",
        };
        f.debug_struct("ClientAuth")
            .field("method", &method)
            .field("client", &self.client())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;

    fn sent(auth: &ClientAuth, form: &mut Form) -> Credentials {
        let endpoint = Endpoint::parse("https://idp.example.com/introspect").unwrap();
        let now = UnixTime::from_secs(1_760_000_000);
        auth.apply(form, &endpoint, now).unwrap()
    }

    fn applied(auth: &ClientAuth) -> (String, Option<String>) {
        let mut form = Form::new(64);
        let header = match sent(auth, &mut form) {
            Credentials::Form => None,
            Credentials::Header(value) => Some(value.to_str().unwrap().to_owned()),
        };
        let form = String::from_utf8(form.into_secret().expose().to_vec()).unwrap();
        (form, header)
    }

    #[test]
    fn basic_encodes_both_parts_before_it_joins_them() {
        let auth = ClientAuth::secret_basic("a:b", "p w+%\u{e9}".to_owned()).unwrap();
        let pair = STANDARD.encode("a%3Ab:p+w%2B%25%C3%A9");
        assert_eq!(
            applied(&auth),
            (String::new(), Some(format!("Basic {pair}")))
        );
    }

    #[test]
    fn post_puts_both_into_the_form() {
        let auth = ClientAuth::secret_post("me", "a&b=c".to_owned()).unwrap();
        let form = "client_id=me&client_secret=a%26b%3Dc".to_owned();
        assert_eq!(applied(&auth), (form, None));
    }

    #[test]
    fn a_bearer_token_is_sent_unchanged() {
        let auth = ClientAuth::bearer("abc.def".to_owned()).unwrap();
        assert_eq!(
            applied(&auth),
            (String::new(), Some("Bearer abc.def".to_owned()))
        );
        for bad in ["", "a b", "a\r\nHost: evil"] {
            let refused = ClientAuth::bearer(bad.to_owned()).unwrap_err();
            assert_eq!(refused.kind(), ConfigErrorKind::ValueMalformed);
        }
    }

    #[test]
    fn no_output_shows_a_secret() {
        for auth in [
            ClientAuth::secret_basic("me", "s3cret".to_owned()),
            ClientAuth::secret_post("me", "s3cret".to_owned()),
            ClientAuth::bearer("s3cret".to_owned()),
        ] {
            let auth = auth.unwrap();
            assert!(!format!("{auth:?}").contains("s3cret"));
            if let Credentials::Header(value) = sent(&auth, &mut Form::new(64)) {
                assert!(value.is_sensitive());
            }
        }
        let refused = ClientAuth::bearer("s3cret s3cret".to_owned()).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("s3cret"));
    }
}
