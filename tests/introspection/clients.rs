//! How this service proves who it is, and the endpoint where tokens are revoked.

use std::sync::Arc;

use bearergate::RejectionKind;
use bearergate::client_auth::{ClientAuth, ClientKey};
use bearergate::crypto::Algorithm;
use bearergate::integrations::reqwest::Client;
use bearergate::introspection::{RevocationClient, RevokeError};
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, FakeKey, Fault};

use crate::common::Scene;

const PEM: &str = include_str!("../keys/rsa-2048.private.pem");

fn basic(id: &str, secret: &str) -> ClientAuth {
    ClientAuth::secret_basic(id, secret.to_owned()).unwrap()
}

async fn judged(auth: ClientAuth, admit: impl FnOnce(&FakeIssuer)) -> Result<(), RejectionKind> {
    let scene = Scene::of(auth, |_, builder| builder);
    admit(&scene.idp);
    scene.judge(&scene.good()).await
}

#[tokio::test]
async fn a_secret_is_encoded_as_the_endpoint_reads_it() {
    let (id, secret) = ("a:b c%", "p w+%&=\u{e9}");
    let admit = |idp: &FakeIssuer| idp.admit(id, secret);
    assert_eq!(judged(basic(id, secret), admit).await, Ok(()));
    let post = ClientAuth::secret_post(id, secret.to_owned()).unwrap();
    assert_eq!(judged(post, admit).await, Ok(()));
    let wrong = Err(RejectionKind::Unavailable);
    assert_eq!(judged(basic(id, "other"), admit).await, wrong);
}

#[tokio::test]
async fn a_bearer_token_proves_who_has_it() {
    let auth = |token: &str| ClientAuth::bearer(token.to_owned()).unwrap();
    let admit = |idp: &FakeIssuer| idp.admit_bearer("token-of-mine");
    assert_eq!(judged(auth("token-of-mine"), admit).await, Ok(()));
    let wrong = Err(RejectionKind::Unavailable);
    assert_eq!(judged(auth("another"), admit).await, wrong);
}

#[tokio::test]
async fn a_private_key_signs_an_assertion_for_each_request() {
    let auth = |id: &str| {
        let key = ClientKey::from_pem(Algorithm::Rs256, PEM).unwrap();
        ClientAuth::private_key_jwt(id, key.key_id("mine")).unwrap()
    };
    let scene = Scene::of(auth("orders-api"), |_, builder| builder);
    scene.idp.admit_key("orders-api", &FakeKey::rs256("mine"));
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
    let requests = scene.idp.requests(FakeEndpoint::Introspection);
    let sent: Vec<_> = requests
        .iter()
        .map(|r| r.form("client_assertion"))
        .collect();
    assert_ne!(sent[0], sent[1]);
    let admit = |idp: &FakeIssuer| idp.admit_key("orders-api", &FakeKey::rs256("mine"));
    let wrong = Err(RejectionKind::Unavailable);
    assert_eq!(judged(auth("another"), admit).await, wrong);
}

#[tokio::test]
async fn an_assertion_is_for_the_audience_that_was_named() {
    let scene = Scene::of(basic("a", "b"), |_, builder| builder);
    let auth = |audience: &str| {
        let key = ClientKey::from_pem(Algorithm::Rs256, PEM).unwrap();
        ClientAuth::private_key_jwt("orders-api", key.audience(audience)).unwrap()
    };
    scene.idp.admit_key("orders-api", &FakeKey::rs256("mine"));
    let revocation = |audience: &str| revocation(&scene, auth(audience));
    assert!(revocation(scene.idp.url()).revoke("a").await.is_ok());
    let refused = revocation("https://other").revoke("a").await;
    assert!(matches!(refused, Err(RevokeError::Credentials)));
}

fn revocation(scene: &Scene, auth: ClientAuth) -> RevocationClient {
    let endpoint = scene.idp.endpoint(FakeEndpoint::Revocation);
    let client = Arc::new(Client::new().unwrap());
    let revocation = RevocationClient::new(&endpoint, auth, client);
    revocation.unwrap().clock(scene.clock.clone())
}

fn own(scene: &Scene) -> RevocationClient {
    revocation(
        scene,
        basic(FakeIssuer::CLIENT_ID, FakeIssuer::CLIENT_SECRET),
    )
}

#[tokio::test]
async fn a_revoked_token_is_inactive_once_it_is_invalidated() {
    let scene = Scene::new();
    let token = scene.good();
    assert_eq!(scene.judge(&token).await, Ok(()));
    own(&scene).revoke(&token).await.unwrap();
    scene.validator.invalidate(&token);
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(scene.judge(&token).await, inactive);
    let request = &scene.idp.requests(FakeEndpoint::Revocation)[0];
    let hint = request.form("token_type_hint");
    assert_eq!(hint.as_deref(), Some("access_token"));
    own(&scene).revoke_refresh("unknown").await.unwrap();
}

#[tokio::test]
async fn what_was_not_revoked_is_told_apart() {
    let scene = Scene::new();
    let wrong = revocation(&scene, basic(FakeIssuer::CLIENT_ID, "wrong"));
    assert!(matches!(
        wrong.revoke("a").await,
        Err(RevokeError::Credentials)
    ));
    let body = r#"{"error":"unsupported_token_type"}"#;
    let answer = Answer::new(400).content("application/json", body);
    scene
        .idp
        .fail(FakeEndpoint::Revocation, Fault::Answer(answer));
    assert!(matches!(
        own(&scene).revoke("a").await,
        Err(RevokeError::Unsupported)
    ));
    for fault in [
        Fault::Status(503),
        Fault::Status(500),
        Fault::Reset,
        Fault::Truncated,
    ] {
        scene.idp.fail(FakeEndpoint::Revocation, fault.clone());
        let failed = own(&scene).revoke("a").await;
        assert!(
            matches!(failed, Err(RevokeError::Unavailable(_))),
            "{fault:?}"
        );
    }
    scene.idp.heal(FakeEndpoint::Revocation);
    assert!(own(&scene).revoke("a").await.is_ok());
}
