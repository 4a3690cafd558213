//! A client on `reqwest`.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use reqwest::redirect::Policy;

use super::resolve::Resolver;
use super::{resolve, tls};
use crate::error::ConfigError;
use crate::http_client::{
    AddressScope, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
};
use crate::limits;
use crate::now_or_later::NowOrLater;

/// An [`HttpClient`] on `reqwest`; cheap to clone, and clones share connections.
///
/// It follows no redirect, decompresses nothing, stores no cookies, and reads no proxy from the
/// environment. It keeps both deadlines of each request; connecting includes the TLS handshake.
/// Certificates are always verified, against the roots of the system and those of
/// [`ClientBuilder::root_certificates`]. Names are resolved by the system, and connections are made
/// only to addresses that the request [permits](AddressScope).
///
/// ```
/// use bearergate::integrations::reqwest::Client;
///
/// let client = Client::new()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What clones of a client share.
struct Shared {
    tls: rustls::ClientConfig,
    proxy: Option<reqwest::Proxy>,
    /// One client for each scope and connect deadline that was used, because `reqwest` has both as
    /// settings of a client.
    clients: Mutex<Vec<(Variant, reqwest::Client)>>,
}

type Variant = (AddressScope, Duration);

/// Most clients that are kept. A service has one or two connect deadlines.
const KEPT_CLIENTS: usize = 32;

impl Client {
    /// Makes a client that trusts the root certificates of the system.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if TLS cannot be set up.
    pub fn new() -> Result<Self, ConfigError> {
        Self::builder().build()
    }

    /// Returns a builder, for a private CA or a proxy.
    ///
    /// Without a change, it builds the client of [`Client::new`].
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (scope, host) = (request.address_scope(), request.endpoint().address());
        if host.is_some_and(|address| !scope.permits(address)) {
            return Err(HttpErrorKind::Forbidden.into());
        }
        let mut body = request.body_limit();
        let client = self.0.client((scope, request.set_connect_deadline()))?;
        let sent = client.execute(to_reqwest(&request)?).await;
        let mut response = sent.map_err(to_http_error)?;
        while let Some(part) = response.chunk().await.map_err(to_http_error)? {
            body.push(&part)?;
        }
        let headers = std::mem::take(response.headers_mut());
        Ok(HttpResponse::new(response.status(), headers, body.finish()))
    }
}

impl Shared {
    /// Returns the client for a scope and a connect deadline.
    fn client(&self, variant: Variant) -> Result<reqwest::Client, HttpError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(own, _)| *own == variant) {
            return Ok(client.clone());
        }
        let client = self.build(variant);
        let client = client.map_err(|e| HttpError::new(HttpErrorKind::Connect).with_source(e))?;
        if clients.len() < KEPT_CLIENTS {
            clients.push((variant, client.clone()));
        }
        Ok(client)
    }

    fn build(&self, (scope, connect_deadline): Variant) -> reqwest::Result<reqwest::Client> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(connect_deadline)
            .dns_resolver(Resolver(scope));
        match &self.proxy {
            Some(proxy) if scope == AddressScope::Any => client.proxy(proxy.clone()),
            _ => client,
        }
        .build()
    }
}

