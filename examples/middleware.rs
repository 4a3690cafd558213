//! A service on axum whose middleware calls `validate()` itself, without a `Gate`.
//!
//! ```text
//! cargo run --example middleware             # serves on 127.0.0.1:3000
//! cargo run --example middleware -- --demo   # sends itself requests and ends
//! ```
//!
//! The exit code of the demo is 0 only if every request has the expected response.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::{env, io};

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use bearergate::clock::{Clock, SystemClock};
use bearergate::credential::Sources;
use bearergate::crypto::Algorithm;
use bearergate::http_response::ResponseConfig;
use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
use bearergate::request::RequestFacts;
use bearergate::{JwtValidator, Principal, Rejection, TokenValidator};
use tokio::net::TcpListener;
use tower::ServiceExt;

const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://hello.example.com";

/// What the middleware needs for every request, made once.
struct Authentication {
    sources: Sources,
    validator: JwtValidator,
    responses: ResponseConfig,
}

impl Authentication {
    async fn caller(&self, facts: &RequestFacts<'_>) -> Result<Principal, Rejection> {
        let presented = self.sources.extract(facts)?;
        self.validator.validate(&presented).await
    }
}

/// Calls the handler only if the token of the request is valid.
async fn authenticate(
    State(authentication): State<Arc<Authentication>>,
    request: Request,
    next: Next,
) -> Response {
    // The body is not needed, and it cannot be shared between threads while the validator waits.
    let (mut parts, body) = request.into_parts();
    // Handlers that log the headers do not show the token.
    if let Some(value) = parts.headers.get_mut(AUTHORIZATION) {
        value.set_sensitive(true);
    }
    match authentication.caller(&RequestFacts::from(&parts)).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(rejection) => {
            let refusal = authentication.responses.respond_to(rejection);
            refusal.into_response()
        }
    }
}

async fn hello(Extension(caller): Extension<Principal>) -> String {
    format!("hello, {}\n", caller.subject().unwrap_or("stranger"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let now = SystemClock::default()
        .now()
        .ok_or("the clock is before 1970")?;
    let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
    let issuer = JwtIssuer::builder(ISSUER, keys).build()?;
    let authentication = Authentication {
        sources: Sources::default(),
        validator: JwtValidator::builder()
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .key_store(Arc::new(issuer.clone()))
            .build()?,
        responses: ResponseConfig::builder().realm("hello").build()?,
    };
    let app = Router::new()
        .route("/hello", get(hello))
        .layer(from_fn_with_state(Arc::new(authentication), authenticate));
    let token = issuer.mint(&AccessClaims::new("alice", "shop", AUDIENCE))?;
    let authorization = format!("Bearer {}", token.expose());
    if env::args().any(|argument| argument == "--demo") {
        return demo(app, &authorization).await;
    }
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let url = format!("http://{}/hello", listener.local_addr()?);
    writeln!(
        io::stdout(),
        "curl -i -H 'Authorization: {authorization}' {url}"
    )?;
    axum::serve(listener, app).await?;
    Ok(())
}

/// Sends three requests in process and compares the responses with the expected ones.
async fn demo(app: Router, authorization: &str) -> Result<(), Box<dyn Error>> {
    let changed = authorization.replace("Bearer e", "Bearer f");
    let missing = r#"Bearer realm="hello""#;
    for (name, authorization, expected) in [
        ("valid token", Some(authorization), (200, "")),
        ("no token", None, (401, missing)),
        ("changed token", Some(&*changed), (401, INVALID_TOKEN)),
    ] {
        let mut request = Request::get("/hello");
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let response = app.clone().oneshot(request.body(Body::empty())?).await?;
        let challenge = response.headers().get(WWW_AUTHENTICATE);
        let challenge = challenge.map_or(Ok(""), |value| value.to_str())?;
        let found = (response.status().as_u16(), challenge);
        writeln!(io::stdout(), "{name}: {} {challenge}", found.0)?;
        if found != expected {
            return Err(format!("{name}: expected {expected:?}, found {found:?}").into());
        }
    }
    Ok(())
}

const INVALID_TOKEN: &str = "Bearer realm=\"hello\", error=\"invalid_token\", \
     error_description=\"the credential is not accepted\"";
