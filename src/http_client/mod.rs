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

use crate::error::Cause;
use crate::error::kinds;

/// A request got no whole answer.
///
/// `Display` names what went wrong; it shows no header, no body and no query.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct HttpError {
    kind: HttpErrorKind,
    source: Option<Cause>,
}

kinds! {
    /// Why a request got no whole answer, as a stable code.
    pub enum HttpErrorKind {
        Broken = "broken", "the connection broke before the whole answer was read";
        /// Nothing was sent.
        Connect = "connect", "no connection could be made";
        Deadline = "deadline", "the answer was not read before the deadline";
        /// Nothing was sent.
        Forbidden = "forbidden", "the address is one that the request must not reach";
        TooLarge = "too_large", "the answer is longer than the limit of the request";
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
        self.source = Some(Cause::new(source));
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
