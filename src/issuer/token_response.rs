//! The successful response of a token endpoint: RFC 6749 section 5.1.

use std::fmt;
use std::time::Duration;

use http::Response;
use zeroize::Zeroizing;

use super::minted::MintedToken;
use super::token_error::set_token_headers;
use crate::secret::ShownOnce;

/// The tokens for a client, as the response of a token endpoint: status 200, `no-store`, JSON.
///
/// Until it is converted, the tokens are wiped from memory when it is dropped; `Debug` does not show
/// them. An error is a [`TokenError`](crate::issuer::TokenError).
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::issuer::TokenResponse;
///
/// let answer = TokenResponse::new("opaque-token", Duration::from_secs(300)).scope("orders:read");
/// let response: http::Response<String> = answer.into_response();
/// assert_eq!(response.headers()["cache-control"], "no-store");
/// assert_eq!(response.headers()["pragma"], "no-cache");
/// let body = r#"{"access_token":"opaque-token","token_type":"Bearer","expires_in":300,"scope":"orders:read"}"#;
/// assert_eq!(response.body(), body);
/// ```
#[must_use]
pub struct TokenResponse {
    access_token: Zeroizing<String>,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: Option<Zeroizing<String>>,
    scope: Option<String>,
}

impl TokenResponse {
    /// Takes an access token that the service made, and for how long it is valid from now on, of
    /// which a fraction of a second is dropped.
    pub fn new(access_token: impl Into<String>, expires_in: Duration) -> Self {
        Self {
            access_token: Zeroizing::new(access_token.into()),
            token_type: "Bearer",
            expires_in: expires_in.as_secs(),
            refresh_token: None,
            scope: None,
        }
    }

    /// Takes a token that [`JwtIssuer::mint`](crate::issuer::JwtIssuer::mint) has just made.
    pub fn of_minted(token: &MintedToken) -> Self {
        Self::new(token.expose(), Duration::from_secs(token.expires_in()))
    }

    /// Says that the access token is bound to the key of a proof: its `token_type` is `DPoP` (RFC
    /// 9449 section 5), by default `Bearer`.
    pub const fn dpop(mut self) -> Self {
        self.token_type = "DPoP";
        self
    }

    /// Adds the refresh token: the secret of
    /// [`RefreshManager::create`](crate::refresh::RefreshManager::create) or
    /// [`rotate`](crate::refresh::RefreshManager::rotate). Without it the client gets none, and a
    /// rotated one is lost.
    pub fn refresh_token(mut self, secret: ShownOnce) -> Self {
        self.refresh_token = Some(Zeroizing::new(secret.reveal()));
        self
    }

    /// Adds the scopes of the access token, joined by spaces. Required unless they are the ones
    /// that the client asked for.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Converts it to a response of the `http` crate. Its body holds the tokens and is no longer
    /// wiped; do not log it.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        set_token_headers(response.headers_mut());
        response
    }

    fn body(&self) -> String {
        let seconds = self.expires_in.to_string();
        let members = [
            ("access_token", Some(text(&self.access_token))),
            ("token_type", Some(text(self.token_type))),
            ("expires_in", Some(Zeroizing::new(seconds))),
            (
                "refresh_token",
                self.refresh_token.as_deref().map(|own| text(own)),
            ),
            ("scope", self.scope.as_deref().map(text)),
        ];
        let members = || {
            let given = members
                .iter()
                .filter_map(|(name, value)| Some((name, value.as_deref()?)));
            given.enumerate()
        };
        // Of its final length, so that no copy of a secret is left behind.
        let lengths = members().map(|(_, (name, value))| name.len() + value.len() + 4);
        let mut body = String::with_capacity(lengths.sum::<usize>() + 1);
        for (index, (name, value)) in members() {
            body.push(if index == 0 { '{' } else { ',' });
            body.push('"');
            body += name;
            body += "\":";
            body += value;
        }
        body.push('}');
        body
    }
}

/// A JSON string.
fn text(value: &str) -> Zeroizing<String> {
    let mut json = Zeroizing::new(String::with_capacity(value.len() * 6 + 2));
    json.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => {
                let code = format!("\\u{:04x}", u32::from(c));
                json.push_str(&code);
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_is_written_without_a_second_allocation() {
        let answer = TokenResponse::new("a\"\n", Duration::MAX).scope("s");
        let body = answer.body();
        assert_eq!(body.len(), body.capacity());
        assert_eq!(answer.body(), body);
    }

    proptest! {
        #[test]
        fn every_text_is_a_json_string(value in any::<String>()) {
            let json = text(&value);
            let read: String = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read, value);
        }
    }
}
