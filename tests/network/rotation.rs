//! Keys that are added, replaced and withdrawn.

use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::key::{FetchedKeys, KeyStatus};
use bearergate::testing::{Answer, FakeEndpoint, FakeKey, Fault};
use bearergate::{KeyStore, RejectionKind};

use crate::common::Scene;

#[tokio::test]
async fn keys_are_fetched_at_first_use_and_once() {
    let scene = Scene::new();
    assert_eq!(scene.fetches(), 0);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    assert_eq!(scene.fetches(), 1);
}

#[tokio::test]
async fn warming_up_fetches_before_the_first_token() {
    let scene = Scene::new();
    scene.keys.warm_up().await.unwrap();
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    assert_eq!(scene.fetches(), 1);
}

#[tokio::test]
async fn a_rotated_key_is_found_at_once_and_the_old_one_stops() {
    let scene = Scene::warm().await;
    let old = scene.good();
    scene.idp.rotate();
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.fetches(), 2);
    assert_eq!(scene.validate(&old).await, Err(RejectionKind::KeyNotFound));
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    assert_eq!(scene.fetches(), 3);
}

/// A withdrawn key is no longer used after the next refresh, also for cached results.
///
/// Defects A45 (withdrawn key still verifies), C05 (cached after revocation or removal of the key):
/// docs/defects.md
#[tokio::test]
async fn a_smaller_set_replaces_the_larger_one() {
    let scene = Scene::new();
    let (stays, goes) = (FakeKey::es256("stays"), FakeKey::es256("goes"));
    scene.idp.publish([&stays, &goes]);
    let (good, bad) = (
        scene.token().key(&stays).sign(),
        scene.token().key(&goes).sign(),
    );
    assert_eq!(scene.validate(&bad).await, Ok(()));
    scene.idp.publish([&stays]);
    scene.pass(595);
    assert_eq!(scene.validate_now(&good), Some(Ok(())));
    scene.ended(2).await;
    assert_eq!(scene.keys.status(&goes.public().id()), KeyStatus::Gone);
    assert_eq!(scene.keys.status(&stays.public().id()), KeyStatus::Fresh);
    assert_eq!(scene.validate(&bad).await, Err(RejectionKind::KeyNotFound));
    assert_eq!(scene.validate(&good).await, Ok(()));
}

