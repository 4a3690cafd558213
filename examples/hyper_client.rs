//! A custom HTTP client: keys fetched with hyper, without the feature `reqwest`.
//!
//! `cargo run --example hyper_client --features tokio,testing` starts a provider on this machine,
//! fetches its keys with the client below, and validates a good and a forged token.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::io;
use std::sync::Arc;

use bearergate::credential::PresentedCredential;
use bearergate::environment::Environment;
use bearergate::http_client::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::key::FetchedKeys;
use bearergate::testing::{FakeIssuer, FakeKey};
use bearergate::{JwtValidator, NowOrLater, TokenValidator};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// An HTTP client that opens a connection for each request.
#[derive(Debug)]
struct Hyper(Arc<ClientConfig>);

impl HttpClient for Hyper {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        NowOrLater::later(async move {
            let response = tokio::time::timeout(request.deadline(), self.exchange(&request)).await;
            response.map_err(|_| HttpErrorKind::Deadline)?
        })
    }
}

impl Hyper {
    fn new() -> Result<Self, Box<dyn Error>> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let connecting = tokio::time::timeout(request.connect_deadline(), connect(request));
        let stream = connecting.await.map_err(|_| HttpErrorKind::Connect)??;
        if request.endpoint().uri().scheme_str() == Some("http") {
            return converse(request, TokioIo::new(stream)).await;
        }
        let name = ServerName::try_from(request.endpoint().host().to_owned());
        let name = name.map_err(|_| HttpErrorKind::Forbidden)?;
        let tls = TlsConnector::from(Arc::clone(&self.0));
        let tls = tls.connect(name, stream).await;
        converse(
            request,
            TokioIo::new(tls.map_err(with_source(HttpErrorKind::Connect))?),
        )
        .await
    }
}

/// Connects to an address that the request permits; it is checked after the name is resolved.
async fn connect(request: &HttpRequest) -> Result<TcpStream, HttpError> {
    let uri = request.endpoint().uri();
    let default_port = if uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    let target = (
        request.endpoint().host(),
        uri.port_u16().unwrap_or(default_port),
    );
    let found = tokio::net::lookup_host(target).await;
    let found = found.map_err(with_source(HttpErrorKind::Connect))?;
    let mut failure = HttpError::new(HttpErrorKind::Forbidden);
    for address in found.filter(|address| request.address_scope().permits(address.ip())) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = with_source(HttpErrorKind::Connect)(error),
        }
    }
    Err(failure)
}

async fn converse<S>(request: &HttpRequest, stream: S) -> Result<HttpResponse, HttpError>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let broken = |_| HttpError::new(HttpErrorKind::Broken);
    let (mut sender, connection) = handshake(stream).await.map_err(broken)?;
    tokio::spawn(connection);
    let response = sender
        .send_request(to_hyper(request)?)
        .await
        .map_err(broken)?;
    let (head, body) = response.into_parts();
    Ok(HttpResponse::new(
        head.status,
        head.headers,
        read(request, body).await?,
    ))
}

fn to_hyper(request: &HttpRequest) -> Result<http::Request<Full<Bytes>>, HttpError> {
    let uri = request.endpoint().uri();
    let body = Full::from(request.body().expose().to_vec());
    let mut converted = http::Request::new(body);
    *converted.method_mut() = request.method().clone();
    *converted.headers_mut() = request.headers().clone();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *converted.uri_mut() = path.parse().map_err(|_| HttpErrorKind::Forbidden)?;
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let host = host.parse().map_err(|_| HttpErrorKind::Forbidden)?;
    converted.headers_mut().insert(http::header::HOST, host);
    Ok(converted)
}

/// Reads the body, and fails as soon as it is too long.
async fn read(request: &HttpRequest, mut body: Incoming) -> Result<Vec<u8>, HttpError> {
    let mut limit = request.body_limit();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| HttpErrorKind::Broken)?;
        if let Some(part) = frame.data_ref() {
            limit.push(part)?;
        }
    }
    Ok(limit.finish())
}

fn with_source(kind: HttpErrorKind) -> impl Fn(io::Error) -> HttpError {
    move |error| HttpError::new(kind).with_source(error)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    const AUDIENCE: &str = "https://api.example.com";
    let idp = FakeIssuer::start()?;
    let environment = Environment::new()
        .http_client(Hyper::new()?)
        .spawner(TokioSpawner::new());
    let keys = FetchedKeys::discover(idp.url()).env(&environment).build()?;
    let validator = JwtValidator::builder()
        .issuer(idp.url())
        .audience(AUDIENCE)
        .key_store(Arc::new(keys))
        .build()?;
    let good = idp.token(AUDIENCE).subject("alice").sign();
    let forged = idp
        .token(AUDIENCE)
        .forged_by(&FakeKey::es256("another"))
        .sign();
    for token in [good, forged] {
        let presented = PresentedCredential::bearer(&token)?;
        match validator.validate(&presented).await {
            Ok(principal) => println!("accepted: {:?}", principal.subject()),
            Err(rejection) => println!("refused: {rejection}"),
        }
    }
    println!("requests to the provider: {}", idp.total());
    Ok(())
}
