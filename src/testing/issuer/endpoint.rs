//! The endpoints of a provider and their paths.

/// An endpoint of a [`FakeIssuer`](crate::testing::FakeIssuer).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FakeEndpoint {
    /// OpenID Connect Discovery: the issuer's URL, then `/.well-known/openid-configuration`.
    Discovery,
    /// Introspection (RFC 7662).
    Introspection,
    /// The key set (RFC 7517 section 5).
    Jwks,
    /// Any other path; it is answered with 404.
    Other,
    /// Revocation (RFC 7009).
    Revocation,
    /// Authorization server metadata (RFC 8414): `/.well-known/oauth-authorization-server`, then
    /// the issuer's path.
    ServerMetadata,
    /// Tokens for client credentials (RFC 6749 section 4.4).
    Token,
}

impl FakeEndpoint {
    /// All endpoints with a path of their own.
    const KNOWN: [Self; 6] = [
        Self::Discovery,
        Self::Introspection,
        Self::Jwks,
        Self::Revocation,
        Self::ServerMetadata,
        Self::Token,
    ];

    /// Returns the path, for an issuer with the path `base`.
    pub(super) fn path(self, base: &str) -> String {
        match self {
            Self::Discovery => format!("{base}/.well-known/openid-configuration"),
            Self::Introspection => format!("{base}/introspect"),
            Self::Jwks => format!("{base}/jwks"),
            Self::Other => format!("{base}/"),
            Self::Revocation => format!("{base}/revoke"),
            Self::ServerMetadata => format!("/.well-known/oauth-authorization-server{base}"),
            Self::Token => format!("{base}/token"),
        }
    }

    /// Returns the endpoint of a request's target.
    pub(super) fn of(target: &str, base: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        let mut known = Self::KNOWN.into_iter();
        known
            .find(|endpoint| endpoint.path(base) == path)
            .unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discovery_documents_differ_in_the_place_of_the_issuer_path() {
        let openid = "/realms/a/.well-known/openid-configuration";
        let oauth = "/.well-known/oauth-authorization-server/realms/a";
        assert_eq!(
            FakeEndpoint::of(openid, "/realms/a"),
            FakeEndpoint::Discovery
        );
        assert_eq!(
            FakeEndpoint::of(oauth, "/realms/a"),
            FakeEndpoint::ServerMetadata
        );
        assert_eq!(FakeEndpoint::of(openid, ""), FakeEndpoint::Other);
    }

    #[test]
    fn query_is_ignored() {
        assert_eq!(FakeEndpoint::of("/jwks?a=b", ""), FakeEndpoint::Jwks);
        assert_eq!(FakeEndpoint::of("/jwks/", ""), FakeEndpoint::Other);
    }
}