/// An unusable key is skipped and reported; the other keys of the set are not affected.
///
/// Defect A42 (one bad key voids the set): docs/defects.md
#[tokio::test]
async fn a_bad_key_in_the_set_does_not_affect_the_others() {
    let scene = Scene::new();
    scene
        .idp
        .publish_also(r#"{"kty":"AKP","alg":"ML-DSA-44","kid":"of tomorrow"}"#);
    scene
        .idp
        .publish_also(r#"{"kty":"RSA","n":"!!","e":"AQAB"}"#);
    scene
        .idp
        .publish_also(r#"{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}"#);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.recorded().skipped, 3);
}

/// Two different keys with one key id verify nothing, whichever is first.
///
/// Defect A41 (duplicate or missing `kid`): docs/defects.md
#[tokio::test]
async fn two_keys_with_one_key_id_are_ambiguous() {
    let scene = Scene::new();
    let (one, other) = (FakeKey::es256("same"), FakeKey::es256("same"));
    let token = scene.token().key(&one).sign();
    scene.idp.publish([&one, &other]);
    assert_eq!(
        scene.validate(&token).await,
        Err(RejectionKind::KeyAmbiguous)
    );
    let twin = Scene::new();
    let token = twin.token().key(&one).sign();
    twin.idp.publish([&one]);
    assert_eq!(twin.validate(&token).await, Ok(()));
}

/// Keys belong to their issuer, whatever their key id.
///
/// Defect A13 (keys cached by `kid` alone): docs/defects.md
#[tokio::test]
async fn a_key_of_another_issuer_with_the_same_key_id_verifies_nothing() {
    let (scene, other) = (Scene::warm().await, Scene::warm().await);
    assert_eq!(scene.idp.key().kid(), other.idp.key().kid());
    let forged = scene.token().forged_by(&other.idp.key()).sign();
    assert_eq!(
        scene.validate(&forged).await,
        Err(RejectionKind::SignatureInvalid)
    );
}

#[tokio::test]
async fn keys_are_refreshed_ahead_of_time_by_requests_and_by_caches() {
    let scene = Scene::warm().await;
    let id = scene.idp.key().public().id();
    scene.pass(479);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    assert_eq!(scene.keys.status(&id), KeyStatus::Fresh);
    tokio::task::yield_now().await;
    assert_eq!(scene.fetches(), 1);
    scene.pass(116);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.ended(2).await;
    scene.pass(595);
    assert_eq!(scene.keys.status(&id), KeyStatus::Fresh);
    scene.ended(3).await;
    assert_eq!((scene.fetches(), scene.recorded().stale), (3, 0));
}

#[tokio::test]
async fn the_response_sets_how_long_keys_are_fresh() {
    let scene = Scene::new();
    scene.idp.header(
        FakeEndpoint::Jwks,
        ("cache-control", "public, max-age=3600"),
    );
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    scene.pass(2_800);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    tokio::task::yield_now().await;
    assert_eq!(scene.fetches(), 1);
    scene.pass(700);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.ended(2).await;
    assert_eq!(scene.fetches(), 2);
}

#[tokio::test]
async fn a_confirmed_set_is_kept() {
    let scene = Scene::new();
    scene.idp.header(FakeEndpoint::Jwks, ("etag", "\"one\""));
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    let confirm = Answer::new(304).header("cache-control", "max-age=120");
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Answer(confirm));
    scene.pass(595);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.ended(2).await;
    let requests = scene.idp.requests(FakeEndpoint::Jwks);
    assert_eq!(requests[0].header("if-none-match"), None);
    assert_eq!(requests[1].header("if-none-match"), Some("\"one\""));
    assert_eq!(scene.recorded().fetches, [None, None]);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    // Fresh for 120 s, refreshed after 96 to 108.
    scene.pass(109);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.ended(3).await;
    assert_eq!(scene.recorded().stale, 0);
}

#[tokio::test]
async fn an_unasked_not_modified_confirms_nothing() {
    let scene = Scene::new();
    scene
        .idp
        .fail(FakeEndpoint::Jwks, Fault::Answer(Answer::new(304)));
    let result = scene.validate(&scene.good()).await;
    assert_eq!(result, Err(RejectionKind::Unavailable));
}

#[tokio::test]
async fn keys_without_a_key_id_verify_after_the_look_up_of_the_tokens_key_id() {
    let scene = Scene::new();
    let named = scene.with_kid("a name that the set does not have");
    let jwk = scene.idp.key().jwk().replace("\"kid\"", "\"not-kid\"");
    scene.idp.publish([]);
    scene.idp.publish_also(jwk);
    assert_eq!(scene.validate(&named).await, Ok(()));
    assert_eq!(scene.validate_now(&named), Some(Ok(())));
    assert_eq!(scene.fetches(), 1);
}

/// If the key id could not be looked up, a key without one may not be the right key.
#[tokio::test]
async fn keys_without_a_key_id_verify_nothing_while_the_look_up_is_limited_or_fails() {
    for (fails, kind) in [
        (false, RejectionKind::KeyNotFound),
        (true, RejectionKind::Unavailable),
    ] {
        let scene = Scene::new();
        let jwk = scene.idp.key().jwk().replace("\"kid\"", "\"not-kid\"");
        scene.idp.publish([]);
        scene.idp.publish_also(jwk);
        for n in 0..2 {
            assert_eq!(
                scene.validate(&scene.with_kid(&n.to_string())).await,
                Ok(())
            );
        }
        if fails {
            scene.pass(30);
            scene.idp.fail(FakeEndpoint::Jwks, Fault::Status(500));
        }
        assert_eq!(scene.validate(&scene.with_kid("third")).await, Err(kind));
    }
}

#[tokio::test]
async fn keys_from_the_disk_cache_are_used_after_a_restart_until_they_expire() {
    let scene = Scene::new();
    let file = std::env::temp_dir().join(format!("bearergate-keys-{}", std::process::id()));
    let store = || {
        let keys = FetchedKeys::jwks_url(&scene.idp.endpoint(FakeEndpoint::Jwks));
        let environment = bearergate::environment::Environment::new()
            .clock(scene.clock.clone())
            .http_client(Client::new().unwrap())
            .spawner(TokioSpawner::new());
        keys.keep_in(&file).env(&environment).build().unwrap()
    };
    store().warm_up().await.unwrap();
    assert_eq!(scene.fetches(), 1);
    scene.idp.down();
    scene.pass(4_199);
    let id = scene.idp.key().public().id();
    let restarted = store();
    restarted.warm_up().await.unwrap();
    assert_eq!(restarted.status(&id), KeyStatus::Stale);
    scene.pass(1);
    assert_eq!(restarted.status(&id), KeyStatus::Unknown);
    assert!(store().warm_up().await.is_err());
    std::fs::write(&file, b"{").unwrap();
    assert!(store().warm_up().await.is_err());
    std::fs::remove_file(&file).unwrap();
}
