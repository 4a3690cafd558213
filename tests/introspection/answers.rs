//! What answers are worth.

use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::principal::PrincipalKind;

use crate::common::AUDIENCE;
use crate::common::START;
use crate::common::Scene;

#[tokio::test]
async fn an_active_token_is_accepted_with_what_the_endpoint_says_of_it() {
    let scene = Scene::new();
    let token = scene
        .idp
        .opaque(&scene.claims().scope("a b").subject("alice"));
    let principal = scene.principal(&token).await.unwrap();
    assert_eq!(principal.kind(), PrincipalKind::OpaqueToken);
    assert_eq!(principal.authority().as_str(), scene.idp.url());
    assert_eq!(principal.subject(), Some("alice"));
    assert_eq!(principal.client(), Some("client-1"));
    assert_eq!(principal.scopes().unwrap().iter().count(), 2);
    let end = START.saturating_add(Duration::from_secs(300));
    assert_eq!(principal.expires_at(), Some(end));
    assert!(principal.token_id().is_some());
}

#[tokio::test]
async fn an_unknown_token_is_inactive() {
    let scene = Scene::new();
    let judged = scene.judge("nobody-knows-it").await;
    assert_eq!(judged, Err(RejectionKind::TokenInactive));
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
}

/// Only JSON `true` is active; an answer that is neither `true` nor `false` is no answer.
///
/// Defect D01 (`active` read by truthiness): docs/defects.md
#[tokio::test]
async fn an_answer_that_does_not_say_true_or_false_is_not_judged() {
    let scene = Scene::new();
    let rest = format!(r#""token_type":"Bearer","exp":1800000300,"aud":"{AUDIENCE}""#);
    for (at, active) in [
        r#""active":"true""#,
        r#""active":"false""#,
        r#""active":1"#,
        r#""active":null"#,
        r#""other":true"#,
        r#""active":true,"active":true"#,
        r#""active":false,"active":true"#,
    ]
    .into_iter()
    .enumerate()
    {
        let token = format!("token-{at}");
        scene.idp.know_as(&token, format!("{{{active},{rest}}}"));
        let judged = scene.judge(&token).await;
        assert_eq!(judged, Err(RejectionKind::Unavailable), "{active}");
        scene
            .idp
            .know_as(&token, format!(r#"{{"active":true,{rest}}}"#));
        assert_eq!(scene.judge(&token).await, Ok(()), "not kept: {active}");
    }
}

/// Claims of an active token are checked like those of a JWT.
///
/// Defect D02 (claims of an active token not checked): docs/defects.md
#[tokio::test]
async fn claims_of_an_active_token_are_checked() {
    let scene = Scene::new();
    let claims = || scene.claims();
    for (claims, kind) in [
        (claims().without("aud"), RejectionKind::ClaimMissing),
        (
            claims().audience("https://other"),
            RejectionKind::AudienceMismatch,
        ),
        (
            claims().issuer("https://other"),
            RejectionKind::IssuerMismatch,
        ),
        (
            claims().claim("nbf", 1_800_000_031),
            RejectionKind::TokenNotYetValid,
        ),
        (
            claims().claim("token_type", "refresh"),
            RejectionKind::TypeMismatch,
        ),
        (
            claims().claim("token_use", "id"),
            RejectionKind::TypeMismatch,
        ),
        (
            claims().claim("typ", "Refresh"),
            RejectionKind::TypeMismatch,
        ),
        (
            claims().claim("cnf", serde_json::json!({})),
            RejectionKind::BindingRequired,
        ),
        (claims().claim("scope", 7), RejectionKind::ClaimInvalid),
    ] {
        let token = scene.idp.opaque(&claims);
        assert_eq!(scene.judge(&token).await, Err(kind), "{claims:?}");
    }
    for claims in [
        claims(),
        claims().without("iss").without("sub"),
        claims().without("exp"),
        claims().claim("iat", 1_900_000_000),
        claims().claim("token_type", "BEARER"),
    ] {
        let token = scene.idp.opaque(&claims);
        assert_eq!(scene.judge(&token).await, Ok(()), "{claims:?}");
    }
}

#[tokio::test]
async fn an_active_token_past_its_end_is_expired() {
    let scene = Scene::new();
    let text = |exp: u64| {
        format!(r#"{{"active":true,"token_type":"Bearer","aud":"{AUDIENCE}","exp":{exp}}}"#)
    };
    let now = START.as_secs();
    scene.idp.know_as("ended", text(now - 30));
    scene.idp.know_as("within-leeway", text(now - 29));
    let expired = Err(RejectionKind::TokenExpired);
    assert_eq!(scene.judge("ended").await, expired);
    assert_eq!(scene.judge("within-leeway").await, Ok(()));
    // Between its end and the leeway it is asked about each time.
    assert_eq!(scene.judge("within-leeway").await, Ok(()));
    assert_eq!(scene.calls(), 3);
}

#[tokio::test]
async fn a_missing_token_type_is_accepted_only_where_that_was_asked_for() {
    let text = format!(r#"{{"active":true,"aud":"{AUDIENCE}","exp":1800000300}}"#);
    let endless = format!(r#"{{"active":true,"aud":"{AUDIENCE}"}}"#);
    let scene = Scene::new();
    scene.idp.know_as("a", &*text);
    assert_eq!(scene.judge("a").await, Err(RejectionKind::ClaimMissing));
    let scene = Scene::with(|_, builder| builder.accept_missing_token_type());
    scene.idp.know_as("a", &*text);
    scene.idp.know_as("b", &*endless);
    assert_eq!(scene.judge("a").await, Ok(()));
    assert_eq!(scene.judge("b").await, Err(RejectionKind::ClaimMissing));
}

/// No token can add a parameter to the request.
///
/// Defect D05 (injection into the introspection request): docs/defects.md
#[tokio::test]
async fn a_token_is_sent_as_one_value_and_odd_ones_not_at_all() {
    use bearergate::TokenValidator;
    use bearergate::credential::PresentedCredential;
    use bearergate::testing::FakeEndpoint;

    let scene = Scene::new();
    for odd in [
        "a&token_type_hint=x",
        "a\r\nX: y",
        "a%00",
        "",
        "a b",
        "\u{e9}",
    ] {
        let presented = PresentedCredential::token(odd);
        let judged = scene.validator.validate(&presented).await;
        let kind = judged.unwrap_err().kind();
        assert_eq!(kind, RejectionKind::TokenMalformed, "{odd:?}");
    }
    assert_eq!(scene.calls(), 0);
    let judged = scene.judge("a+b/c~d==").await;
    assert_eq!(judged, Err(RejectionKind::TokenInactive));
    let seen = scene.idp.requests(FakeEndpoint::Introspection);
    assert_eq!(seen[0].form("token").as_deref(), Some("a+b/c~d=="));
    let hint = seen[0].form("token_type_hint");
    assert_eq!(hint.as_deref(), Some("access_token"));
}

#[tokio::test]
async fn a_token_over_the_bound_is_not_sent() {
    let scene = Scene::new();
    let judged = scene.judge(&"a".repeat(16 * 1024 + 1)).await;
    assert_eq!(judged, Err(RejectionKind::TokenTooLarge));
    assert_eq!(scene.calls(), 0);
    let judged = scene.judge(&"a".repeat(16 * 1024)).await;
    assert_eq!(judged, Err(RejectionKind::TokenInactive));
}

/// An endpoint that takes no JWTs is a finding for the operator, not an inactive token.
#[tokio::test]
async fn an_unsupported_token_type_is_not_judged() {
    use bearergate::testing::{Answer, FakeEndpoint, Fault};

    let scene = Scene::new();
    let body = r#"{"error":"unsupported_token_type"}"#;
    let answer = Answer::new(400).content("application/json", body);
    scene
        .idp
        .fail(FakeEndpoint::Introspection, Fault::Answer(answer));
    assert_eq!(scene.judge("a").await, Err(RejectionKind::Unavailable));
    let problem = scene.told().calls[0].unwrap();
    assert!(problem.contains("unsupported_token_type"), "{problem}");
}

/// A JWT that is introspected keeps its name when the twin of its signature is presented.
#[tokio::test]
async fn a_jwt_has_one_token_id_whatever_its_signature() {
    let scene = Scene::new();
    let claims = scene.claims();
    let jwt = claims.sign();
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    let twin = format!("{signed}.AAAA");
    scene.idp.know(&*jwt, &claims);
    scene.idp.know(&*twin, &claims);
    let first = scene.principal(&jwt).await.unwrap();
    let second = scene.principal(&twin).await.unwrap();
    assert_eq!(first.token_id(), second.token_id());
    let other = scene.principal(&scene.good()).await.unwrap();
    assert_ne!(first.token_id(), other.token_id());
}
