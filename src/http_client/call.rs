//! HTTP requests, and their responses.

use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::address_scope::AddressScope;
use super::endpoint::Endpoint;
use super::{HttpError, HttpErrorKind};
use crate::limits;
use crate::secret::Secret;

/// A request to send, with its limits: deadlines, response size, and permitted addresses.
///
/// An [`HttpClient`](crate::http_client::HttpClient) gets it and must keep each limit. `Debug`
/// shows neither header values nor body.
///
/// ```
/// use bearergate::http_client::{Endpoint, HttpRequest};
///
/// let keys = Endpoint::parse("https://idp.example.com/jwks")?;
/// let request = HttpRequest::get(keys).with_max_body(50 * 1024);
/// assert_eq!(request.endpoint().uri().path(), "/jwks");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub struct HttpRequest {
    endpoint: Endpoint,
    method: Method,
    headers: HeaderMap,
    body: Secret,
    address_scope: AddressScope,
    max_body: usize,
    deadline: Duration,
    connect_deadline: Duration,
}

impl HttpRequest {
    /// Makes a GET request.
    ///
    /// Its headers are `User-Agent: bearergate/<version>` and `Accept-Encoding: identity`. Its limits
    /// are a response body of 256 KiB, 3 seconds in total, and the [`AddressScope`] of the endpoint.
    pub fn get(endpoint: Endpoint) -> Self {
        Self::new(endpoint, Method::GET, Secret::new(Vec::new()))
    }

    /// Makes a POST request with a form that is already encoded as
    /// `application/x-www-form-urlencoded`. The form is treated as a secret.
    pub fn post_form(endpoint: Endpoint, form: Secret) -> Self {
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        Self::new(endpoint, Method::POST, form).with_header(http::header::CONTENT_TYPE, form_type)
    }

    fn new(endpoint: Endpoint, method: Method, body: Secret) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(OWN_USER_AGENT));
        // A client does not decompress, so a coded answer could not be read.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Self {
            address_scope: endpoint.address_scope(),
            endpoint,
            method,
            headers,
            body,
            max_body: limits::JWKS_BYTES,
            deadline: limits::HTTP_DEADLINE,
            connect_deadline: limits::HTTP_CONNECT_DEADLINE,
        }
    }

    /// Sets a header, in place of an earlier value. Mark a secret value with
    /// [`HeaderValue::set_sensitive`].
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the size limit for the body of the response in bytes; by default it is 256 KiB. A longer
    /// body is [`TooLarge`](HttpErrorKind::TooLarge).
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets the time limit for connecting, sending and reading together; by default it is 3 seconds.
    ///
    /// A response that takes longer is [`Deadline`](HttpErrorKind::Deadline). A request for a token
    /// may wait as long as this.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the time limit for connecting; by default it is 1 second. It counts at most up to the
    /// [limit for the whole call](Self::with_deadline).
    ///
    /// A connection that takes longer is [`ConnectDeadline`](HttpErrorKind::ConnectDeadline).
    #[must_use]
    pub fn with_connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = deadline;
        self
    }

    /// Returns the URL to which the request goes.
    ///
    /// The client must send the request to no other URL, also not after a redirect.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the HTTP method.
    ///
    /// It is GET from [`get`](Self::get) and POST from [`post_form`](Self::post_form).
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the headers to send. The client adds `Host` and the headers of the transport.
    ///
    /// They may contain credentials; such values are [sensitive](HeaderValue::is_sensitive) and
    /// must not be logged.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body, which may contain credentials; empty for a GET request.
    ///
    /// For a POST request it is a form in `application/x-www-form-urlencoded`. It must not be
    /// logged.
    pub fn body(&self) -> &Secret {
        &self.body
    }

    /// Returns the addresses to which the connection may be made. The client must check the address
    /// after it has resolved the name.
    pub fn address_scope(&self) -> AddressScope {
        self.address_scope
    }

    /// Returns a collector for the body of the response that keeps the size limit.
    ///
    /// The client adds each part as it is read. It must stop when a part is refused, so that a
    /// server cannot fill the memory.
    pub fn body_limit(&self) -> BodyLimit {
        BodyLimit::new(self.max_body)
    }

    /// Returns the time limit for connecting, sending and reading together.
    ///
    /// The client must stop after this time with [`Deadline`](HttpErrorKind::Deadline).
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Returns the time limit for connecting, which is never longer than
    /// [`deadline`](Self::deadline).
    pub fn connect_deadline(&self) -> Duration {
        self.connect_deadline.min(self.deadline)
    }

    /// Returns the time limit for connecting as it was set, so that a client has few of them.
    #[cfg(feature = "reqwest")]
    pub(crate) fn set_connect_deadline(&self) -> Duration {
        self.connect_deadline
    }
}

/// The `User-Agent` of requests (RFC 9110 section 10.1.5), unless another is configured.
pub(super) const OWN_USER_AGENT: &str = concat!("bearergate/", env!("CARGO_PKG_VERSION"));

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("endpoint", &self.endpoint)
            .field("headers", &names(&self.headers))
            .field("address_scope", &self.address_scope)
            .finish_non_exhaustive()
    }
}

/// Returns the names only: `Debug` of the map's own keys shows values.
fn names(headers: &HeaderMap) -> Vec<&str> {
    headers.keys().map(HeaderName::as_str).collect()
}

