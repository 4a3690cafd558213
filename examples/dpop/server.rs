//! A server whose tokens are bound to keys, and the authorization server that issues them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use bearergate::binding::{Binding, Dpop};
use bearergate::clock::{Clock, SystemClock};
use bearergate::crypto::Algorithm;
use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
use bearergate::nonce::Nonces;
use bearergate::request::ExternalUrl;
use bearergate::{ConfigError, Gate, JwtValidator, Principal, require_scope};
use tokio::net::TcpListener;

use crate::Outcome;

/// Where clients reach the server: a proxy ends TLS in front of it.
pub(crate) const URL: &str = "https://orders.example.com";

const ISSUER: &str = "https://idp.example.com";

pub(crate) struct Server {
    issuer: JwtIssuer,
    address: SocketAddr,
}

impl Server {
    /// Starts the server on a free port of loopback.
    pub(crate) async fn start() -> Outcome<Self> {
        let now = SystemClock::default().now().ok_or("the clock is before 1970")?;
        let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
        let issuer = JwtIssuer::builder(ISSUER, keys).build()?;
        let gate = gate(&issuer)?;
        let app = Router::new()
            .route("/orders", get(orders))
            .route("/invoices", get(orders))
            .layer(from_fn_with_state(gate, check));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { issuer, address })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Issues a token that is bound to the key with this thumbprint.
    pub(crate) fn token_for(&self, thumbprint: [u8; 32]) -> Outcome<String> {
        let claims = AccessClaims::new("alice", "shop", URL).scopes(["orders:read"]);
        let token = self.issuer.mint(&claims.bound_to(thumbprint))?;
        Ok(token.expose().to_owned())
    }
}

/// The gate: bound tokens only, each proof once, with a nonce of this server.
fn gate(issuer: &JwtIssuer) -> Result<Gate, ConfigError> {
    // With several nodes: `Nonces::shared`, and a replay store that they share.
    let nonces = Nonces::of_this_process()?;
    let dpop = Dpop::at(ExternalUrl::parse(URL)?).nonces(nonces).build()?;
    let binding = Binding::dpop(dpop).required().build();
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(URL)
        .key_store(Arc::new(issuer.clone()))
        .sender_constraint(binding)
        .build()?;
    Gate::builder().validator(validator).authorizer(require_scope("orders:read")).build()
}

async fn check(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match gate.check(&parts).await {
        Ok(admitted) => {
            parts.extensions.insert(admitted.principal().clone());
            let mut response = next.run(Request::from_parts(parts, body)).await;
            // The next nonce, when the one of the client is about to end.
            response.headers_mut().extend(admitted.headers().clone());
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn orders(Extension(caller): Extension<Principal>) -> String {
    format!("orders of {}\n", caller.subject().unwrap_or("nobody"))
}
