//! The routes and their responses.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use bearergate::Gate;
use bearergate::error::StoreErrorKind;
use bearergate::gate::Admitted;
use bearergate::http_response::Refusal;
use bearergate::request::{Content, EncryptedConnection, PeerAddress, RequestFacts};

use crate::gates::Gates;
use crate::revocation;
use crate::tls::Peer;
use crate::whoami::whoami;

/// Longest body that is read.
pub(crate) const BODY_BYTES: usize = 16 * 1024;

pub(crate) fn routes(gates: Arc<Gates>) -> Router {
    Router::new()
        .route("/whoami", get(show))
        .route("/things/{*rest}", any(show))
        .route("/scoped", get(scoped))
        .route("/detailed", get(detailed))
        .route("/signed/{*rest}", post(signed))
        .route("/revoke", post(revoke))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics))
        .fallback(metadata)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(gates)
}

async fn show(State(gates): State<Arc<Gates>>, request: Request) -> Response {
    // The body is neither needed nor shared between threads while the gate may wait.
    let (parts, _) = request.into_parts();
    answer(&gates, &gates.authenticated, parts).await
}

async fn scoped(State(gates): State<Arc<Gates>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer_if(&gates, gates.scoped.as_ref(), parts).await
}

async fn detailed(State(gates): State<Arc<Gates>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer_if(&gates, gates.detailed.as_ref(), parts).await
}

async fn answer_if(gates: &Gates, gate: Option<&Gate>, parts: Parts) -> Response {
    match gate {
        Some(gate) => answer(gates, gate, parts).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Shows the caller of a signed request, in a signed response.
async fn signed(State(gates): State<Arc<Gates>>, request: Request) -> Response {
    let Some((gate, signer)) = &gates.signed else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if let Err(refusal) = connection(&gates, gate, &mut parts) {
        return refused(&gates, refusal);
    }
    let facts = RequestFacts::from(&parts).with_content(Content::Whole(&body));
    let admitted = match gate.check(facts).await {
        Ok(admitted) => admitted,
        Err(refusal) => return refused(&gates, refusal),
    };
    let Ok(body) = whoami(&admitted) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = with_headers(json(body.clone()), &admitted);
    if let Some(signer) = signer {
        let (status, headers) = (response.status(), response.headers_mut());
        let own = admitted.signed();
        if !signer.sign_response(status, headers, body.as_bytes(), facts, own, admitted.now()) {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    }
    response
}

/// Answers requests for the metadata of the server.
async fn metadata(State(gates): State<Arc<Gates>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let facts = RequestFacts::from(&parts);
    let found = gates
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.respond(&facts));
    found.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// Adds what is known of the connection, and the certificate that a trusted proxy passes on.
fn connection(gates: &Gates, gate: &Gate, parts: &mut Parts) -> Result<(), Refusal> {
    if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<Peer>>().cloned() {
        parts.extensions.insert(PeerAddress(peer.address));
        parts
            .extensions
            .insert(EncryptedConnection(peer.is_encrypted));
        if let Some(certificate) = peer.certificate {
            parts.extensions.insert(certificate);
        }
    }
    match &gates.forwarded {
        Some(forwarded) => forwarded
            .apply(parts)
            .map_err(|rejection| gate.challenge().respond_to(rejection)),
        None => Ok(()),
    }
}

/// Shows the caller, if the gate admits the request.
async fn answer(gates: &Gates, gate: &Gate, mut parts: Parts) -> Response {
    if let Err(refusal) = connection(gates, gate, &mut parts) {
        return refused(gates, refusal);
    }
    match gate.check(&parts).await {
        Ok(admitted) => match whoami(&admitted) {
            Ok(body) => with_headers(json(body), &admitted),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Err(refusal) => refused(gates, refusal),
    }
}

fn with_headers(mut response: Response, admitted: &Admitted) -> Response {
    for (name, value) in admitted.headers() {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

fn refused(gates: &Gates, refusal: Refusal) -> Response {
    gates.metrics.refused(refusal.kind());
    refusal.into_response::<Body>()
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
    let forwarded = gates.forwarded.as_ref();
    let ignored = forwarded
        .map(|own| own.metrics().prometheus())
        .unwrap_or_default();
    let text = gates.metrics.text() + &gates.bindings.text() + &ignored;
    (headers, text).into_response()
}

/// Revokes a token, for the operator on this machine only.
async fn revoke(
    State(gates): State<Arc<Gates>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> StatusCode {
    if !peer.address.ip().to_canonical().is_loopback() || is_forwarded(&headers) {
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
