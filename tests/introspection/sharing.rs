//! One call for a token, whoever presents it, and what is remembered of it.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use bearergate::RejectionKind;
use bearergate::testing::{FakeEndpoint, Fault};

use crate::common::Scene;

#[tokio::test]
async fn an_active_token_costs_one_call_a_minute() {
    let scene = Scene::new();
    let token = scene.good();
    assert_eq!(scene.judge(&token).await, Ok(()));
    scene.pass(59);
    assert_eq!(scene.judge_now(&token), Some(Ok(())));
    assert_eq!((scene.calls(), scene.told().hits), (1, 1));
    scene.pass(1);
    assert_eq!(scene.judge_now(&token), None);
    assert_eq!(scene.judge(&token).await, Ok(()));
    assert_eq!(scene.calls(), 2);
}

/// Defect C04 (cached past its end): docs/defects.md
#[tokio::test]
async fn a_token_is_not_remembered_past_its_end() {
    let scene = Scene::new();
    let claims = scene.claims().expires_in(Duration::from_secs(10));
    let token = scene.idp.opaque(&claims);
    assert_eq!(scene.judge(&token).await, Ok(()));
    scene.pass(9);
    assert_eq!(scene.judge_now(&token), Some(Ok(())));
    scene.pass(1);
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(scene.judge(&token).await, inactive);
}

/// Defect C06 (rejection cached too long): docs/defects.md
#[tokio::test]
async fn an_inactive_token_is_asked_about_again_after_five_seconds() {
    let scene = Scene::new();
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(scene.judge("late").await, inactive);
    scene.idp.know("late", &scene.claims());
    scene.pass(4);
    assert_eq!(scene.judge("late").await, inactive);
    assert_eq!(scene.calls(), 1);
    scene.pass(1);
    assert_eq!(scene.judge("late").await, Ok(()));
}

/// Defect C05 (cached after revocation or removal of the key): docs/defects.md
#[tokio::test]
async fn an_invalidated_token_is_asked_about_at_once() {
    let scene = Scene::new();
    let (token, other) = (scene.good(), scene.good());
    assert_eq!(scene.judge(&token).await, Ok(()));
    assert_eq!(scene.judge(&other).await, Ok(()));
    scene.idp.revoke(&token);
    assert_eq!(scene.judge(&token).await, Ok(()));
    scene.validator.invalidate(&token);
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(scene.judge(&token).await, inactive);
    assert_eq!(scene.judge_now(&other), Some(Ok(())));
    scene.validator.invalidate_all();
    assert_eq!(scene.judge_now(&other), None);
}

#[tokio::test]
async fn an_answer_that_was_under_way_when_its_token_was_invalidated_does_not_count() {
    let scene = Arc::new(Scene::new());
    let token = scene.good();
    scene.idp.fail(FakeEndpoint::Introspection, Fault::Hold);
    let waiting = tokio::spawn({
        let (scene, token) = (Arc::clone(&scene), token.clone());
        async move { scene.judge(&token).await }
    });
    let idp = Arc::clone(&scene);
    let asked = move || idp.idp.wait_for(FakeEndpoint::Introspection, 1);
    assert!(tokio::task::spawn_blocking(asked).await.unwrap());
    scene.idp.revoke(&token);
    scene.validator.invalidate(&token);
    scene.idp.heal(FakeEndpoint::Introspection);
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(waiting.await.unwrap(), inactive);
    assert_eq!(scene.judge(&token).await, inactive);
    assert_eq!(scene.calls(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_with_one_token_are_one_call() {
    let scene = Arc::new(Scene::new());
    let token = scene.good();
    scene.idp.fail(FakeEndpoint::Introspection, Fault::Hold);
    let ask = || {
        let (scene, token) = (Arc::clone(&scene), token.clone());
        tokio::spawn(async move { scene.judge(&token).await })
    };
    // The others come once the call is on its way: on a slow machine their crowd might not let it
    // connect within its second.
    let mut waiting = vec![ask()];
    let idp = Arc::clone(&scene);
    let asked = move || idp.idp.wait_for(FakeEndpoint::Introspection, 1);
    assert!(tokio::task::spawn_blocking(asked).await.unwrap());
    waiting.extend((1..10_000).map(|_| ask()));
    scene.idp.heal(FakeEndpoint::Introspection);
    for judged in waiting {
        assert_eq!(judged.await.unwrap(), Ok(()));
    }
    assert_eq!(scene.calls(), 1);
}

#[tokio::test]
async fn a_cancelled_request_does_not_cancel_the_call() {
    let scene = Scene::new();
    let token = scene.good();
    scene.idp.fail(FakeEndpoint::Introspection, Fault::Hold);
    let mut first = Box::pin(scene.judge(&token));
    let mut second = Box::pin(scene.judge(&token));
    let soon = Duration::from_millis(50);
    assert!(tokio::time::timeout(soon, &mut first).await.is_err());
    assert!(tokio::time::timeout(soon, &mut second).await.is_err());
    drop(first);
    scene.idp.heal(FakeEndpoint::Introspection);
    assert_eq!(second.await, Ok(()));
    assert_eq!(scene.calls(), 1);
}

#[tokio::test]
async fn no_more_than_64_calls_are_in_flight() {
    let scene = Arc::new(Scene::new());
    scene.idp.fail(FakeEndpoint::Introspection, Fault::Hold);
    // At most 64 calls to one endpoint run at the same time.
    let tokens: Vec<_> = (0..64).map(|_| scene.good()).collect();
    let waiting: Vec<_> = tokens
        .iter()
        .map(|token| {
            let (scene, token) = (Arc::clone(&scene), token.clone());
            tokio::spawn(async move { scene.judge(&token).await })
        })
        .collect();
    // Lets each of them begin its call.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let late = scene.judge(&scene.good()).await;
    assert_eq!(late, Err(RejectionKind::Unavailable));
    scene.idp.heal(FakeEndpoint::Introspection);
    for judged in waiting {
        assert_eq!(judged.await.unwrap(), Ok(()));
    }
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
}

#[tokio::test]
async fn a_remembered_token_is_judged_without_memory() {
    let scene = Scene::new();
    let token = scene.good();
    assert_eq!(scene.judge(&token).await, Ok(()));
    assert_eq!(scene.judge_now(&token), Some(Ok(())));
    let taken = measure(|| assert_eq!(scene.judge_now(&token), Some(Ok(()))));
    assert_eq!(taken.count_total, 0);
}

#[tokio::test]
async fn nothing_happens_before_the_first_poll() {
    let scene = Scene::new();
    let token = scene.good();
    assert_eq!(scene.judge_now(&token), None);
    assert_eq!(scene.calls(), 0);
    assert!(scene.told().calls.is_empty());
}
