//! Authentication of this service at the endpoint, and the revocation endpoint.

use bearergate::RejectionKind;
use bearergate::client_auth::{ClientAuth, ClientKey};
use bearergate::crypto::Algorithm;
use bearergate::integrations::reqwest::Client;
use bearergate::introspection::{RevocationClient, RevokeError};
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, FakeKey, Fault};

use crate::common::Setup;

const PEM: &str = include_str!("../keys/rsa-2048.private.pem");

fn basic(id: &str, secret: &str) -> ClientAuth {
    ClientAuth::secret_basic(id, secret.to_owned()).unwrap()
}

async fn result(auth: ClientAuth, admit: impl FnOnce(&FakeIssuer)) -> Result<(), RejectionKind> {
    let setup = Setup::with_auth(auth, |_, builder| builder);
    admit(&setup.idp);
    setup.validate(&setup.active_token()).await
}

#[tokio::test]
async fn secret_is_encoded_for_the_header() {
    let (id, secret) = ("a:b c%", "p w+%&=\u{e9}");
    let admit = |idp: &FakeIssuer| idp.admit(id, secret);
    assert_eq!(result(basic(id, secret), admit).await, Ok(()));
    let post = ClientAuth::secret_post(id, secret.to_owned()).unwrap();
    assert_eq!(result(post, admit).await, Ok(()));
    let wrong = Err(RejectionKind::Unavailable);
    assert_eq!(result(basic(id, "other"), admit).await, wrong);
}

#[tokio::test]
async fn bearer_token_authenticates_the_client() {
    let auth = |token: &str| ClientAuth::bearer(token.to_owned()).unwrap();
    let admit = |idp: &FakeIssuer| idp.admit_bearer("token-of-mine");
    assert_eq!(result(auth("token-of-mine"), admit).await, Ok(()));
    let wrong = Err(RejectionKind::Unavailable);
    assert_eq!(result(auth("another"), admit).await, wrong);
}

#[tokio::test]
async fn private_key_signs_an_assertion_for_each_request() {
    let auth = |id: &str| {
        let key = ClientKey::from_pem(Algorithm::Rs256, PEM).unwrap();
        ClientAuth::private_key_jwt(id, key.key_id("mine")).unwrap()
    };
    let setup = Setup::with_auth(auth("orders-api"), |_, builder| builder);
    setup.idp.admit_key("orders-api", &FakeKey::rs256("mine"));
    assert_eq!(setup.validate(&setup.active_token()).await, Ok(()));
    assert_eq!(setup.validate(&setup.active_token()).await, Ok(()));
    let requests = setup.idp.requests(FakeEndpoint::Introspection);
    let sent: Vec<_> = requests
        .iter()
        .map(|r| r.form("client_assertion"))
        .collect();
    assert_ne!(sent[0], sent[1]);
    let admit = |idp: &FakeIssuer| idp.admit_key("orders-api", &FakeKey::rs256("mine"));
    let wrong = Err(RejectionKind::Unavailable);
    assert_eq!(result(auth("another"), admit).await, wrong);
}

#[tokio::test]
async fn assertion_has_the_configured_audience() {
    let setup = Setup::with_auth(basic("a", "b"), |_, builder| builder);
    let auth = |audience: &str| {
        let key = ClientKey::from_pem(Algorithm::Rs256, PEM).unwrap();
        ClientAuth::private_key_jwt("orders-api", key.audience(audience)).unwrap()
    };
    setup.idp.admit_key("orders-api", &FakeKey::rs256("mine"));
    let revocation = |audience: &str| revocation(&setup, auth(audience));
    assert!(revocation(setup.idp.url()).revoke("a").await.is_ok());
    let refused = revocation("https://other").revoke("a").await;
    assert!(matches!(refused, Err(RevokeError::Credentials)));
}

fn revocation(setup: &Setup, auth: ClientAuth) -> RevocationClient {
    let endpoint = setup.idp.endpoint(FakeEndpoint::Revocation);
    let environment = bearergate::environment::Environment::new()
        .clock(setup.clock.clone())
        .http_client(Client::new().unwrap());
    RevocationClient::new(&endpoint, auth, &environment).unwrap()
}

fn own(setup: &Setup) -> RevocationClient {
    revocation(
        setup,
        basic(FakeIssuer::CLIENT_ID, FakeIssuer::CLIENT_SECRET),
    )
}

#[tokio::test]
async fn revoked_token_is_inactive_after_invalidation() {
    let setup = Setup::new();
    let token = setup.active_token();
    assert_eq!(setup.validate(&token).await, Ok(()));
    own(&setup).revoke(&token).await.unwrap();
    setup.validator.invalidate(&token);
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(setup.validate(&token).await, inactive);
    let request = &setup.idp.requests(FakeEndpoint::Revocation)[0];
    let hint = request.form("token_type_hint");
    assert_eq!(hint.as_deref(), Some("access_token"));
    own(&setup).revoke_refresh("unknown").await.unwrap();
}

#[tokio::test]
async fn failed_revocation_reports_its_reason() {
    let setup = Setup::new();
    let wrong = revocation(&setup, basic(FakeIssuer::CLIENT_ID, "wrong"));
    assert!(matches!(
        wrong.revoke("a").await,
        Err(RevokeError::Credentials)
    ));
    let body = r#"{"error":"unsupported_token_type"}"#;
    let answer = Answer::new(400).content("application/json", body);
    setup
        .idp
        .fail(FakeEndpoint::Revocation, Fault::Answer(answer));
    assert!(matches!(
        own(&setup).revoke("a").await,
        Err(RevokeError::Unsupported)
    ));
    for fault in [
        Fault::Status(503),
        Fault::Status(500),
        Fault::Reset,
        Fault::Truncated,
    ] {
        setup.idp.fail(FakeEndpoint::Revocation, fault.clone());
        let failed = own(&setup).revoke("a").await;
        assert!(
            matches!(failed, Err(RevokeError::Unavailable(_))),
            "{fault:?}"
        );
    }
    setup.idp.heal(FakeEndpoint::Revocation);
    assert!(own(&setup).revoke("a").await.is_ok());
}
