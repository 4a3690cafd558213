//! `use bearergate::*;` hides no name of another crate: this file has the import, and names the
//! crates that a service uses together with this one, so that it compiles only while that is true.

use axum::Router;
use bearergate::*;
use http::StatusCode;
use rustls::crypto::ring;
use serde_json::json;
use tower::ServiceExt as _;

#[tokio::test]
async fn a_glob_import_leaves_the_names_of_other_crates() {
    let condition = require_scope("orders:read") & claim("tenant").is("acme");
    let without_validator: Result<Gate, ConfigError> =
        Gate::builder().authorizer(condition).build();
    assert!(without_validator.is_err());

    let app = Router::new().route(
        "/",
        axum::routing::get(|| async { json!("ok").to_string() }),
    );
    let request = http::Request::new(axum::body::Body::empty());
    let response = tokio::spawn(app.oneshot(request)).await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!ring::default_provider().cipher_suites.is_empty());
    assert_eq!(
        jsonwebtoken::Algorithm::default(),
        jsonwebtoken::Algorithm::HS256
    );
}

/// The client of the crate `reqwest`, by its full path, as a service names it.
#[cfg(feature = "reqwest")]
#[test]
fn a_glob_import_leaves_the_client_of_reqwest() {
    let new: fn() -> reqwest::ClientBuilder = reqwest::Client::builder;
    let _: reqwest::ClientBuilder = new();
}
