//! Kinds of credentials that a principal can have.

/// The kind of credential that authenticated a principal. Policies and handlers may decide by it,
/// for example to refuse API keys for a change of password.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// A JWT access token (RFC 9068). A [`JwtValidator`](crate::JwtValidator) validated it.
    AccessToken,
    /// An API key. An [`ApiKeyValidator`](crate::ApiKeyValidator) validated it.
    ApiKey,
    /// An OpenID Connect ID token. It says who logged in, and is not meant for an API; only a
    /// [`JwtValidator`](crate::JwtValidator) that is configured for ID tokens accepts it.
    IdToken,
    /// An opaque access token, validated by introspection (RFC 7662). An
    /// [`IntrospectionValidator`](crate::IntrospectionValidator) validated it.
    OpaqueToken,
    /// Another kind of credential, of a validator outside this crate. A
    /// [`PrincipalBuilder`](crate::principal::PrincipalBuilder) made the principal.
    Other,
    /// A session of a browser or an app. A [`SessionValidator`](crate::SessionValidator) validated
    /// its id.
    Session,
}

impl PrincipalKind {
    /// Returns the stable name in snake case. It is used in the serialized form of a
    /// [`Principal`](crate::Principal).
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
