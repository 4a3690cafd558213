//! The places and schemes of credentials.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;

/// How a credential was presented: the authentication scheme of the header, or a cookie.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Scheme {
    /// A bearer credential (RFC 6750): anyone who has it can use it. Credentials in another header,
    /// a query or a form count as bearer credentials.
    Bearer,
    /// A token that is used with a proof of possession of a key (RFC 9449).
    Dpop,
    /// An API key in `Authorization: ApiKey`.
    ApiKey,
    /// A cookie, which browsers attach to requests without action of the page.
    Cookie,
}

impl Scheme {
    /// Returns the name. Except for `Cookie` it is the authentication scheme in the header
    /// (RFC 9110 section 11.1).
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

/// A place of a request that may have a credential. Enabled places are configured with
/// [`SourcesBuilder`](crate::credential::SourcesBuilder).
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
