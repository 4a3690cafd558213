//! How the crate asks a server, and how it lets work go on in the background.
//!
//! Nothing here opens a connection: the doors do, or an adapter of the user's.

mod address_scope;
mod call;
mod endpoint;

pub use address_scope::AddressScope;
pub use call::BodyLimit;
pub use call::HttpRequest;
pub use call::HttpResponse;
pub use endpoint::Endpoint;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::error::Cause;
use crate::error::kinds;
use crate::now_or_later::NowOrLater;

/// Sends one request and reads the whole answer.
///
/// An implementation must
///
/// - follow no redirect: a 3xx answer is an answer;
/// - connect only to addresses that [`HttpRequest::reach`] permits, asked of the address that the
///   connection is made to, after the name is resolved;
/// - give up within [`HttpRequest::deadline`], and on connecting within
///   [`HttpRequest::connect_deadline`];
/// - count the body while it is read, with [`BodyLimit`], and not decompress it;
/// - verify the server's certificate.
///
/// What comes back is untrusted, whoever sent it.
pub trait HttpClient: fmt::Debug + Send + Sync {
    /// Sends the request, when the answer is first polled.
    ///
    /// # Errors
    ///
    /// An [`HttpError`] unless a status and a whole body were read. Every status is an answer.
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>>;
}

const _: Option<&dyn HttpClient> = None;

impl<C: HttpClient + ?Sized> HttpClient for Arc<C> {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        (**self).send(request)
    }
}

/// Lets work go on in the background.
pub trait Spawn: fmt::Debug + Send + Sync {
    /// Drives the task to its end, independent of the caller.
    ///
    /// A task that cannot be driven must be dropped: whoever waits for it learns of that.
    fn spawn(&self, task: NowOrLater<'static, ()>);
}

const _: Option<&dyn Spawn> = None;

impl<S: Spawn + ?Sized> Spawn for Arc<S> {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        (**self).spawn(task);
    }
}

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
