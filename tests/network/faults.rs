//! A provider that fails or sends wrong data: tokens are unavailable, and no other address is
//! asked.

use bearergate::key::KeyStatus;
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, Fault};
use bearergate::{KeyStore, RejectionKind};

use crate::common::Scene;

/// All faults except those that take long.
fn faults() -> Vec<Fault> {
    vec![
        Fault::Answer(Answer::json("{}")),
        Fault::Answer(Answer::json(r#"{"keys":{}}"#)),
        Fault::Answer(Answer::json(r#"{"keys":[]}"#)),
        Fault::Answer(Answer::new(204)),
        Fault::Html,
        Fault::Huge(10_000_000),
        Fault::Reset,
        Fault::Status(404),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Truncated,
    ]
}

/// Without keys every token gives `unavailable`: there is no default key.
///
/// Defects A47 (default key when the fetch fails), A48 (fetch without bounds): docs/defects.md
#[tokio::test]
async fn every_fault_before_the_first_keys_is_unavailable_until_it_is_repaired() {
    for fault in faults() {
        let scene = Scene::new();
        let shown = format!("{fault:?}");
        scene.idp.fail(FakeEndpoint::Jwks, fault);
        let result = scene.validate(&scene.good()).await;
        assert_eq!(result, Err(RejectionKind::Unavailable), "{shown}");
        scene.idp.heal(FakeEndpoint::Jwks);
        scene.pass(1);
        assert_eq!(scene.validate(&scene.good()).await, Ok(()), "{shown}");
        assert_eq!(scene.fetches(), 2, "{shown}");
    }
}

/// A good set is used through every fault, for a bounded time.
///
/// Defect A46 (bad answer replaces good keys): docs/defects.md
#[tokio::test]
async fn every_fault_after_a_good_set_leaves_it_in_use() {
    for fault in faults() {
        let scene = Scene::warm().await;
        let shown = format!("{fault:?}");
        // Otherwise the set could be confirmed without a body.
        scene.idp.publish_also(r#"{"kty":"AKP"}"#);
        scene.idp.fail(FakeEndpoint::Jwks, fault);
        scene.pass(650);
        assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())), "{shown}");
        scene.ended(2).await;
        assert!(scene.recorded().fetches[1].is_some(), "{shown}");
        assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())), "{shown}");
        assert_eq!(scene.recorded().stale, 2, "{shown}");
    }
}

/// A redirect of the provider is not followed.
///
/// Defect A48 (fetch without bounds): docs/defects.md
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = FakeIssuer::start().unwrap();
    let scene = Scene::new();
    let key = scene.idp.key();
    elsewhere.publish([&key]);
    let target = elsewhere.endpoint(FakeEndpoint::Jwks);
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Redirect(target));
    assert_eq!(
        scene.validate(&scene.good()).await,
        Err(RejectionKind::Unavailable)
    );
    assert_eq!(elsewhere.total(), 0);
}

#[tokio::test]
async fn a_provider_that_does_not_respond_is_a_failure() {
    let scene = Scene::with_real_deadlines();
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Hang);
    let begun = std::time::Instant::now();
    assert_eq!(
        scene.validate(&scene.good()).await,
        Err(RejectionKind::Unavailable)
    );
    let seconds = begun.elapsed().as_secs_f64();
    // A slow machine may end the wait late, but never early.
    assert!((2.5..60.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn stale_keys_are_used_for_an_hour_of_outage_and_reported() {
    let scene = Scene::warm().await;
    let id = scene.idp.key().public().id();
    scene.idp.down();
    let mut ended = 1;
    for minute in 0..70 {
        let token = scene.good();
        assert_eq!(scene.validate_now(&token), Some(Ok(())), "minute {minute}");
        if minute >= 9 {
            ended += 1;
            scene.ended(ended).await;
        }
        scene.pass(60);
    }
    assert!(scene.recorded().stale >= 60, "{:?}", scene.recorded());
    assert_eq!(scene.keys.status(&id), KeyStatus::Unknown);
    assert_eq!(
        scene.validate(&scene.good()).await,
        Err(RejectionKind::Unavailable)
    );
    scene.idp.up().unwrap();
    scene.pass(30);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.keys.status(&id), KeyStatus::Fresh);
}

#[tokio::test]
async fn a_source_that_requires_a_token_gets_it() {
    let scene = Scene::new();
    let twin = Scene::with_keys(
        scene.clock.clone(),
        FakeIssuer::start().unwrap(),
        bearergate::key::FetchedKeys::jwks_url(&scene.idp.endpoint(FakeEndpoint::Jwks))
            .bearer("s3cret".to_owned()),
    );
    let _ = twin.validate(&twin.good()).await;
    let requests = scene.idp.requests(FakeEndpoint::Jwks);
    assert_eq!(requests[0].header("authorization"), Some("Bearer s3cret"));
    assert!(!format!("{:?} {:?}", twin.keys, twin.validator).contains("s3cret"));
}
