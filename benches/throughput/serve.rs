//! The server, and one request to each of its routes.

use std::error::Error;
use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bearergate::gate::Admitted;
use bearergate::testing::{FakeIssuer, FakeKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::gates::Gates;
use crate::options::{Options, USAGE};
use crate::tls::Peer;
use crate::{service, whoami};

type Outcome<T> = Result<T, Box<dyn Error>>;

const AUDIENCE: &str = "https://api.example.com";

#[tokio::main]
pub(crate) async fn run() -> Outcome<()> {
    let idp = FakeIssuer::builder().key(FakeKey::rs256("rsa-1")).start()?;
    let token = idp.token(AUDIENCE).scope("orders:read orders:write");
    let token = token.expires_in(Duration::from_secs(86_400)).sign();
    let options = options(&idp)?;
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let gates = Arc::new(Gates::new(&options)?);
    let app = service::routes(Arc::clone(&gates)).merge(open(&gates, &token).await?);
    let app = app.into_make_service_with_connect_info::<Peer>();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    for path in ["/open", "/whoami"] {
        ask(address, path, &token).await?;
    }
    if std::env::args().any(|argument| argument == "--serve") {
        writeln!(io::stdout(), "ready {address} {token}")?;
        io::stdout().flush()?;
        server.await??;
    }
    Ok(())
}

fn options(idp: &FakeIssuer) -> Outcome<Options> {
    let arguments = ["--listen", "127.0.0.1:0", "--allow-http-loopback"];
    let given = ["--issuer", idp.url(), "--audience", AUDIENCE];
    let arguments = arguments.into_iter().chain(given).map(str::to_owned);
    Options::read(arguments).map_err(|error| format!("{error}\n\n{USAGE}").into())
}

/// Returns the open route, after the gate has admitted this token and so has cached it.
async fn open(gates: &Gates, token: &str) -> Outcome<Router> {
    let request = Request::builder().header("authorization", format!("Bearer {token}"));
    let (parts, ()) = request.body(())?.into_parts();
    let admitted = gates.authenticated.check(&parts).await;
    let admitted = admitted.map_err(|refusal| refusal.kind().as_str())?;
    Ok(Router::new()
        .route("/open", get(show))
        .layer(DefaultBodyLimit::max(service::BODY_BYTES))
        .with_state(Arc::new(admitted)))
}

/// The handler of the example, without the check.
async fn show(State(admitted): State<Arc<Admitted>>, request: Request) -> Response {
    let (_parts, _) = request.into_parts();
    match whoami::whoami(&admitted) {
        Ok(body) => service::json(body),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn ask(address: SocketAddr, path: &str, token: &str) -> Outcome<()> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n");
    let head = format!("{head}authorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    match answer.starts_with("HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(format!("{path} answered {:?}", answer.lines().next()).into()),
    }
}
