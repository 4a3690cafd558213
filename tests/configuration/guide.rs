//! The file on the page "configuration file" of the guide.

use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::api_key::NewApiKey;
use http::Request;
use serde_json::{Value, json};

use crate::common::{Folder, jwks};

fn file() -> Value {
    let mut file: Value =
        serde_json::from_str(include_str!("../../src/guide/configuration_file.json")).unwrap();
    let peppers = &mut file["api_keys"]["peppers"];
    assert_eq!(
        peppers[0]["secret"],
        json!({"file": "/run/secrets/pepper-2"})
    );
    assert_eq!(peppers[1]["secret"], json!({"env": "ACME_PEPPER_1"}));
    // The secrets of the page are on no machine.
    peppers[0]["secret"] = json!({"file": "pepper"});
    peppers[1]["secret"] = json!({"file": "older-pepper"});
    if cfg!(not(feature = "reqwest")) {
        file["issuers"][0]["keys"] = json!({"jwks": jwks()});
        file["providers"][0]["keys"] = json!({"jwks": jwks()});
    }
    file
}

#[tokio::test]
async fn the_file_of_the_page_is_a_service() {
    let folder = Folder::new();
    let service = folder.build(&file()).unwrap();
    assert!(service.sessions().is_some() && service.denylist().is_some());
    let keys = service.api_keys().unwrap();
    let new = NewApiKey::new("robot-7").expires_in(Duration::from_secs(3_600));
    let reader = keys
        .create(new.clone().scopes(["orders:read"]))
        .await
        .unwrap();
    let other = keys.create(new.scopes(["orders:write"])).await.unwrap();
    let check = |key: String| {
        let request = Request::get("/orders")
            .header("x-api-key", key)
            .body(())
            .unwrap();
        let gate = service.gate().clone();
        async move {
            gate.check(&request)
                .await
                .map(drop)
                .map_err(|refusal| refusal.kind())
        }
    };
    assert_eq!(check(reader.secret.reveal()).await, Ok(()));
    let denied = check(other.secret.reveal()).await;
    assert_eq!(denied, Err(RejectionKind::ScopeInsufficient));
}

#[test]
fn the_secrets_of_the_page_are_reported_where_they_are_missing() {
    let mut original = file();
    original["api_keys"]["peppers"] = json!([
        {"version": 2, "secret": {"file": "/run/secrets/pepper-2"}},
        {"version": 1, "secret": {"env": "ACME_PEPPER_1"}}
    ]);
    let errors = Folder::new().build(&original).unwrap_err();
    let paths: Vec<_> = errors.iter().map(|error| error.path()).collect();
    assert_eq!(
        paths,
        ["/api_keys/peppers/0/secret", "/api_keys/peppers/1/secret"]
    );
    assert!(
        errors.to_string().contains("`ACME_PEPPER_1` is not set"),
        "{errors}"
    );
}
