//! Shared calls and cached results.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use allocation_counter::measure;
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::policy::{AccessRequest, Decision};
use bearergate::principal::Confirmation;
use bearergate::testing::{FakeEndpoint, Fault};
use bearergate::validator::SenderConstraint;
use bearergate::{Authorizer, Gate, NowOrLater, Rejection, RejectionKind, TokenValidator};
use serde_json::json;

use crate::common::Setup;

#[tokio::test]
async fn active_token_costs_one_call_a_minute() {
    let setup = Setup::new();
    let token = setup.active_token();
    assert_eq!(setup.validate(&token).await, Ok(()));
    setup.pass(59);
    assert_eq!(setup.validate_now(&token), Some(Ok(())));
    assert_eq!((setup.calls(), setup.events().hits), (1, 1));
    setup.pass(1);
    assert_eq!(setup.validate_now(&token), None);
    assert_eq!(setup.validate(&token).await, Ok(()));
    assert_eq!(setup.calls(), 2);
}

#[tokio::test]
async fn token_under_another_scheme_has_another_entry() {
    let setup = Setup::with(|_, builder| builder.sender_constraint(Proven));
    let bound = json!({"jkt": "A".repeat(43)});
    let token = setup.idp.opaque(&setup.claims().claim("cnf", bound));
    let sources = Sources::builder().dpop().build().unwrap();
    let under = async |scheme: &str| {
        let authorization = format!("{scheme} {token}");
        let presented = sources.authorization(&authorization).unwrap();
        let result = setup.validator.validate(&presented).await;
        (result.is_ok(), setup.calls(), setup.events().hits)
    };
    assert_eq!(under("Bearer").await, (true, 1, 0));
    assert_eq!(under("DPoP").await, (true, 2, 0));
    assert_eq!(under("Bearer").await, (true, 2, 1));
    assert_eq!(under("DPoP").await, (true, 2, 2));
}

#[tokio::test]
async fn gate_that_waits_for_its_authorizer_has_asked_for_no_proof() {
    let proofs = Arc::new(AtomicUsize::new(0));
    let count = Counted(proofs.clone());
    let setup = Setup::with(|_, builder| builder.sender_constraint(count));
    let token = setup
        .idp
        .opaque(&setup.claims().claim("cnf", json!({"jkt": "A".repeat(43)})));
    let gate = Gate::builder()
        .validator(setup.validator.clone())
        .authorizer(Slow)
        .clock(setup.clock.clone())
        .build()
        .unwrap();
    let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
    let request = request.body(()).unwrap();
    // The second time the token is in the cache.
    for checks in [1, 2] {
        assert!(gate.try_check_now(&request).is_none());
        assert_eq!(proofs.load(Ordering::SeqCst), checks - 1);
        assert!(gate.check(&request).await.is_ok());
        assert_eq!(proofs.load(Ordering::SeqCst), checks);
    }
    assert_eq!((setup.calls(), setup.events().hits), (1, 2));
}

/// Counts the proofs that it accepts.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl SenderConstraint for Counted {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        NowOrLater::now(Ok(()))
    }
}

/// Allows everything, later.
#[derive(Debug)]
struct Slow;

impl Authorizer for Slow {
    fn authorize<'a>(&'a self, _: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::later(async { Decision::allow() })
    }
}

/// Accepts every proof.
#[derive(Debug)]
struct Proven;

