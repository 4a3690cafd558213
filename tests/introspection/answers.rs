//! Responses of the endpoint and their validation.

use std::time::Duration;

use bearergate::credential::Sources;
use bearergate::principal::PrincipalKind;
use bearergate::{RejectionKind, TokenValidator};

use crate::common::{AUDIENCE, START, Setup};

#[tokio::test]
async fn active_token_is_accepted_with_its_claims() {
    let setup = Setup::new();
    let token = setup
        .idp
        .opaque(&setup.claims().scope("a b").subject("alice"));
    let principal = setup.principal(&token).await.unwrap();
    assert_eq!(principal.kind(), PrincipalKind::OpaqueToken);
    assert_eq!(principal.authority().as_str(), setup.idp.url());
    assert_eq!(principal.subject(), Some("alice"));
    assert_eq!(principal.client(), Some("client-1"));
    assert_eq!(principal.scopes().unwrap().iter().count(), 2);
    let end = START.saturating_add(Duration::from_secs(300));
    assert_eq!(principal.expires_at(), Some(end));
    assert!(principal.token_id().is_some());
}

#[tokio::test]
async fn unknown_token_is_inactive() {
    let setup = Setup::new();
    let result = setup.validate("unknown-token").await;
    assert_eq!(result, Err(RejectionKind::TokenInactive));
    assert_eq!(setup.validate(&setup.active_token()).await, Ok(()));
}

/// Only the JSON value `true` is active; a response with neither `true` nor `false` is invalid.
///
/// Defect D01 (`active` read by truthiness): docs/defects.md
#[tokio::test]
async fn response_without_true_or_false_makes_the_token_unavailable() {
    let setup = Setup::new();
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
        setup.idp.know_as(&token, format!("{{{active},{rest}}}"));
        let result = setup.validate(&token).await;
        assert_eq!(result, Err(RejectionKind::Unavailable), "{active}");
        setup
            .idp
            .know_as(&token, format!(r#"{{"active":true,{rest}}}"#));
        assert_eq!(setup.validate(&token).await, Ok(()), "not kept: {active}");
    }
}

/// Claims of an active token are checked like those of a JWT.
///
/// Defect D02 (claims of an active token not checked): docs/defects.md
#[tokio::test]
async fn claims_of_an_active_token_are_checked() {
    let setup = Setup::new();
    let claims = || setup.claims();
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
        let token = setup.idp.opaque(&claims);
        assert_eq!(setup.validate(&token).await, Err(kind), "{claims:?}");
    }
    for claims in [
        claims(),
        claims().without("iss").without("sub"),
        claims().without("exp"),
        claims().claim("iat", 1_900_000_000),
        claims().claim("token_type", "BEARER"),
    ] {
        let token = setup.idp.opaque(&claims);
        assert_eq!(setup.validate(&token).await, Ok(()), "{claims:?}");
    }
}

