//! Presets with fetched keys.
#![cfg(all(feature = "reqwest", feature = "testing"))]

use std::sync::Arc;

use bearergate::credential::PresentedCredential;
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::jwt::providers;
use bearergate::testing::{FakeEndpoint, FakeIssuer};
use bearergate::{RejectionKind, TokenValidator};

#[tokio::test]
async fn a_preset_fetches_its_keys_from_the_address_that_its_issuer_publishes() {
    let idp = FakeIssuer::builder()
        .path("/oauth2/default")
        .start()
        .unwrap();
    let preset = providers::okta(idp.url(), "api://default");
    let keys = preset.key_source();
    let environment = bearergate::environment::Environment::new()
        .http_client(Client::new().unwrap())
        .spawner(TokioSpawner::new());
    let keys = keys.env(&environment).build().unwrap();
    let validator = preset.key_store(Arc::new(keys)).unwrap();
    let token = idp.token("api://default").without_header("typ");
    let token = token.claim("scp", ["read"]);
    let good = token.clone().claim("cid", "0oab").sign();
    let presented = PresentedCredential::bearer(&good).unwrap();
    let principal = validator.validate(&presented).await.unwrap();
    assert!(principal.scopes().unwrap().contains("read"));
    let bad = token.sign();
    let presented = PresentedCredential::bearer(&bad).unwrap();
    let refused = validator.validate(&presented).await.unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::ClaimInvalid);
    assert_eq!(idp.count(FakeEndpoint::Discovery), 1);
    assert_eq!(idp.count(FakeEndpoint::Jwks), 1);
}
