//! The number of requests to the provider, whatever tokens are presented.

use bearergate::RejectionKind;
use bearergate::clock::UnixTime;
use bearergate::testing::{FakeEndpoint, Fault};

use crate::common::{START, Scene};

/// A flood of unknown key ids costs the provider two fetches, and known keys nothing.
///
/// Defect A43 (flood of unknown key ids): docs/defects.md
#[tokio::test]
async fn a_thousand_bogus_key_ids_are_two_fetches() {
    for is_warm in [true, false] {
        let scene = if is_warm {
            Scene::warm().await
        } else {
            Scene::new()
        };
        let before = scene.fetches();
        for n in 0..1_000 {
            let bogus = scene.with_kid(&format!("bogus-{n}"));
            assert_eq!(
                scene.validate(&bogus).await,
                Err(RejectionKind::KeyNotFound)
            );
        }
        assert_eq!(scene.fetches() - before, 2);
        assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    }
}

#[tokio::test]
async fn the_limit_lasts_for_half_a_minute() {
    let scene = Scene::warm().await;
    for n in 0..5 {
        let bogus = scene.with_kid(&n.to_string());
        assert_eq!(
            scene.validate(&bogus).await,
            Err(RejectionKind::KeyNotFound)
        );
    }
    assert_eq!(scene.fetches(), 3);
    scene.idp.rotate();
    assert_eq!(
        scene.validate(&scene.good()).await,
        Err(RejectionKind::KeyNotFound)
    );
    scene.pass(29);
    assert_eq!(
        scene.validate(&scene.good()).await,
        Err(RejectionKind::KeyNotFound)
    );
    scene.pass(1);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.fetches(), 4);
}

/// The limit counts attempts, not successes, and a token whose key id could not be looked up gives
/// `unavailable`.
///
/// Defect A44 (limit on fetches bypassed): docs/defects.md
#[tokio::test]
async fn a_flood_while_the_provider_fails_is_unavailable_and_sends_few_requests() {
    let scene = Scene::warm().await;
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Status(500));
    for n in 0..1_000 {
        let bogus = scene.with_kid(&n.to_string());
        assert_eq!(
            scene.validate(&bogus).await,
            Err(RejectionKind::Unavailable)
        );
    }
    assert!(scene.fetches() <= 3, "{}", scene.fetches());
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
}

/// An empty set is a failed fetch.
///
/// Defect A44 (limit on fetches bypassed): docs/defects.md
#[tokio::test]
async fn an_empty_set_is_a_failure_and_a_flood_does_not_repeat_the_request() {
    let scene = Scene::new();
    scene.idp.publish([]);
    for n in 0..1_000 {
        let result = scene.validate(&scene.with_kid(&n.to_string())).await;
        assert_eq!(result, Err(RejectionKind::Unavailable));
    }
    assert_eq!(scene.fetches(), 1);
    let key = scene.idp.key();
    scene.idp.publish([&key]);
    assert_eq!(
        scene.validate(&scene.good()).await,
        Err(RejectionKind::Unavailable)
    );
    scene.pass(1);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.fetches(), 2);
}

/// An empty set after a good one does not withdraw its keys.
///
/// Defect A46 (bad answer replaces good keys): docs/defects.md
#[tokio::test]
async fn an_empty_set_does_not_replace_good_keys() {
    let scene = Scene::warm().await;
    let good = scene.good();
    scene.idp.publish([]);
    scene.pass(595);
    assert_eq!(scene.validate_now(&good), Some(Ok(())));
    scene.ended(2).await;
    assert!(scene.recorded().fetches[1].is_some());
    assert_eq!(scene.validate_now(&good), Some(Ok(())));
    for n in 0..100 {
        let result = scene.validate(&scene.with_kid(&n.to_string())).await;
        assert_eq!(result, Err(RejectionKind::Unavailable));
    }
    assert_eq!(scene.fetches(), 2);
}

#[tokio::test]
async fn failed_loads_back_off_and_recover_within_half_a_minute() {
    let scene = Scene::new();
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Status(503));
    let mut fetches = Vec::new();
    for second in 0..100 {
        assert_eq!(
            scene.validate(&scene.good()).await,
            Err(RejectionKind::Unavailable)
        );
        if scene.fetches() > fetches.len() {
            fetches.push(second);
        }
        scene.pass(1);
    }
    assert_eq!(fetches, [0, 1, 3, 7, 15, 31, 61, 91]);
    scene.idp.heal(FakeEndpoint::Jwks);
    scene.pass(30);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
}

#[tokio::test]
async fn a_step_of_the_clock_costs_a_fetch_and_changes_no_result() {
    let scene = Scene::warm().await;
    let token = scene.token().without("iat").sign();
    scene
        .clock
        .set(UnixTime::from_secs(START.as_secs() - 86_400));
    assert_eq!(scene.validate_now(&token), Some(Ok(())));
    scene.ended(2).await;
    assert_eq!(scene.validate_now(&token), Some(Ok(())));
    scene
        .clock
        .set(UnixTime::from_secs(START.as_secs() + 86_400));
    assert_eq!(scene.validate(&token).await, Ok(()));
    assert_eq!(scene.fetches(), 3);
    scene.clock.stop();
    assert_eq!(
        scene.validate(&token).await,
        Err(RejectionKind::Unavailable)
    );
    scene.clock.set(START);
    assert_eq!(scene.validate(&token).await, Ok(()));
}