/// A response that was read to its end.
///
/// Everything in it is untrusted. `Debug` shows neither header values nor body.
pub struct HttpResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl HttpResponse {
    /// Makes a response of a status, headers and a whole body.
    ///
    /// Nothing is checked. An [`HttpClient`](crate::http_client::HttpClient) makes a response only
    /// when the body was read to its end and is within [`HttpRequest::body_limit`].
    pub fn new(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// Returns the status. Every status is possible, also a redirect.
    ///
    /// A redirect is not followed; only its receiver decides whether a status is a failure.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers of the response.
    ///
    /// They are untrusted, and may contain a cookie or another secret of the server.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the whole body, as it was sent: nothing was decompressed.
    ///
    /// It is untrusted, and its content type is not checked.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body only if the response has no content coding (RFC 9110 section 8.4).
    pub(crate) fn plain_body(&self) -> Result<&[u8], ContentCoding> {
        let codings = self.headers.get_all(CONTENT_ENCODING).iter();
        let is_identity = |value: &&HeaderValue| {
            let mut codings = value.as_bytes().split(|b| *b == b',');
            codings.all(|coding| {
                let coding = coding.trim_ascii();
                coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
            })
        };
        let mut others = codings.skip_while(is_identity);
        match others.next() {
            None => Ok(&self.body),
            Some(value) => {
                let shown: String = value.to_str().unwrap_or("?").chars().take(64).collect();
                Err(ContentCoding(shown.into()))
            }
        }
    }
}

/// A response has a content coding although the request asks for none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`Content-Encoding` is {0:?}, although the request asked for `identity`")]
pub(crate) struct ContentCoding(Box<str>);

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &names(&self.headers))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

/// A collector for a body, which fails as soon as the body is too long.
///
/// [`HttpClient`](crate::http_client::HttpClient)s use it so that a server cannot fill the memory.
///
/// ```
/// use bearergate::http_client::BodyLimit;
///
/// let mut body = BodyLimit::new(4);
/// assert!(body.push(b"four").is_ok());
/// assert!(body.push(b"!").is_err());
/// ```
#[derive(Debug)]
pub struct BodyLimit {
    body: Vec<u8>,
    max: usize,
}

impl BodyLimit {
    /// Makes an empty collector for at most `max` bytes.
    ///
    /// [`HttpRequest::body_limit`] makes one with the limit of the request.
    pub const fn new(max: usize) -> Self {
        Self {
            body: Vec::new(),
            max,
        }
    }

    /// Adds a part that was read.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](HttpErrorKind::TooLarge) if the body would be longer than the limit.
    pub fn push(&mut self, part: &[u8]) -> Result<(), HttpError> {
        if part.len() > self.max.saturating_sub(self.body.len()) {
            return Err(HttpErrorKind::TooLarge.into());
        }
        self.body.extend_from_slice(part);
        Ok(())
    }

    /// Returns the body that was collected.
    ///
    /// Call it only when the response has ended: the collector cannot know whether the body is
    /// whole.
    pub fn finish(self) -> Vec<u8> {
        self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::parse("https://idp.example.com/jwks?token=s3cret").unwrap()
    }

    #[test]
    fn a_body_of_the_limit_passes_and_one_byte_more_does_not() {
        let mut body = BodyLimit::new(3);
        assert!(body.push(b"ab").is_ok());
        assert!(body.push(b"c").is_ok());
        let refused = body.push(b"d").unwrap_err();
        assert_eq!(refused.kind(), HttpErrorKind::TooLarge);
        assert_eq!(body.finish(), b"abc");
    }

    #[test]
    fn debug_shows_no_body_no_header_value_and_no_query() {
        let value = HeaderValue::from_static("Bearer s3cret");
        let request = HttpRequest::post_form(endpoint(), "client_secret=s3cret".to_owned().into())
            .with_header(http::header::AUTHORIZATION, value);
        assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
        let response = HttpResponse::new(
            StatusCode::OK,
            request.headers().clone(),
            b"s3cret".to_vec(),
        );
        assert!(!format!("{response:?}").contains("s3cret"));
    }

    #[test]
    fn every_request_has_a_user_agent_and_asks_for_no_coding() {
        let form = HttpRequest::post_form(endpoint(), Secret::new(Vec::new()));
        for request in [HttpRequest::get(endpoint()), form] {
            let header = |name| request.headers().get(name).unwrap().to_str().unwrap();
            let version = env!("CARGO_PKG_VERSION");
            assert_eq!(header(USER_AGENT), format!("bearergate/{version}"));
            assert_eq!(header(ACCEPT_ENCODING), "identity");
        }
    }

    #[test]
    fn the_body_of_a_coded_response_is_not_read() {
        let plain = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
            }
            let response = HttpResponse::new(StatusCode::OK, headers, b"{}".to_vec());
            response.plain_body().map(<[u8]>::to_vec)
        };
        for values in [
            &[][..],
            &["identity"],
            &["Identity"],
            &[""],
            &["identity, identity"],
        ] {
            assert_eq!(plain(values), Ok(b"{}".to_vec()), "{values:?}");
        }
        for values in [
            &["gzip"][..],
            &["br"],
            &["identity, gzip"],
            &["identity", "x"],
            &["*"],
        ] {
            let shown = values.last().copied().unwrap_or_default();
            assert_eq!(
                plain(values),
                Err(ContentCoding(shown.into())),
                "{values:?}"
            );
        }
    }

    #[test]
    fn connecting_never_takes_longer_than_the_whole_call() {
        let request = HttpRequest::get(endpoint());
        assert_eq!(request.connect_deadline(), limits::HTTP_CONNECT_DEADLINE);
        let short = request.with_deadline(Duration::from_millis(10));
        assert_eq!(short.connect_deadline(), Duration::from_millis(10));
    }
}
