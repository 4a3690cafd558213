//! Signed introspection responses: a JWT of another kind is not a response.
//!
//! Defect D06 (another JWT taken for a signed answer): docs/defects.md

use std::sync::Arc;

use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, FakeKey, Fault, TokenBuilder};
use bearergate::{KeyStore, RejectionKind};
use serde_json::json;

use crate::common::{AUDIENCE, Setup};

const MEDIA: &str = "application/token-introspection+jwt";

fn setup() -> Setup {
    Setup::with(|idp, builder| {
        let keys: Arc<dyn KeyStore> = Arc::new(idp.key().key_set());
        builder.signed(idp.url(), keys)
    })
}

/// The valid response.
fn response(setup: &Setup) -> TokenBuilder {
    let inner = json!({
        "active": true,
        "token_type": "Bearer",
        "aud": AUDIENCE,
        "exp": 1_800_000_300_u64,
    });
    TokenBuilder::new(&setup.idp.key(), setup.idp.now())
        .typ("token-introspection+jwt")
        .issuer(setup.idp.url())
        .audience(FakeIssuer::CLIENT_ID)
        .without("exp")
        .without("sub")
        .claim("token_introspection", inner)
}

fn answer(setup: &Setup, content_type: &str, body: String) {
    let answer = Answer::new(200).content(content_type, body);
    setup
        .idp
        .fail(FakeEndpoint::Introspection, Fault::Answer(answer));
}

#[tokio::test]
async fn signed_response_is_accepted() {
    let setup = setup();
    assert_eq!(setup.validate(&setup.active_token()).await, Ok(()));
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(setup.validate("unknown").await, inactive);
    let request = &setup.idp.requests(FakeEndpoint::Introspection)[0];
    assert_eq!(request.header("accept"), Some(MEDIA));
}

#[tokio::test]
async fn invalid_signed_response_is_not_used() {
    let setup = setup();
    answer(&setup, MEDIA, response(&setup).sign());
    assert_eq!(setup.validate("good").await, Ok(()));
    let right = || response(&setup);
    for (at, response) in [
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
        answer(&setup, MEDIA, response.sign());
        let result = setup.validate(&format!("token-{at}")).await;
        assert_eq!(result, Err(RejectionKind::Unavailable), "{at}");
    }
}

#[tokio::test]
async fn signed_response_over_a_cap_is_that_of_a_token_that_is_too_large() {
    let setup = setup();
    let with = |name: &str, members: usize| {
        let members = (0..members).map(|n| (format!("n{n}"), json!(0)));
        let mut inner = json!({"active": true, "token_type": "Bearer", "aud": AUDIENCE});
        inner["exp"] = json!(1_800_000_300_u64);
        inner[name] = serde_json::Value::Object(members.collect());
        response(&setup).claim("token_introspection", inner)
    };
    for (at, (members, expected)) in [(1_024, Ok(())), (1_025, Err(RejectionKind::TokenTooLarge))]
        .into_iter()
        .enumerate()
    {
        answer(&setup, MEDIA, with("x", members).sign());
        let result = setup.validate(&format!("token-{at}")).await;
        assert_eq!(result, expected, "{members}");
    }
}

#[tokio::test]
async fn unsigned_response_is_not_used_if_signed_ones_are_required() {
    let setup = setup();
    let plain =
        format!(r#"{{"active":true,"token_type":"Bearer","aud":"{AUDIENCE}","exp":1800000300}}"#);
    answer(&setup, "application/json", plain.clone());
    assert_eq!(setup.validate("a").await, Err(RejectionKind::Unavailable));
    answer(&setup, MEDIA, plain);
    assert_eq!(setup.validate("b").await, Err(RejectionKind::Unavailable));
    answer(&setup, "application/jwt", response(&setup).sign());
    assert_eq!(setup.validate("c").await, Err(RejectionKind::Unavailable));
}

#[tokio::test]
async fn claims_in_a_signed_response_are_checked() {
    let setup = setup();
    let claims = setup.claims().audience("https://other");
    let token = setup.idp.opaque(&claims);
    let mismatch = Err(RejectionKind::AudienceMismatch);
    assert_eq!(setup.validate(&token).await, mismatch);
}
