//! The authenticated caller of an issuer's endpoints.

/// The client or resource server that sent a request to [`TokenEndpoints`](crate::issuer::TokenEndpoints),
/// authenticated by the service.
///
/// RFC 7662 section 2.1 and RFC 7009 section 2.1 require that the sender is authenticated;
/// otherwise anyone could find out which guessed tokens are valid. The endpoints do not
/// authenticate it; this value is the service's statement that it did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthenticatedClient {
    id: String,
    resources: Vec<String>,
}

impl AuthenticatedClient {
    /// Asserts that the sender has proved to be this client, by its secret, its key or its
    /// certificate. Never pass an id that was only read from the request.
    ///
    /// ```
    /// use bearergate::issuer::AuthenticatedClient;
    ///
    /// // After the client's own credential was validated:
    /// let client = AuthenticatedClient::assertion("orders-api");
    /// assert_eq!(client.id(), "orders-api");
    /// ```
    pub fn assertion(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            resources: Vec::new(),
        }
    }

    /// Adds an audience that the client serves: it may ask about tokens for it.
    ///
    /// ```
    /// use bearergate::issuer::AuthenticatedClient;
    ///
    /// let client = AuthenticatedClient::assertion("orders-api").serving("https://api.example.com");
    /// ```
    #[must_use]
    pub fn serving(mut self, audience: impl Into<String>) -> Self {
        self.resources.push(audience.into());
        self
    }

    /// Returns the client's id, as the service gave it. It is compared with the claim `client_id`
    /// of tokens, byte for byte.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns true if the client is this audience or serves it.
    pub(super) fn serves(&self, audience: &str) -> bool {
        self.id == audience || self.resources.iter().any(|own| own == audience)
    }
}
