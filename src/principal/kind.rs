//! Kinds of credentials that a principal can have.

/// The kind of credential that authenticated a principal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// A JWT access token (RFC 9068).
    AccessToken,
    /// An API key.
    ApiKey,
    /// An OpenID Connect ID token.
    IdToken,
    /// An opaque access token, validated by introspection (RFC 7662).
    OpaqueToken,
    /// Another kind of credential, of a validator outside this crate.
    Other,
    /// A session of a browser or an app.
    Session,
}

impl PrincipalKind {
    /// Returns the stable name in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::ApiKey => "api_key",
            Self::IdToken => "id_token",
            Self::OpaqueToken => "opaque_token",
            Self::Other => "other",
            Self::Session => "session",
        }
    }
}
