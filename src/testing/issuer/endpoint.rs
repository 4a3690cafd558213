//! The endpoints of a provider and their paths.

/// An endpoint of a [`FakeIssuer`](crate::testing::FakeIssuer).
///
/// Requests are counted, and faults are set, for each endpoint separately. A known endpoint answers
/// 405 to a method that it does not support.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FakeEndpoint {
    /// OpenID Connect Discovery: the issuer's URL, then `/.well-known/openid-configuration`. It
    /// answers `GET` with the same document as [`ServerMetadata`](Self::ServerMetadata).
    Discovery,
    /// Introspection (RFC 7662): the issuer's URL, then `/introspect`. It answers `POST` of an
    /// authenticated client, in JSON or as a signed JWT (RFC 9701), as the header `accept` asks.
    Introspection,
    /// The key set (RFC 7517 section 5): the issuer's URL, then `/jwks`. It has an entity tag, and
    /// answers 304 to a client that sends that tag in `if-none-match`.
    Jwks,
    /// Any other path; it is answered with 404. Requests to it are counted and recorded too, so a
    /// test can see that a client used a wrong URL.
    Other,
    /// Revocation (RFC 7009): the issuer's URL, then `/revoke`. It answers `POST` of an
    /// authenticated client, with 200 also for a token that it does not know.
    Revocation,
    /// Authorization server metadata (RFC 8414): `/.well-known/oauth-authorization-server`, then
    /// the issuer's path. [`FakeIssuer::announce`](crate::testing::FakeIssuer::announce) changes
    /// its members.
    ServerMetadata,
    /// Tokens for client credentials (RFC 6749 section 4.4): the issuer's URL, then `/token`. It
    /// issues opaque tokens that are active for 300 seconds.
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
