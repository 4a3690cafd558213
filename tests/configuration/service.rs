//! The sample of the example: what a service accepts that is configured from a file alone.

use std::time::Duration;

use bearergate::api_key::NewApiKey;
use bearergate::error::ConfigErrorKind;
use bearergate::session::NewSession;
use bearergate::{RejectionKind, require_scope};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::app;
use crate::common::{
    AUDIENCE, Folder, api_keys, build, claims, environment, found, issuer, sessions, token, with,
};

fn request(method: Method, header: (&str, &str)) -> Request<()> {
    let request = Request::builder().method(method).uri("/orders");
    request.header(header.0, header.1).body(()).unwrap()
}

async fn refused(
    service: &bearergate::configuration::ConfiguredService,
    request: &Request<()>,
) -> RejectionKind {
    service.gate().check(request).await.unwrap_err().kind()
}

#[tokio::test]
async fn tokens_are_accepted_and_refused_as_the_sample_says() {
    let folder = Folder::sample();
    let service = app::load(&folder.path("service.json"), &environment()).unwrap();
    let bearer = |claims: &Value| format!("Bearer {}", token(claims));
    let good = request(Method::GET, ("authorization", &bearer(&claims())));
    let response = app::serve(&service, &good).await;
    assert_eq!(
        (response.status().as_u16(), response.body().as_str()),
        (200, "orders of alice")
    );

    let other = with(claims(), "aud", json!("https://other.example.com"));
    let other = request(Method::GET, ("authorization", &bearer(&other)));
    assert_eq!(
        refused(&service, &other).await,
        RejectionKind::AudienceMismatch
    );
    let response = app::serve(&service, &other).await;
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("realm=\"orders\""), "{challenge}");
    let media = response.headers()["content-type"].to_str().unwrap();
    assert_eq!(media, "application/problem+json");

    // The policy of the file.
    let post = request(Method::POST, ("authorization", &bearer(&claims())));
    assert_eq!(refused(&service, &post).await, RejectionKind::AccessDenied);
    let unscoped = bearer(&with(claims(), "scope", json!("orders:list")));
    let unscoped = request(Method::GET, ("authorization", &unscoped));
    assert!(service.gate().check(&unscoped).await.is_err());
}

#[tokio::test]
async fn api_keys_are_accepted_and_refused_as_the_sample_says() {
    let folder = Folder::sample();
    let service = app::load(&folder.path("service.json"), &environment()).unwrap();
    let keys = service.api_keys().unwrap();
    let new = || NewApiKey::new("robot-7").expires_in(Duration::from_secs(3_600));
    let reader = keys.create(new().scopes(["orders:read"])).await.unwrap();
    let writer = keys.create(new().scopes(["orders:write"])).await.unwrap();
    let id = reader.record.id();
    let (reader, writer) = (reader.secret.reveal(), writer.secret.reveal());
    assert!(reader.starts_with("acme_live_"));

    let good = request(Method::GET, ("x-api-key", &reader));
    let admitted = service.gate().check(&good).await.unwrap();
    assert_eq!(admitted.principal().subject(), Some("robot-7"));
    assert_eq!(admitted.principal().authority().as_str(), "acme keys");
    let denied = request(Method::GET, ("x-api-key", &writer));
    assert!(service.gate().check(&denied).await.is_err());

    // The same file, loaded again, has the keys: they are in the store.
    let again = app::load(&folder.path("service.json"), &environment()).unwrap();
    assert!(again.gate().check(&good).await.is_ok());
    again
        .api_keys()
        .unwrap()
        .revoke(id, "a test")
        .await
        .unwrap();
    assert_eq!(refused(&again, &good).await, RejectionKind::ApiKeyDisabled);
}

#[tokio::test]
async fn sessions_are_accepted_and_refused_as_the_sample_says() {
    let folder = Folder::sample();
    let service = app::load(&folder.path("service.json"), &environment()).unwrap();
    let sessions = service.sessions().unwrap();
    assert_eq!(service.session_cookie().unwrap().name(), "__Host-session");
    let session = sessions.create(NewSession::new("alice")).await.unwrap();
    let cookie = format!("__Host-session={}", session.secret.reveal());
    let good = request(Method::GET, ("cookie", &cookie));
    let admitted = service.gate().check(&good).await.unwrap();
    assert_eq!(admitted.principal().subject(), Some("alice"));
    let other = request(Method::GET, ("cookie", &format!("{cookie}x")));
    assert!(service.gate().check(&other).await.is_err());
    let other = request(Method::GET, ("cookie", "other=1"));
    assert_eq!(
        refused(&service, &other).await,
        RejectionKind::CredentialMissing
    );
}