impl SenderConstraint for Proven {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

/// Defect C04 (cached past its end): docs/defects.md
#[tokio::test]
async fn token_is_not_cached_after_it_expires() {
    let setup = Setup::new();
    let claims = setup.claims().expires_in(Duration::from_secs(10));
    let token = setup.idp.opaque(&claims);
    assert_eq!(setup.validate(&token).await, Ok(()));
    setup.pass(9);
    assert_eq!(setup.validate_now(&token), Some(Ok(())));
    setup.pass(1);
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(setup.validate(&token).await, inactive);
}

/// Defect C06 (rejection cached too long): docs/defects.md
#[tokio::test]
async fn inactive_token_is_cached_for_five_seconds() {
    let setup = Setup::new();
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(setup.validate("late").await, inactive);
    setup.idp.know("late", &setup.claims());
    setup.pass(4);
    assert_eq!(setup.validate("late").await, inactive);
    assert_eq!(setup.calls(), 1);
    setup.pass(1);
    assert_eq!(setup.validate("late").await, Ok(()));
}

/// Defect C05 (cached after revocation or removal of the key): docs/defects.md
#[tokio::test]
async fn invalidated_token_is_introspected_again_at_once() {
    let setup = Setup::new();
    let (token, other) = (setup.active_token(), setup.active_token());
    assert_eq!(setup.validate(&token).await, Ok(()));
    assert_eq!(setup.validate(&other).await, Ok(()));
    setup.idp.revoke(&token);
    assert_eq!(setup.validate(&token).await, Ok(()));
    setup.validator.invalidate(&token);
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(setup.validate(&token).await, inactive);
    assert_eq!(setup.validate_now(&other), Some(Ok(())));
    setup.validator.invalidate_all();
    assert_eq!(setup.validate_now(&other), None);
}

#[tokio::test]
async fn result_of_a_call_is_not_used_if_its_token_was_invalidated() {
    let setup = Arc::new(Setup::new());
    let token = setup.active_token();
    setup.idp.fail(FakeEndpoint::Introspection, Fault::Hold);
    let waiting = tokio::spawn({
        let (setup, token) = (Arc::clone(&setup), token.clone());
        async move { setup.validate(&token).await }
    });
    let idp = Arc::clone(&setup);
    let asked = move || idp.idp.wait_for(FakeEndpoint::Introspection, 1);
    assert!(tokio::task::spawn_blocking(asked).await.unwrap());
    setup.idp.revoke(&token);
    setup.validator.invalidate(&token);
    setup.idp.heal(FakeEndpoint::Introspection);
    let inactive = Err(RejectionKind::TokenInactive);
    assert_eq!(waiting.await.unwrap(), inactive);
    assert_eq!(setup.validate(&token).await, inactive);
    assert_eq!(setup.calls(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_with_one_token_share_one_call() {
    let setup = Arc::new(Setup::new());
    let token = setup.active_token();
    setup.idp.fail(FakeEndpoint::Introspection, Fault::Hold);
    let ask = || {
        let (setup, token) = (Arc::clone(&setup), token.clone());
        tokio::spawn(async move { setup.validate(&token).await })
    };
    // The other requests start after the call has started: on a slow machine they could delay its
    // connection past its deadline of one second.
    let mut waiting = vec![ask()];
    let idp = Arc::clone(&setup);
    let asked = move || idp.idp.wait_for(FakeEndpoint::Introspection, 1);
    assert!(tokio::task::spawn_blocking(asked).await.unwrap());
    waiting.extend((1..10_000).map(|_| ask()));
    setup.idp.heal(FakeEndpoint::Introspection);
    for result in waiting {
        assert_eq!(result.await.unwrap(), Ok(()));
    }
    assert_eq!(setup.calls(), 1);
}

#[tokio::test]
async fn cancelled_request_does_not_cancel_the_call() {
    let setup = Setup::new();
    let token = setup.active_token();
    setup.idp.fail(FakeEndpoint::Introspection, Fault::Hold);
    let mut first = Box::pin(setup.validate(&token));
    let mut second = Box::pin(setup.validate(&token));
    let soon = Duration::from_millis(50);
    assert!(tokio::time::timeout(soon, &mut first).await.is_err());
    assert!(tokio::time::timeout(soon, &mut second).await.is_err());
    drop(first);
    setup.idp.heal(FakeEndpoint::Introspection);
    assert_eq!(second.await, Ok(()));
    assert_eq!(setup.calls(), 1);
}

#[tokio::test]
async fn at_most_64_calls_are_in_flight() {
    let setup = Arc::new(Setup::new());
    setup.idp.fail(FakeEndpoint::Introspection, Fault::Hold);
    let tokens: Vec<_> = (0..64).map(|_| setup.active_token()).collect();
    let waiting: Vec<_> = tokens
        .iter()
        .map(|token| {
            let (setup, token) = (Arc::clone(&setup), token.clone());
            tokio::spawn(async move { setup.validate(&token).await })
        })
        .collect();
    // Lets each of them start its call.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let late = setup.validate(&setup.active_token()).await;
    assert_eq!(late, Err(RejectionKind::Unavailable));
    setup.idp.heal(FakeEndpoint::Introspection);
    for result in waiting {
        assert_eq!(result.await.unwrap(), Ok(()));
    }
    assert_eq!(setup.validate(&setup.active_token()).await, Ok(()));
}

#[tokio::test]
async fn cached_token_is_validated_without_allocation() {
    let setup = Setup::new();
    let token = setup.active_token();
    assert_eq!(setup.validate(&token).await, Ok(()));
    assert_eq!(setup.validate_now(&token), Some(Ok(())));
    let taken = measure(|| assert_eq!(setup.validate_now(&token), Some(Ok(()))));
    assert_eq!(taken.count_total, 0);
}

#[tokio::test]
async fn nothing_happens_before_the_first_poll() {
    let setup = Setup::new();
    let token = setup.active_token();
    assert_eq!(setup.validate_now(&token), None);
    assert_eq!(setup.calls(), 0);
    assert!(setup.events().calls.is_empty());
}