#[tokio::test]
async fn active_token_after_its_exp_is_expired() {
    let setup = Setup::new();
    let text = |exp: u64| {
        format!(r#"{{"active":true,"token_type":"Bearer","aud":"{AUDIENCE}","exp":{exp}}}"#)
    };
    let now = START.as_secs();
    setup.idp.know_as("ended", text(now - 30));
    setup.idp.know_as("within-leeway", text(now - 29));
    let expired = Err(RejectionKind::TokenExpired);
    assert_eq!(setup.validate("ended").await, expired);
    assert_eq!(setup.validate("within-leeway").await, Ok(()));
    // Between its `exp` and the end of the leeway the endpoint is called each time.
    assert_eq!(setup.validate("within-leeway").await, Ok(()));
    assert_eq!(setup.calls(), 3);
}

#[tokio::test]
async fn missing_token_type_is_accepted_only_if_configured() {
    let text = format!(r#"{{"active":true,"aud":"{AUDIENCE}","exp":1800000300}}"#);
    let endless = format!(r#"{{"active":true,"aud":"{AUDIENCE}"}}"#);
    let setup = Setup::new();
    setup.idp.know_as("a", &*text);
    assert_eq!(setup.validate("a").await, Err(RejectionKind::ClaimMissing));
    let setup = Setup::with(|_, builder| builder.accept_missing_token_type());
    setup.idp.know_as("a", &*text);
    setup.idp.know_as("b", &*endless);
    assert_eq!(setup.validate("a").await, Ok(()));
    assert_eq!(setup.validate("b").await, Err(RejectionKind::ClaimMissing));
}

/// No token can add a parameter to the request.
///
/// Defect D05 (injection into the introspection request): docs/defects.md
#[tokio::test]
async fn token_is_sent_as_one_value_and_malformed_ones_are_not_sent() {
    use bearergate::TokenValidator;
    use bearergate::credential::PresentedCredential;
    use bearergate::testing::FakeEndpoint;

    let setup = Setup::new();
    for odd in [
        "a&token_type_hint=x",
        "a\r\nX: y",
        "a%00",
        "",
        "a b",
        "\u{e9}",
    ] {
        let presented = PresentedCredential::token(odd);
        let result = setup.validator.validate(&presented).await;
        let kind = result.unwrap_err().kind();
        assert_eq!(kind, RejectionKind::TokenMalformed, "{odd:?}");
    }
    assert_eq!(setup.calls(), 0);
    let result = setup.validate("a+b/c~d==").await;
    assert_eq!(result, Err(RejectionKind::TokenInactive));
    let seen = setup.idp.requests(FakeEndpoint::Introspection);
    assert_eq!(seen[0].form("token").as_deref(), Some("a+b/c~d=="));
    let hint = seen[0].form("token_type_hint");
    assert_eq!(hint.as_deref(), Some("access_token"));
}

#[tokio::test]
async fn too_large_token_is_not_sent() {
    let setup = Setup::new();
    let result = setup.validate(&"a".repeat(16 * 1024 + 1)).await;
    assert_eq!(result, Err(RejectionKind::TokenTooLarge));
    assert_eq!(setup.calls(), 0);
    let result = setup.validate(&"a".repeat(16 * 1024)).await;
    assert_eq!(result, Err(RejectionKind::TokenInactive));
}

/// The claims of a token are held to the same caps, from every source.
#[tokio::test]
async fn token_with_too_many_claims_is_too_large() {
    use bearergate::testing::{Answer, FakeEndpoint, Fault};

    let setup = Setup::new();
    let members = |n: usize| (0..n).map(|n| format!(",\"m{n}\":0")).collect::<String>();
    let own = r#""active":true,"token_type":"Bearer","exp":1800000300"#;
    let own = format!(r#"{own},"aud":"{}""#, crate::common::AUDIENCE);
    for (at, (rest, expected)) in [
        (members(252), Ok(())),
        (members(253), Err(RejectionKind::TokenTooLarge)),
        (format!(r#","x":{{"a":0{}}}"#, members(1_023)), Ok(())),
        (
            format!(r#","x":{{"a":0{}}}"#, members(1_024)),
            Err(RejectionKind::TokenTooLarge),
        ),
        (
            format!(r#","x":{}{}"#, "[".repeat(32), "]".repeat(32)),
            Err(RejectionKind::TokenTooLarge),
        ),
        // The endpoint is to blame for what is no JSON.
        (",".to_owned(), Err(RejectionKind::Unavailable)),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = Answer::new(200).content("application/json", format!("{{{own}{rest}}}"));
        setup
            .idp
            .fail(FakeEndpoint::Introspection, Fault::Answer(answer));
        let result = setup.validate(&format!("token-{at}")).await;
        assert_eq!(result, expected, "{at}");
    }
}

/// An endpoint that rejects JWTs is a problem for the operator, not an inactive token.
#[tokio::test]
async fn unsupported_token_type_makes_the_token_unavailable() {
    use bearergate::testing::{Answer, FakeEndpoint, Fault};

    let setup = Setup::new();
    let body = r#"{"error":"unsupported_token_type"}"#;
    let answer = Answer::new(400).content("application/json", body);
    setup
        .idp
        .fail(FakeEndpoint::Introspection, Fault::Answer(answer));
    assert_eq!(setup.validate("a").await, Err(RejectionKind::Unavailable));
    let problem = setup.events().calls[0].unwrap();
    assert!(problem.contains("unsupported_token_type"), "{problem}");
}

/// An introspected JWT has the same id when another valid form of its signature is presented.
#[tokio::test]
async fn jwt_has_one_token_id_whatever_its_signature() {
    let setup = Setup::new();
    let claims = setup.claims();
    let jwt = claims.sign();
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    let twin = format!("{signed}.AAAA");
    setup.idp.know(&*jwt, &claims);
    setup.idp.know(&*twin, &claims);
    let first = setup.principal(&jwt).await.unwrap();
    let second = setup.principal(&twin).await.unwrap();
    assert_eq!(first.token_id(), second.token_id());
    let other = setup.principal(&setup.active_token()).await.unwrap();
    assert_ne!(first.token_id(), other.token_id());
}

/// Its disclosures are not for the endpoint; no other validator may get it either.
#[tokio::test]
async fn sd_jwt_and_what_is_no_token_never_reach_the_endpoint() {
    let setup = Setup::new();
    let jwt = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
    for token in [
        format!("{jwt}~"),
        format!("{jwt}~WyJhIl0~"),
        format!("{jwt}~d.e.f"),
    ] {
        setup.idp.know(&token, &setup.claims());
        let malformed = Err(RejectionKind::TokenMalformed);
        assert_eq!(setup.validate(&token).await, malformed, "{token}");
    }
    let token = setup.active_token();
    let api_key = format!("ApiKey {token}");
    let sources = Sources::builder().api_key().build().unwrap();
    let presented = sources.authorization(&api_key).unwrap();
    let rejected = setup.validator.validate(&presented).await.unwrap_err();
    assert_eq!(rejected.kind(), RejectionKind::CredentialMalformed);
    assert_eq!(setup.calls(), 0);
    // The twins: a JWT, a token with a `~`, and the same token under `Bearer`.
    for (text, calls) in [(jwt, 1), ("ab~cd", 2), (&*token, 3)] {
        setup.idp.know(text, &setup.claims());
        assert_eq!(setup.validate(text).await, Ok(()), "{text}");
        assert_eq!(setup.calls(), calls);
    }
}