#[tokio::test]
async fn a_revocation_ends_what_the_file_accepts() {
    let file = json!({
        "issuers": [issuer()],
        "allow_any_authenticated": true,
        "revocations": {"limit": 10}
    });
    let service = build(&file).unwrap();
    let good = request(
        Method::GET,
        ("authorization", &format!("Bearer {}", token(&claims()))),
    );
    assert!(service.gate().check(&good).await.is_ok());
    let revocation = bearergate::revocation::Revocation::subject(crate::common::ISSUER, "alice");
    service
        .denylist()
        .unwrap()
        .revoke(revocation)
        .await
        .unwrap();
    assert_eq!(refused(&service, &good).await, RejectionKind::TokenRevoked);
}

#[tokio::test]
async fn an_older_pepper_verifies_the_keys_made_under_it() {
    let folder = Folder::new();
    let peppers = |versions: &[(u32, &str)]| {
        let list: Vec<_> = versions
            .iter()
            .map(|(version, file)| json!({"version": version, "secret": {"file": file}}))
            .collect();
        let keys = with(api_keys(), "peppers", json!(list));
        let keys = with(keys, "store", json!({"sqlite": "keys.db"}));
        folder.build(&json!({"api_keys": keys, "allow_any_authenticated": true}))
    };
    let first = peppers(&[(1, "older-pepper")]).unwrap();
    let new = NewApiKey::new("robot-7").expires_in(Duration::from_secs(3_600));
    let key = first.api_keys().unwrap().create(new).await.unwrap();
    let good = request(Method::GET, ("x-api-key", &key.secret.reveal()));
    let rotated = peppers(&[(2, "pepper"), (1, "older-pepper")]).unwrap();
    assert!(rotated.gate().check(&good).await.is_ok());
}

#[tokio::test]
async fn a_service_may_add_an_authorizer_of_its_own() {
    let text = json!({"issuers": [issuer()]}).to_string();
    let configuration = bearergate::configuration::Configuration::from_json(text).unwrap();
    let alone = configuration.build(&environment()).unwrap_err();
    assert_eq!(found(&alone), [(String::new(), "empty")]);
    let service = configuration
        .build_with(&environment(), |gate| {
            gate.authorizer(require_scope("orders:read"))
        })
        .unwrap();
    let with_scope = |scope: &str| {
        let bearer = token(&with(claims(), "scope", json!(scope)));
        request(Method::GET, ("authorization", &format!("Bearer {bearer}")))
    };
    assert!(
        service
            .gate()
            .check(&with_scope("orders:read"))
            .await
            .is_ok()
    );
    let other = with_scope("orders:list");
    assert_eq!(
        refused(&service, &other).await,
        RejectionKind::ScopeInsufficient
    );
}

/// Errors of the gate as a whole are about a section of the file.
#[test]
fn conflicts_between_sections_are_found() {
    let folder = Folder::new();
    let unbounded = json!({
        "issuers": [
            issuer(),
            with(issuer(), "issuer", json!("https://other.example.com"))
        ],
        "allow_any_authenticated": true
    });
    let errors = folder.build(&unbounded).unwrap_err();
    assert_eq!(found(&errors), [(String::new(), "conflict")]);
    assert!(
        errors.to_string().contains("all_authorities_equal"),
        "{errors}"
    );
    let equal = with(unbounded, "all_authorities_equal", json!(true));
    assert!(folder.build(&equal).is_ok());

    let twice = with(equal, "issuers", json!([issuer(), issuer()]));
    let errors = folder.build(&twice).unwrap_err();
    assert_eq!(found(&errors), [("/issuers".to_owned(), "conflict")]);

    let same_place = json!({
        "api_keys": with(api_keys(), "basic", json!({"part": "user_name"})),
        "sessions": sessions(),
        "sources": {"without_bearer": true},
        "allow_any_authenticated": true
    });
    assert!(folder.build(&same_place).is_ok());
    assert_eq!(
        ConfigErrorKind::Conflict,
        errors.iter().next().unwrap().kind()
    );
    assert!(!errors.to_string().contains(AUDIENCE));
}
