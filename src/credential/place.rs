//! The places and schemes of credentials.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;

/// How a credential was presented: the authentication scheme of the header, or a cookie. It says
/// how the credential was sent, not which kind of credential it is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Scheme {
    /// A bearer credential (RFC 6750): anyone who has it can use it. Credentials in another header,
    /// a query or a form count as bearer credentials.
    Bearer,
    /// A token that is used with a proof of possession of a key (RFC 9449). A token that is bound to
    /// no such key is rejected, and so is everything that is no token. A
    /// [`SenderConstraint`](crate::validator::SenderConstraint) checks the proof; without one a
    /// bound token is rejected too.
    Dpop,
    /// An API key in `Authorization: ApiKey`; every other credential under this scheme is rejected.
    /// The scheme is not registered with IANA. Enable it
    /// with [`SourcesBuilder::api_key`](crate::credential::SourcesBuilder::api_key).
    ApiKey,
    /// An API key in `Authorization: Basic` (RFC 7617), as the user name or the password; every
    /// other credential under this scheme is rejected. Enable it
    /// with [`SourcesBuilder::basic`](crate::credential::SourcesBuilder::basic).
    Basic,
    /// A cookie, which browsers attach to requests without action of the page. So such a request
    /// must also pass the cross-site check of
    /// [`SourcesBuilder::cookie`](crate::credential::SourcesBuilder::cookie).
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
            Self::Basic => "Basic",
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
    /// The `Authorization` header. Its value is one of the enabled schemes, one or more spaces and
    /// the credential (RFC 9110 section 11.6.2, RFC 6750 section 2.1). `Basic` is a place of its
    /// own.
    AuthorizationHeader,
    /// The `Authorization` header with the scheme `Basic` (RFC 7617), of which one part is an API
    /// key, see [`BasicKey`](crate::credential::BasicKey). A validator must be bound to it.
    Basic,
    /// The cookie of this name. Names are compared byte by byte. A second cookie of this name makes
    /// the request ambiguous. An empty value is no credential.
    Cookie(Arc<str>),
    /// The parameter of this name in a form body. It is read only if the service has set the body
    /// with [`with_form`](crate::request::RequestFacts::with_form) (RFC 6750 section 2.2).
    Form(Arc<str>),
    /// The header of this name; its whole value is the credential, of visible ASCII characters. It
    /// counts as a bearer credential. An empty value is no credential.
    Header(HeaderName),
    /// The parameter of this name in the URI's query. URIs are written to logs, so prefer any other
    /// place (RFC 6750 section 2.3).
    Query(Arc<str>),
}

impl Place {
    /// Returns true if one request cannot have a credential in both places.
    pub(crate) fn excludes(&self, other: &Self) -> bool {
        let in_header = |place: &Self| matches!(place, Self::AuthorizationHeader | Self::Basic);
        self == other || (in_header(self) && in_header(other))
    }
}
