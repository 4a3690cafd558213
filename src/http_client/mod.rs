//! The interfaces for HTTP requests and for background work.
//!
//! Keys and introspection responses are requested through an [`HttpClient`], and refreshes run on a
//! [`Spawn`]. Nothing in this module opens a connection: use the clients and spawners in
//! [`integrations`](crate::integrations), or implement the two traits.

mod address_scope;
mod call;
mod client;
mod endpoint;
mod spawn;

pub use address_scope::AddressScope;
pub use call::BodyLimit;
pub use call::HttpRequest;
pub use call::HttpResponse;
pub use client::HttpClient;
pub use endpoint::Endpoint;
pub use spawn::Spawn;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A request got no whole answer.
///
/// `Display` names what went wrong; it shows no header, no body and no query.
#[derive(Clone)]
pub struct HttpError {
    kind: HttpErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Why a request got no whole answer, as a stable code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// The connection broke before the answer was whole: `broken`.
    Broken,
    /// No connection came about, so nothing was sent: `connect`.
    Connect,
    /// The time was over: `deadline`.
    Deadline,
    /// The address is one that the request must not reach; nothing was sent: `forbidden`.
    Forbidden,
    /// The body is longer than asked for: `too_large`.
    TooLarge,
}

impl HttpErrorKind {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Connect => "connect",
            Self::Deadline => "deadline",
            Self::Forbidden => "forbidden",
            Self::TooLarge => "too_large",
        }
    }
}

impl HttpError {
    /// Makes an error of this kind.
    pub const fn new(kind: HttpErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds what went wrong below. It must hold neither header nor body.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Returns why, as a stable code.
    pub const fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

impl From<HttpErrorKind> for HttpError {
    fn from(kind: HttpErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            HttpErrorKind::Broken => "the connection broke before the answer was whole",
            HttpErrorKind::Connect => "no connection came about",
            HttpErrorKind::Deadline => "the time for the answer was over",
            HttpErrorKind::Forbidden => "the address must not be reached",
            HttpErrorKind::TooLarge => "the answer is too large",
        })
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
