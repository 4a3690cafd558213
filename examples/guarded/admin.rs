//! The routes of the operator.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bearergate::metrics::Metrics;
use serde::Deserialize;

use crate::api_keys;
use crate::service::{PAUSE, Service, json_body};

/// Longest body that is read.
const BODY_BYTES: usize = 16 * 1024;

/// How long a flush is tried.
const FLUSH: Duration = Duration::from_millis(4_700);

pub(crate) fn routes(service: Arc<Service>) -> Router {
    Router::new().fallback(serve).with_state(service)
}

async fn serve(State(service): State<Arc<Service>>, request: Request) -> Response {
    if is_forwarded(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/clock") => clock(&service, &body).into_response(),
        (&Method::GET, "/metrics") => metrics(&service),
        (&Method::POST, "/reload") => reload(service).await,
        (&Method::POST, "/flush") => flush(&service).await.into_response(),
        (&Method::GET, "/usage") => usage(&service, &parts.uri).await,
        (&Method::GET, "/state") => json_body(&service.state()),
        (&Method::POST, path @ ("/api-keys" | "/api-keys/disable")) => match &service.api_keys {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(manager) if path == "/api-keys" => api_keys::create(manager, &body).await,
            Some(manager) => api_keys::disable(manager, &body).await,
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A proxy or a browser on this machine is not the operator.
fn is_forwarded(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(axum::http::HeaderName::as_str);
    names.any(|name| {
        matches!(name, "forwarded" | "via" | "origin") || name.starts_with("x-forwarded-")
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Both(Advance),
    Wall(WallStep),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WallStep {
    wall_ms: i64,
}

fn clock(service: &Service, body: &[u8]) -> StatusCode {
    let Some(clock) = &service.clock else {
        return StatusCode::CONFLICT;
    };
    match serde_json::from_slice(body) {
        Ok(Step::Both(Advance { advance_ms })) => {
            clock.advance(Duration::from_millis(advance_ms));
        }
        Ok(Step::Wall(WallStep { wall_ms })) => clock.step_wall(wall_ms),
        Err(_) => return StatusCode::BAD_REQUEST,
    }
    StatusCode::NO_CONTENT
}

fn metrics(service: &Service) -> Response {
    let mut metrics = service.gate.metrics();
    if let Some(usage) = &service.usage {
        metrics = metrics.joined(&usage.meter.metrics());
    }
    let headers = [(header::CONTENT_TYPE, Metrics::PROMETHEUS)];
    (headers, metrics.prometheus()).into_response()
}

async fn reload(service: Arc<Service>) -> Response {
    // Lists may have a million lines.
    let reading = tokio::task::spawn_blocking(move || service.enforcement.reload());
    match reading.await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(place)) => (StatusCode::BAD_REQUEST, Body::from(place)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Tries again until everything is written.
async fn flush(service: &Service) -> StatusCode {
    let everything = async {
        if let Some(usage) = &service.usage {
            while usage.meter.flush().await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        if let Some(trail) = &service.trail {
            while !trail.flush().await {
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    match tokio::time::timeout(FLUSH, everything).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn usage(service: &Service, uri: &Uri) -> Response {
    let Some(subject) = uri.query().and_then(subject) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(usage) = &service.usage else {
        return json_body(&serde_json::json!([]));
    };
    match usage.of(&subject).await {
        Ok(rows) => json_body(&rows),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Returns the percent-decoded value of `subject=`.
fn subject(query: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == "subject")?;
    let mut bytes = value.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}
