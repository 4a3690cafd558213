//! Signed introspection answers: a JWT of another kind is not an answer.
//!
//! Defect D06 (another JWT taken for a signed answer): docs/defects.md

use std::sync::Arc;

use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, FakeKey, Fault, TokenBuilder};
use bearergate::{KeyStore, RejectionKind};
use serde_json::json;

use crate::common::AUDIENCE;
use crate::common::Scene;

const MEDIA: &str = "application/token-introspection+jwt";

fn scene() -> Scene {
    Scene::with(|idp, builder| {
        let keys: Arc<dyn KeyStore> = Arc::new(idp.key().key_set());
        builder.signed(idp.url(), keys)
    })
}

/// The envelope that is right.
fn envelope(scene: &Scene) -> TokenBuilder {
    let inner = json!({
        "active": true,
        "token_type": "Bearer",
        "aud": AUDIENCE,
        "exp": 1_800_000_300_u64,
    });
    TokenBuilder::new(&scene.idp.key(), scene.idp.now())
        .typ("token-introspection+jwt")
        .issuer(scene.idp.url())
        .audience(FakeIssuer::CLIENT_ID)
        .without("exp")
        .without("sub")
        .claim("token_introspection", inner)
}

fn answer(scene: &Scene, content_type: &str, body: String) {
    let answer = Answer::new(200).content(content_type, body);
    scene
        .idp
        .fail(FakeEndpoint::Introspection, Fault::Answer(answer));
}

#[tokio::test]
async fn a_signed_answer_is_a_verdict() {
    let scene = scene();
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(scene.judge("unknown").await, inactive);
    let request = &scene.idp.requests(FakeEndpoint::Introspection)[0];
    assert_eq!(request.header("accept"), Some(MEDIA));
}

#[tokio::test]
async fn an_envelope_that_is_wrong_in_anything_is_no_answer() {
    let scene = scene();
    answer(&scene, MEDIA, envelope(&scene).sign());
    assert_eq!(scene.judge("good").await, Ok(()));
    let right = || envelope(&scene);
    for (at, envelope) in [
        right().typ("JWT"),
        right().typ("at+jwt"),
        right().without_header("typ"),
        right().issuer("https://other"),
        right().without("iss"),
        right().audience("another-client"),
        right().audience(AUDIENCE),
        right().without("aud"),
        right().without("iat"),
        right().claim("iat", 1_800_000_031_u64),
        right().claim("exp", 1_799_999_000_u64),
        right().without("token_introspection"),
        right().claim("token_introspection", json!([])),
        right().claim("token_introspection", json!({"active": "true"})),
        right()
            .claim("active", true)
            .claim("token_introspection", json!({})),
        right().forged_by(&FakeKey::es256("key-1")),
    ]
    .into_iter()
    .enumerate()
    {
        answer(&scene, MEDIA, envelope.sign());
        let judged = scene.judge(&format!("token-{at}")).await;
        assert_eq!(judged, Err(RejectionKind::Unavailable), "{at}");
    }
}

#[tokio::test]
async fn what_is_not_signed_is_no_answer_where_signed_ones_are_demanded() {
    let scene = scene();
    let plain =
        format!(r#"{{"active":true,"token_type":"Bearer","aud":"{AUDIENCE}","exp":1800000300}}"#);
    answer(&scene, "application/json", plain.clone());
    assert_eq!(scene.judge("a").await, Err(RejectionKind::Unavailable));
    answer(&scene, MEDIA, plain);
    assert_eq!(scene.judge("b").await, Err(RejectionKind::Unavailable));
    answer(&scene, "application/jwt", envelope(&scene).sign());
    assert_eq!(scene.judge("c").await, Err(RejectionKind::Unavailable));
}

#[tokio::test]
async fn claims_in_a_signed_answer_are_checked_too() {
    let scene = scene();
    let claims = scene.claims().audience("https://other");
    let token = scene.idp.opaque(&claims);
    let mismatch = Err(RejectionKind::AudienceMismatch);
    assert_eq!(scene.judge(&token).await, mismatch);
}
