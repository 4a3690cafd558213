//! The interfaces for HTTP requests and for background work.
//!
//! Keys and introspection responses are requested through an [`HttpClient`], and refreshes run on a
//! [`Spawn`]. Nothing in this module opens a connection: use the clients and spawners in
//! [`integrations`](crate::integrations), or implement the two traits.

mod address_scope;
mod call;
mod client;
mod endpoint;
mod remedy;
mod settings;
mod spawn;

use std::error::Error;

pub use address_scope::AddressScope;
pub use call::{BodyLimit, HttpRequest, HttpResponse};
pub use client::HttpClient;
pub use endpoint::Endpoint;
pub(crate) use endpoint::UrlProblem;
pub(crate) use remedy::{StatusClass, remedy};
pub(crate) use settings::CheckedSettings;
pub use settings::HttpSettings;
pub use spawn::Spawn;

use crate::error::{Cause, kinds};

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
    ///
    /// An [`HttpClient`] that returns one of them returns no part of the answer.
    pub enum HttpErrorKind {
        /// The server may have received the request.
        Broken = "broken", "the connection broke before the whole answer was read";
        /// Nothing was sent.
        Connect = "connect", "no connection could be made";
        /// The limit is [`HttpRequest::connect_deadline`]. Nothing was sent.
        ConnectDeadline = "connect_deadline", "no connection was made before the connect deadline";
        /// The limit is [`HttpRequest::deadline`]. The server may have received the request.
        Deadline = "deadline", "the answer was not read before the deadline";
        /// Nothing was sent.
        Forbidden = "forbidden", "the address is one that the request must not reach";
        /// The limit is the one of [`HttpRequest::with_max_body`].
        TooLarge = "too_large", "the answer is longer than the limit of the request";
    }
}

impl HttpError {
    /// Makes an error of this kind.
    ///
    /// Add the error of the HTTP library with [`with_source`](Self::with_source).
    pub const fn new(kind: HttpErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds what went wrong below. It must hold neither header nor body.
    ///
    /// It is what [`source`](Error::source) returns, and may be logged; an error text with the URL
    /// must leave out the query.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Cause::new(source));
        self
    }

    /// Returns what went wrong below, for an error that says the kind in its own words.
    pub(crate) fn into_cause(self) -> Option<Cause> {
        self.source
    }

    /// Returns whether no connection was made, so that nothing was sent.
    pub(crate) fn is_connect(&self) -> bool {
        matches!(
            self.kind,
            HttpErrorKind::Connect | HttpErrorKind::ConnectDeadline
        )
    }

    /// Returns why, as a stable code.
    ///
    /// Use it for logs and metrics: neither its code nor its text has any part of the request.
    pub const fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

impl From<HttpErrorKind> for HttpError {
    fn from(kind: HttpErrorKind) -> Self {
        Self::new(kind)
    }
}
