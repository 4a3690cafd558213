//! Where a credential came from, and under which name.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;

/// How a credential was presented.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Scheme {
    /// Whoever holds it may use it (RFC 6750); so is one in a header of its own, a query or a
    /// form.
    Bearer,
    /// Used together with a proof of possession (RFC 9449).
    Dpop,
    /// An API key under its own authentication scheme.
    ApiKey,
    /// Sent by the browser without being asked.
    Cookie,
}

impl Scheme {
    /// Returns the name; for all but cookies it is the authentication scheme of RFC 9110
    /// section 11.1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
            Self::ApiKey => "ApiKey",
            Self::Cookie => "Cookie",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place of a request that may hold a credential.
///
/// ```
/// use bearergate::credential::Place;
///
/// assert_eq!(Place::Cookie("sid".into()), Place::Cookie("sid".into()));
/// assert_ne!(Place::Query("sid".into()), Place::Form("sid".into()));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// The `Authorization` header.
    AuthorizationHeader,
    /// The cookie of this name.
    Cookie(Arc<str>),
    /// The parameter of this name in a form body.
    Form(Arc<str>),
    /// The header of this name; its whole value is the credential.
    Header(HeaderName),
    /// The parameter of this name in the URI's query.
    Query(Arc<str>),
}
