//! The routes and their responses.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bearergate::Gate;
use bearergate::error::StoreErrorKind;
use bearergate::request::RequestFacts;

use crate::gates::Gates;
use crate::revocation;
use crate::whoami::whoami;

/// Longest body that is read.
pub(crate) const BODY_BYTES: usize = 16 * 1024;

pub(crate) fn routes(gates: Arc<Gates>) -> Router {
    Router::new()
        .route("/whoami", get(show))
        .route("/scoped", get(scoped))
        .route("/revoke", post(revoke))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(gates)
}

async fn show(State(gates): State<Arc<Gates>>, request: Request) -> Response {
    // The body is neither needed nor shared between threads while the gate may wait.
    let (parts, _) = request.into_parts();
    answer(&gates, &gates.authenticated, &parts).await
}

async fn scoped(State(gates): State<Arc<Gates>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match &gates.scoped {
        Some(gate) => answer(&gates, gate, &parts).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Shows the caller, if the gate admits the request.
async fn answer(gates: &Gates, gate: &Gate, parts: &Parts) -> Response {
    let mut facts = RequestFacts::from(parts);
    if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
        facts = facts.with_peer(*peer);
    }
    match gate.check(facts).await {
        Ok(admitted) => match whoami(admitted.principal()) {
            Ok(body) => json(body),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Err(refusal) => {
            gates.metrics.refused(refusal.kind());
            refusal.into_response::<Body>()
        }
    }
}

pub(crate) fn json(body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}

async fn metrics(State(gates): State<Arc<Gates>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (headers, gates.metrics.text()).into_response()
}

/// Revokes a token, for the operator on this machine only.
async fn revoke(
    State(gates): State<Arc<Gates>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> StatusCode {
    if !peer.ip().to_canonical().is_loopback() || is_forwarded(&headers) {
        return StatusCode::FORBIDDEN;
    }
    let revocation = body.ok().and_then(|body| revocation::read(&body));
    let Some(revocation) = revocation else {
        return StatusCode::BAD_REQUEST;
    };
    match gates.denylist.revoke(revocation).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) if error.kind() == StoreErrorKind::Corrupt => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A proxy or a browser on this machine is not the operator.
fn is_forwarded(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(axum::http::HeaderName::as_str);
    names.any(|name| {
        matches!(name, "forwarded" | "via" | "origin") || name.starts_with("x-forwarded-")
    })
}