impl HttpClient for Client {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        NowOrLater::later(self.exchange(request))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

fn to_reqwest(request: &HttpRequest) -> Result<reqwest::Request, HttpError> {
    let url = request.endpoint().uri().to_string();
    let url = reqwest::Url::parse(&url).map_err(|_| HttpErrorKind::Forbidden)?;
    // If two parsers read the URL differently, the request must not go to a third host.
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_same = host.eq_ignore_ascii_case(request.endpoint().host());
    if !is_same && host.parse().ok() != request.endpoint().address() {
        return Err(HttpErrorKind::Forbidden.into());
    }
    let mut converted = reqwest::Request::new(request.method().clone(), url);
    *converted.headers_mut() = HeaderMap::clone(request.headers());
    *converted.timeout_mut() = Some(request.deadline());
    let body = request.body().expose();
    if !body.is_empty() {
        *converted.body_mut() = Some(body.to_vec().into());
    }
    Ok(converted)
}

/// Converts an error, without its URL, which may have a query.
fn to_http_error(error: reqwest::Error) -> HttpError {
    let kind = if resolve::is_forbidden(&error) {
        HttpErrorKind::Forbidden
    } else if error.is_connect() && error.is_timeout() {
        HttpErrorKind::ConnectDeadline
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_timeout() {
        HttpErrorKind::Deadline
    } else {
        HttpErrorKind::Broken
    };
    let cause: Box<dyn Error + Send + Sync> = error.without_url().into();
    HttpError::new(kind).with_source(cause)
}

/// A builder for [`Client`].
///
/// [`Client::builder`] makes it. By default the client trusts the root certificates of the system
/// and uses no proxy.
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    roots: Vec<Vec<u8>>,
    private_roots_only: bool,
    proxy: Option<String>,
}

impl ClientBuilder {
    /// Adds the root certificates of a private CA, as PEM text.
    ///
    /// A server is trusted if its certificate was issued by one of them, for every host.
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.push(pem.as_ref().to_vec());
        self
    }

    /// Trusts only the [given certificates](Self::root_certificates), not those of the system.
    ///
    /// Without a given certificate [`build`](Self::build) returns an error.
    pub fn without_system_roots(mut self) -> Self {
        self.private_roots_only = true;
        self
    }

    /// Sends requests to configured hosts through the proxy at this URL.
    ///
    /// Requests to this machine, to hosts without TLS, and to hosts that only a document names, do not
    /// use it, because with a proxy the client cannot check the address of the connection.
    pub fn proxy(mut self, url: &str) -> Self {
        self.proxy = Some(url.to_owned());
        self
    }

    /// Builds the client. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for certificates or a
    /// proxy URL that cannot be read, [`Empty`](crate::error::ConfigErrorKind::Empty) if no
    /// certificate is trusted at all.
    pub fn build(self) -> Result<Client, ConfigError> {
        let tls = tls::config(&self.roots, self.private_roots_only)?;
        let proxy = self.proxy.as_deref().map(reqwest::Proxy::all).transpose();
        let proxy = proxy.map_err(|_| {
            ConfigError::malformed(
                "proxy",
                "expected a URL; write it like `http://proxy.example.com:3128`",
            )
        })?;
        let shared = Shared {
            tls,
            proxy,
            clients: Mutex::default(),
        };
        let usual = (AddressScope::Any, limits::HTTP_CONNECT_DEADLINE);
        let client = shared.build(usual).map_err(|error| {
            let detail = "TLS cannot be set up; see the source of this error";
            ConfigError::malformed("client", detail).with_source(error)
        })?;
        let clients = Mutex::new(vec![(usual, client)]);
        Ok(Client(Arc::new(Shared { clients, ..shared })))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::http_client::Endpoint;

    async fn kind(endpoint: Endpoint) -> HttpErrorKind {
        let client = Client::new().unwrap();
        let response = client.send(HttpRequest::get(endpoint)).await;
        response.unwrap_err().kind()
    }

    /// A port of this machine that no process listens on.
    fn closed_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    }

    #[tokio::test]
    async fn a_learnt_name_is_checked_by_the_address_that_it_resolves_to() {
        let url = format!("https://localhost:{}/jwks", closed_port());
        let document = Endpoint::parse("https://idp.example.com").unwrap();
        let learnt = document.learn(&url, &[], &[]).unwrap();
        assert_eq!(kind(learnt).await, HttpErrorKind::Forbidden);
        let configured = Endpoint::parse(&url).unwrap();
        assert_eq!(kind(configured).await, HttpErrorKind::Connect);
        let listed = document.learn(&url, &["localhost".into()], &[]).unwrap();
        assert_eq!(kind(listed).await, HttpErrorKind::Connect);
    }

    #[tokio::test]
    async fn an_error_shows_no_query() {
        let url = format!("http://127.0.0.1:{}/jwks?key=s3cret", closed_port());
        let client = Client::new().unwrap();
        let request = HttpRequest::get(Endpoint::parse(&url).unwrap());
        let error = client.send(request).await.unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
}
