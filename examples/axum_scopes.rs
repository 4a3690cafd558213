//! An axum service with a scope for each route.
//!
//! The requests are sent in process. The exit code is 0 only if each has the expected status.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use bearergate::clock::{Clock, SystemClock};
use bearergate::crypto::Algorithm;
use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
use bearergate::{ConfigError, Gate, JwtValidator, Principal, require_scope};
use tower::ServiceExt;

fn app(validator: JwtValidator) -> Result<Router, ConfigError> {
    let gate = |scope: &str| {
        let gate = Gate::builder().validator(validator.clone());
        gate.authorizer(require_scope(scope)).build()
    };
    let orders = from_fn_with_state(gate("orders:read")?, check);
    let reports = from_fn_with_state(gate("reports:read")?, check);
    Ok(Router::new()
        .route("/orders", get(list).layer(orders))
        .route("/reports", get(list).layer(reports)))
}

async fn check(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match gate.check(&parts).await {
        Ok(admitted) => {
            parts.extensions.insert(admitted.principal().clone());
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn list(Extension(caller): Extension<Principal>) -> String {
    format!("for {}\n", caller.subject().unwrap_or("nobody"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let now = SystemClock::default()
        .now()
        .ok_or("the clock is before 1970")?;
    let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
    let issuer = JwtIssuer::builder("https://idp.example.com", keys).build()?;
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience("https://orders.example.com")
        .key_store(Arc::new(issuer.clone()))
        .build()?;
    let app = app(validator)?;

    let claims = AccessClaims::new("alice", "shop", "https://orders.example.com");
    let token = issuer.mint(&claims.scopes(["orders:read"]))?;
    for (path, token, expected) in [
        ("/orders", token.expose(), 200),
        ("/reports", token.expose(), 403),
        ("/orders", "e30.e30.e30", 401),
    ] {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let response = app
            .clone()
            .oneshot(request.body(axum::body::Body::empty())?)
            .await?;
        writeln!(io::stdout(), "{path}: {}", response.status())?;
        if response.status() != expected {
            return Err(format!("{path}: expected {expected}, found {}", response.status()).into());
        }
    }
    Ok(())
}
