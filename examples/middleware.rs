//! A service on axum with its own middleware: `validate()` is called by hand, and a rejection
//! becomes the response.
//!
//! ```text
//! cargo run --example middleware             # serves on 127.0.0.1:3000
//! cargo run --example middleware -- --demo   # sends itself requests and ends
//! ```

mod minting;

use std::error::Error;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::http::header;
use axum::middleware::Next;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use bearergate::clock::{Clock, SystemClock};
use bearergate::credential::Sources;
use bearergate::http_response::ResponseConfig;
use bearergate::key::{Key, KeySet};
use bearergate::request::RequestFacts;
use bearergate::{JwtValidator, Principal, Rejection, TokenValidator};
use serde_json::json;
use tokio::net::TcpListener;

use minting::Issuer;

const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://hello.example.com";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let issuer = Issuer::new().map_err(|_| "no random numbers")?;
    let app = app(Judge::new(&issuer)?);
    let token = fresh_token(&issuer)?;
    if std::env::args().any(|argument| argument == "--demo") {
        return demo(app, token).await;
    }
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let url = format!("http://{}/hello", listener.local_addr()?);
    writeln!(
        io::stdout(),
        "curl -i -H 'Authorization: Bearer {token}' {url}"
    )?;
    axum::serve(listener, app).await?;
    Ok(ExitCode::SUCCESS)
}

/// Everything that judges a request, made once.
struct Judge {
    sources: Sources,
    validator: JwtValidator,
    challenge: ResponseConfig,
}

impl Judge {
    fn new(issuer: &Issuer) -> Result<Arc<Self>, Box<dyn Error>> {
        let validator = JwtValidator::builder()
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .keys(KeySet::from(Key::from_jwk(issuer.jwk().to_string())?))
            .build()?;
        Ok(Arc::new(Self {
            sources: Sources::default(),
            validator,
            challenge: ResponseConfig::builder().realm("hello").build()?,
        }))
    }

    async fn judge(&self, facts: &RequestFacts<'_>) -> Result<Principal, Rejection> {
        let presented = self.sources.extract(facts)?;
        self.validator.validate(&presented).await
    }
}

fn app(judge: Arc<Judge>) -> Router {
    Router::new()
        .route("/hello", get(hello))
        .layer(from_fn_with_state(judge, authenticate))
}

async fn hello(Extension(principal): Extension<Principal>) -> String {
    format!("hello, {}\n", principal.subject().unwrap_or("stranger"))
}

/// The middleware: only if the request's token is good does the service see the request.
async fn authenticate(State(judge): State<Arc<Judge>>, request: Request, next: Next) -> Response {
    // The body is neither needed nor shared between threads while the judge may wait.
    let (mut parts, body) = request.into_parts();
    // Whatever logs headers further in shows no token.
    for (name, value) in &mut parts.headers {
        if name == header::AUTHORIZATION {
            value.set_sensitive(true);
        }
    }
    match judge.judge(&RequestFacts::from(&parts)).await {
        Ok(principal) => {
            parts.extensions.insert(principal);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(rejection) => judge
            .challenge
            .respond_to(rejection)
            .into_response::<Body>(),
    }
}

fn fresh_token(issuer: &Issuer) -> Result<String, Box<dyn Error>> {
    let now = SystemClock::default()
        .now()
        .ok_or("the clock stands before 1970")?;
    let token = issuer.token(&json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice",
        "iat": now.as_secs(), "exp": now.as_secs() + 3_600,
    }));
    Ok(token.map_err(|_| "no signature")?)
}

async fn demo(app: Router, token: String) -> Result<ExitCode, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async { axum::serve(listener, app).await });
    let is_right = tokio::task::spawn_blocking(move || send_all(address, &token)).await??;
    server.abort();
    Ok(if is_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Sends three requests, prints the answers, returns true only if they are the right ones.
fn send_all(address: SocketAddr, token: &str) -> io::Result<bool> {
    let requests = [
        (
            "a good token",
            Some(token.to_owned()),
            "HTTP/1.1 200 OK",
            None,
        ),
        (
            "no token",
            None,
            "HTTP/1.1 401 Unauthorized",
            Some(r#"www-authenticate: Bearer realm="hello""#),
        ),
        (
            "a tampered token",
            Some(tampered(token)),
            "HTTP/1.1 401 Unauthorized",
            Some(INVALID_TOKEN),
        ),
    ];
    let mut out = io::stdout().lock();
    let mut is_right = true;
    for (name, token, status, challenge) in requests {
        let answer = send(address, token.as_deref())?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let line = |start: &str| head.lines().find(|line| line.starts_with(start));
        let (status_line, challenge_line) = (line("HTTP/"), line("www-authenticate:"));
        is_right &= status_line == Some(status) && challenge_line == challenge;
        writeln!(out, "{name}: {}", status_line.unwrap_or_default())?;
        let rest = challenge_line.unwrap_or(body).trim_end();
        writeln!(out, "    {rest}")?;
    }
    Ok(is_right)
}

const INVALID_TOKEN: &str = "www-authenticate: Bearer realm=\"hello\", error=\"invalid_token\", \
     error_description=\"the credential is not accepted\"";

fn send(address: SocketAddr, token: Option<&str>) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET /hello HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n"
    )?;
    if let Some(token) = token {
        write!(stream, "authorization: Bearer {token}\r\n")?;
    }
    write!(stream, "\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Changes one bit of the signature.
fn tampered(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap_or_default();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!(
        "{message}.{first}{}",
        signature.get(1..).unwrap_or_default()
    )
}
