//! Faults: nothing that goes wrong is a verdict.

use bearergate::RejectionKind;
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, Fault};

use crate::common::Scene;

const UNAVAILABLE: Result<(), RejectionKind> = Err(RejectionKind::Unavailable);

/// Defect D04 (fault of the endpoint lets in): docs/defects.md
#[tokio::test]
async fn every_fault_leaves_the_token_unjudged_and_is_not_kept() {
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
        Fault::Status(404),
        Fault::Status(401),
        Fault::Reset,
        Fault::Html,
        Fault::Truncated,
        Fault::Huge(10 * 1024 * 1024),
        Fault::ContentType("text/plain".to_owned()),
        Fault::Answer(Answer::new(204)),
        Fault::Answer(Answer::json("")),
        Fault::Answer(Answer::json("[]")),
    ] {
        let scene = Scene::new();
        let token = scene.good();
        scene.idp.fail(FakeEndpoint::Introspection, fault.clone());
        assert_eq!(scene.judge(&token).await, UNAVAILABLE, "{fault:?}");
        assert!(scene.told().calls.iter().all(Option::is_some));
        scene.idp.heal(FakeEndpoint::Introspection);
        assert_eq!(scene.judge(&token).await, Ok(()), "{fault:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_given_up_within_its_time() {
    let scene = Scene::hasty();
    let token = scene.good();
    scene.idp.fail(FakeEndpoint::Introspection, Fault::Hang);
    let begun = std::time::Instant::now();
    assert_eq!(scene.judge(&token).await, UNAVAILABLE);
    assert!(begun.elapsed().as_secs() < 60);
    scene.idp.heal(FakeEndpoint::Introspection);
    assert_eq!(scene.judge(&token).await, Ok(()));
}

#[tokio::test]
async fn no_credential_follows_a_redirect() {
    let scene = Scene::new();
    let other = FakeIssuer::start().unwrap();
    let token = scene.good();
    let place = other.endpoint(FakeEndpoint::Introspection);
    scene
        .idp
        .fail(FakeEndpoint::Introspection, Fault::Redirect(place));
    assert_eq!(scene.judge(&token).await, UNAVAILABLE);
    assert_eq!(other.total(), 0);
    assert_eq!(scene.calls(), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_a_finding_and_not_an_inactive_token() {
    let scene = Scene::new();
    let token = scene.good();
    scene.idp.dismiss();
    assert_eq!(scene.judge(&token).await, UNAVAILABLE);
    assert!(scene.told().calls[0].unwrap().contains("credentials"));
    let refused = scene.validator.probe().await.unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::Unavailable);
    scene
        .idp
        .admit(FakeIssuer::CLIENT_ID, FakeIssuer::CLIENT_SECRET);
    assert!(scene.validator.probe().await.is_ok());
    assert_eq!(scene.judge(&token).await, Ok(()));
}

#[tokio::test]
async fn five_failures_open_the_circuit_and_known_tokens_still_pass() {
    let scene = Scene::new();
    let known = scene.good();
    assert_eq!(scene.judge(&known).await, Ok(()));
    scene
        .idp
        .fail(FakeEndpoint::Introspection, Fault::Status(503));
    for n in 0..20 {
        assert_eq!(scene.judge(&format!("token-{n}")).await, UNAVAILABLE);
    }
    assert_eq!(scene.calls(), 1 + 5);
    assert_eq!(scene.told().openings, 1);
    assert_eq!(scene.judge(&known).await, Ok(()));

    // One call tries after the pause, and the others wait for none.
    scene.pass(5);
    assert_eq!(scene.judge("token-20").await, UNAVAILABLE);
    assert_eq!(scene.judge("token-21").await, UNAVAILABLE);
    assert_eq!(scene.calls(), 1 + 5 + 1);

    scene.idp.heal(FakeEndpoint::Introspection);
    let fresh = scene.good();
    assert_eq!(scene.judge(&fresh).await, UNAVAILABLE);
    scene.pass(5);
    assert_eq!(scene.judge(&fresh).await, Ok(()));
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
}

#[tokio::test]
async fn status_500_neither_counts_nor_clears() {
    let scene = Scene::new();
    let fail = |status| {
        scene
            .idp
            .fail(FakeEndpoint::Introspection, Fault::Status(status))
    };
    for (at, status) in [502, 503, 504, 502, 500, 500, 500, 500, 500, 500]
        .iter()
        .enumerate()
    {
        fail(*status);
        assert_eq!(scene.judge(&format!("token-{at}")).await, UNAVAILABLE);
    }
    assert_eq!((scene.calls(), scene.told().openings), (10, 0));
    fail(503);
    assert_eq!(scene.judge("last").await, UNAVAILABLE);
    assert_eq!(scene.told().openings, 1);
}

#[tokio::test]
async fn a_provider_that_went_down_is_asked_again_when_it_is_back() {
    let scene = Scene::new();
    let token = scene.good();
    scene.idp.down();
    for n in 0..10 {
        assert_eq!(scene.judge(&format!("token-{n}")).await, UNAVAILABLE);
    }
    assert_eq!(scene.told().openings, 1);
    scene.idp.up().unwrap();
    scene.pass(35);
    assert_eq!(scene.judge(&token).await, Ok(()));
}

/// Only what never reached the endpoint is sent twice.
#[tokio::test]
async fn what_was_sent_is_not_sent_again() {
    for fault in [Fault::Status(503), Fault::Truncated, Fault::Hang] {
        let scene = Scene::hasty();
        scene.idp.fail(FakeEndpoint::Introspection, fault.clone());
        assert_eq!(scene.judge("a").await, UNAVAILABLE);
        assert_eq!(scene.calls(), 1, "{fault:?}");
    }
}
