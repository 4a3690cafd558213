//! The endpoints of a provider and their paths.

/// What a request to a [`FakeIssuer`](crate::testing::issuer::FakeIssuer) asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FakeEndpoint {
    /// The document of OpenID Connect Discovery: the issuer, then
    /// `/.well-known/openid-configuration`.
    Discovery,
    /// Introspection, RFC 7662.
    Introspection,
    /// The key set.
    Jwks,
    /// Any other path.
    Other,
    /// Revocation, RFC 7009.
    Revocation,
    /// The document of RFC 8414: `/.well-known/oauth-authorization-server`, then the issuer's
    /// path.
    ServerMetadata,
    /// Tokens by client credentials, RFC 6749 section 4.4.
    Token,
}

impl FakeEndpoint {
    /// All that have a path.
    const KNOWN: [Self; 6] = [
        Self::Discovery,
        Self::Introspection,
        Self::Jwks,
        Self::Revocation,
        Self::ServerMetadata,
        Self::Token,
    ];

    /// Returns the path, for an issuer that has the path `base`.
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

    /// Finds the endpoint of a request's target.
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
    fn the_two_documents_put_the_path_at_two_places() {
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
    fn a_query_does_not_count() {
        assert_eq!(FakeEndpoint::of("/jwks?a=b", ""), FakeEndpoint::Jwks);
        assert_eq!(FakeEndpoint::of("/jwks/", ""), FakeEndpoint::Other);
    }
}
