//! Explanations of tokens that the endpoint knows: the result of the validation, one failed step.

use bearergate::TokenValidator;
use bearergate::credential::{PresentedCredential, Sources};
use serde_json::json;

use crate::common::{AUDIENCE, START, Setup};

/// Explains a token and validates it, compares the results, and returns the step that failed.
async fn failed(setup: &Setup, presented: &PresentedCredential<'_>) -> Option<(String, String)> {
    let explained = setup.validator.explain(presented).await;
    let validated = setup.validator.validate(presented).await;
    let kind = explained.rejection().map(|rejection| rejection.kind());
    assert_eq!(
        kind,
        validated.err().map(|rejection| rejection.kind()),
        "{explained}"
    );
    assert_eq!(explained.steps().len(), 13, "{explained}");
    let token = presented.credential().expose();
    for text in [
        explained.to_string(),
        explained.to_json(),
        format!("{explained:?}"),
    ] {
        assert!(!text.contains(token) && !text.contains("canary"), "{text}");
    }
    let step = explained.failed()?;
    assert!(step.expected_text().is_some());
    Some((
        step.name().to_owned(),
        step.found_text().unwrap().to_owned(),
    ))
}

#[tokio::test]
async fn every_step_of_an_answer_fails_and_passes() {
    let setup = Setup::new();
    let end = START.as_secs() + 300;
    for (at, (changed, value, expected)) in [
        ("sub", json!("canary"), None),
        ("iss", json!("https://other.example.com"), Some("issuer")),
        ("aud", json!("https://other.example.com"), Some("audience")),
        ("exp", json!(1), Some("expiry")),
        ("nbf", json!(end), Some("not_before")),
        ("exp", json!("canary"), Some("claims")),
        ("token_use", json!("id"), Some("type")),
        ("cnf", json!({"jkt": "A".repeat(43)}), Some("binding")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut answer = json!({
            "active": true, "token_type": "Bearer", "sub": "canary", "exp": end,
            "iss": setup.idp.url(), "aud": AUDIENCE,
        });
        answer[changed] = value;
        let token = format!("token-{at}");
        setup.idp.know_as(&token, answer.to_string());
        let presented = PresentedCredential::bearer(&token).unwrap();
        let name = failed(&setup, &presented).await.map(|(name, _)| name);
        assert_eq!(name.as_deref(), expected, "{changed}");
    }
}

#[tokio::test]
async fn inactive_token_and_endpoint_without_an_answer_are_told_apart() {
    let setup = Setup::new();
    let unknown = PresentedCredential::bearer("unknown-token").unwrap();
    let (name, _) = failed(&setup, &unknown).await.unwrap();
    assert_eq!(name, "active");
    setup
        .idp
        .know_as("odd-token", format!(r#"{{"active":1,"aud":"{AUDIENCE}"}}"#));
    let odd = PresentedCredential::bearer("odd-token").unwrap();
    let (name, found) = failed(&setup, &odd).await.unwrap();
    assert_eq!(name, "endpoint");
    assert!(found.contains("could not be validated"), "{found}");
}

#[tokio::test]
async fn what_the_endpoint_is_not_asked_about_is_explained_without_a_call() {
    let setup = Setup::new();
    let long = "a".repeat(20_000);
    let long = PresentedCredential::token(&long);
    assert_eq!(failed(&setup, &long).await.unwrap().0, "size");
    let spaced = PresentedCredential::token("a b");
    assert_eq!(
        failed(&setup, &spaced).await.unwrap(),
        (
            "form".to_owned(),
            "another character at position 2".to_owned()
        )
    );
    let sources = Sources::builder().api_key().build().unwrap();
    let keyed = sources.authorization("ApiKey abcdefghij").unwrap();
    assert_eq!(failed(&setup, &keyed).await.unwrap().0, "scheme");
    setup.clock.stop();
    let timeless = PresentedCredential::token("abcdefghij");
    assert_eq!(failed(&setup, &timeless).await.unwrap().0, "clock");
    assert_eq!(setup.calls(), 0);
}

/// An endpoint can repeat the token in a member that is shown.
#[tokio::test]
async fn answer_that_repeats_the_token_is_shown_without_it() {
    let setup = Setup::new();
    let token = "opaque-token-of-a-user-0123456789";
    let end_of_token = token.trim_start_matches("opaque-");
    for (iss, shown) in [
        (token.to_owned(), "(a part of the token)"),
        (
            format!("https://idp.example.com/{end_of_token}"),
            "`https://idp.example.com/(a part of the token)`",
        ),
        ("https://other.example.com".to_owned(), "https://other."),
    ] {
        setup.validator.invalidate_all();
        let end = START.as_secs() + 300;
        let answer = json!({
            "active": true, "token_type": "Bearer", "exp": end, "iss": iss, "aud": AUDIENCE,
        });
        setup.idp.know_as(token, answer.to_string());
        let presented = PresentedCredential::bearer(token).unwrap();
        let (name, found) = failed(&setup, &presented).await.unwrap();
        assert_eq!(name, "issuer");
        assert!(found.contains(shown), "{found}");
        assert!(!found.contains(end_of_token), "{found}");
    }
}
