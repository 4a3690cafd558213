//! The interface of HTTP clients.

use std::fmt;
use std::sync::Arc;

use super::HttpError;
use super::call::{HttpRequest, HttpResponse};
use crate::now_or_later::NowOrLater;

/// An HTTP client that sends one request and reads the whole response.
///
/// [`integrations::reqwest`](crate::integrations) has one. Implement the trait to use another HTTP
/// library.
///
/// Contract: return a response only if its status and its whole body were received from the
/// requested endpoint. An implementation must
///
/// - send the headers of the request, and no other `User-Agent` or `Accept-Encoding`;
/// - follow no redirect: a 3xx response is a response;
/// - connect only to addresses that [`HttpRequest::address_scope`] permits, and check the address
///   that the connection is made to, after the name is resolved;
/// - stop after [`HttpRequest::deadline`], and stop connecting after
///   [`HttpRequest::connect_deadline`];
/// - count the body with [`BodyLimit`](crate::http_client::BodyLimit) while it is read, and not
///   decompress it;
/// - verify the server's certificate;
/// - send nothing before the returned future is first polled.
///
/// The response is untrusted, even from a trusted server.
///
/// ```
/// use bearergate::NowOrLater;
/// use bearergate::http_client::{HttpClient, HttpError, HttpRequest, HttpResponse};
/// use http::{HeaderMap, StatusCode};
///
/// /// Answers every request with one document, for tests.
/// #[derive(Debug)]
/// struct FixedDocument(&'static str);
///
/// impl HttpClient for FixedDocument {
///     fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
///         NowOrLater::later(async move {
///             let mut body = request.body_limit();
///             body.push(self.0.as_bytes())?;
///             Ok(HttpResponse::new(StatusCode::OK, HeaderMap::new(), body.finish()))
///         })
///     }
/// }
/// ```
pub trait HttpClient: fmt::Debug + Send + Sync {
    /// Sends the request when the returned future is first polled, and reads the response.
    ///
    /// # Errors
    ///
    /// An [`HttpError`] unless a status and a whole body were read. Every status is a response, not
    /// an error.
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>>;
}

const _: Option<&dyn HttpClient> = None;

impl<C: HttpClient + ?Sized> HttpClient for Arc<C> {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        (**self).send(request)
    }
}
