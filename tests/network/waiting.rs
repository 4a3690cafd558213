//! Waiting for keys: which requests wait, and for what.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bearergate::credential::PresentedCredential;
use bearergate::crypto::Algorithm;
use bearergate::key::{KeyHint, KeyStatus};
use bearergate::testing::{FakeEndpoint, Fault};
use bearergate::{KeyStore, RejectionKind, TokenValidator};

use crate::common::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_waiters_of_a_failed_fetch_get_its_result_and_do_not_repeat_it() {
    let scene = Arc::new(Scene::new());
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Hold);
    let ask = || {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move { scene.validate(&scene.good()).await })
    };
    let mut tasks = vec![ask()];
    assert!(scene.idp.wait_for(FakeEndpoint::Jwks, 1));
    tasks.extend((1..1_000).map(|_| ask()));
    // A request that is held gets no response.
    scene.idp.down();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Err(RejectionKind::Unavailable));
    }
    assert_eq!(scene.fetches(), 1);
}

#[tokio::test]
async fn no_request_waits_for_a_slow_provider_while_a_key_is_usable() {
    for passed in [595, 650, 4_000] {
        let scene = Scene::warm().await;
        scene.idp.fail(FakeEndpoint::Jwks, Fault::Hold);
        scene.pass(passed);
        let token = scene.good();
        let mut spans = Vec::new();
        for _ in 0..101 {
            let begun = Instant::now();
            // A ready result has not waited.
            assert_eq!(scene.validate_now(&token), Some(Ok(())), "{passed}");
            spans.push(begun.elapsed());
            tokio::task::yield_now().await;
        }
        // The fastest request counts: delays of the machine are not caused by the provider.
        assert!(
            spans.iter().min() < Some(&Duration::from_millis(5)),
            "{spans:?}"
        );
        scene.idp.heal(FakeEndpoint::Jwks);
        scene.ended(2).await;
        assert_eq!(scene.fetches(), 2);
    }
}

#[tokio::test]
async fn a_request_with_a_known_key_does_not_wait_for_the_look_up_of_another() {
    let scene = Scene::warm().await;
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Hold);
    let bogus = scene.with_kid("bogus");
    let presented = PresentedCredential::bearer(&bogus).unwrap();
    let mut waiting = pin!(scene.validator.validate(&presented));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.idp.heal(FakeEndpoint::Jwks);
    let refused = waiting.await.unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::KeyNotFound);
}

#[tokio::test]
async fn a_dropped_request_does_not_cancel_the_fetch() {
    let scene = Scene::new();
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Hold);
    {
        let token = scene.good();
        let presented = PresentedCredential::bearer(&token).unwrap();
        let mut waiting = pin!(scene.validator.validate(&presented));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
    }
    scene.idp.heal(FakeEndpoint::Jwks);
    scene.ended(1).await;
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    assert_eq!(scene.fetches(), 1);
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_poll() {
    let scene = Scene::new();
    let token = scene.good();
    let presented = PresentedCredential::bearer(&token).unwrap();
    drop(scene.validator.validate(&presented));
    assert_eq!(scene.validate_now(&token), None);
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(scene.idp.total(), 0);
}

/// When a runtime ends, its tasks are dropped; later requests must not wait for them.
#[test]
fn a_fetch_whose_runtime_ends_has_failed() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let scene = Scene::new();
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Hold);
    let first = runtime();
    first.block_on(async {
        let waiting = scene.good();
        let gone = tokio::time::timeout(Duration::from_millis(50), scene.validate(&waiting)).await;
        assert!(gone.is_err());
    });
    drop(first);
    scene.idp.heal(FakeEndpoint::Jwks);
    assert_eq!(scene.recorded().fetches.len(), 1);
    scene.pass(1);
    assert_eq!(runtime().block_on(scene.validate(&scene.good())), Ok(()));
}

#[tokio::test]
async fn known_keys_are_found_without_allocation() {
    let scene = Scene::warm().await;
    let kid = scene.idp.key().kid().to_owned();
    let hint = KeyHint::new(Some(&kid), Algorithm::Es256);
    let id = scene.idp.key().public().id();
    let mut found = None;
    let cost = allocation_counter::measure(|| {
        found = Some(scene.keys.find(hint).try_now().is_ok());
        assert_eq!(scene.keys.status(&id), KeyStatus::Fresh);
    });
    assert_eq!((found, cost.count_total), (Some(true), 0));
}
