//! API keys that the operator creates and disables.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bearergate::api_key::{ApiKeyError, ApiKeyErrorKind, ApiKeyManager, NewApiKey};
use serde::Deserialize;
use serde_json::json;

use crate::service::json_body;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    subject: String,
    limit_class: Option<String>,
    addresses: Option<Vec<String>>,
    expires_in_s: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disabled {
    id: String,
}

pub(crate) async fn create(manager: &ApiKeyManager, body: &[u8]) -> Response {
    let Some(draft) = draft(body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match manager.create(draft).await {
        Ok(issued) => json_body(&json!({
            "id": issued.record.id().as_str(),
            "key": issued.secret.reveal(),
        })),
        Err(error) => status(&error).into_response(),
    }
}

fn draft(body: &[u8]) -> Option<NewApiKey> {
    let draft: Draft = serde_json::from_slice(body).ok()?;
    let key = NewApiKey::new(draft.subject);
    let mut key = match draft.expires_in_s {
        Some(secs) => key.expires_in(Duration::from_secs(secs)),
        None => key.never_expires(),
    };
    if let Some(class) = draft.limit_class {
        key = key.limit_class(class);
    }
    if let Some(networks) = draft.addresses {
        let networks = networks.iter().map(|text| network(text));
        key = key.addresses(networks.collect::<Option<Vec<_>>>()?);
    }
    Some(key)
}

/// A single address is the network of this address.
fn network(text: &str) -> Option<ipnet::IpNet> {
    let address = || text.parse::<std::net::IpAddr>().ok().map(Into::into);
    text.parse().ok().or_else(address)
}

pub(crate) async fn disable(manager: &ApiKeyManager, body: &[u8]) -> Response {
    let disabled = serde_json::from_slice::<Disabled>(body).ok();
    let Some(id) = disabled.and_then(|disabled| disabled.id.parse().ok()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match manager.revoke(id, "disabled by the operator").await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => status(&error).into_response(),
    }
}

fn status(error: &ApiKeyError) -> StatusCode {
    match error.kind() {
        ApiKeyErrorKind::Malformed => StatusCode::BAD_REQUEST,
        ApiKeyErrorKind::Unknown => StatusCode::NOT_FOUND,
        ApiKeyErrorKind::Conflict | ApiKeyErrorKind::NotCurrent => StatusCode::CONFLICT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}
