//! Faults of the endpoint: none of them accepts or rejects a token.

use bearergate::RejectionKind;
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, Fault};

use crate::common::Setup;

const UNAVAILABLE: Result<(), RejectionKind> = Err(RejectionKind::Unavailable);

/// Defect D04 (fault of the endpoint lets in): docs/defects.md
#[tokio::test]
async fn every_fault_makes_the_token_unavailable_and_is_not_cached() {
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
        let setup = Setup::new();
        let token = setup.active_token();
        setup.idp.fail(FakeEndpoint::Introspection, fault.clone());
        assert_eq!(setup.validate(&token).await, UNAVAILABLE, "{fault:?}");
        assert!(setup.events().calls.iter().all(Option::is_some));
        setup.idp.heal(FakeEndpoint::Introspection);
        assert_eq!(setup.validate(&token).await, Ok(()), "{fault:?}");
    }
}

#[tokio::test]
async fn hanging_endpoint_is_abandoned_at_the_deadline() {
    let setup = Setup::with_deadlines();
    let token = setup.active_token();
    setup.idp.fail(FakeEndpoint::Introspection, Fault::Hang);
    let begun = std::time::Instant::now();
    assert_eq!(setup.validate(&token).await, UNAVAILABLE);
    assert!(begun.elapsed().as_secs() < 60);
    setup.idp.heal(FakeEndpoint::Introspection);
    assert_eq!(setup.validate(&token).await, Ok(()));
}

#[tokio::test]
async fn no_credential_is_sent_to_a_redirect_target() {
    let setup = Setup::new();
    let other = FakeIssuer::start().unwrap();
    let token = setup.active_token();
    let place = other.endpoint(FakeEndpoint::Introspection);
    setup
        .idp
        .fail(FakeEndpoint::Introspection, Fault::Redirect(place));
    assert_eq!(setup.validate(&token).await, UNAVAILABLE);
    assert_eq!(other.total(), 0);
    assert_eq!(setup.calls(), 1);
}

#[tokio::test]
async fn wrong_secret_makes_the_token_unavailable_not_inactive() {
    let setup = Setup::new();
    let token = setup.active_token();
    setup.idp.dismiss();
    assert_eq!(setup.validate(&token).await, UNAVAILABLE);
    assert!(setup.events().calls[0].unwrap().contains("credentials"));
    let refused = setup.validator.probe().await.unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::Unavailable);
    setup
        .idp
        .admit(FakeIssuer::CLIENT_ID, FakeIssuer::CLIENT_SECRET);
    assert!(setup.validator.probe().await.is_ok());
    assert_eq!(setup.validate(&token).await, Ok(()));
}

#[tokio::test]
async fn five_failures_open_the_circuit_and_cached_tokens_are_accepted() {
    let setup = Setup::new();
    let known = setup.active_token();
    assert_eq!(setup.validate(&known).await, Ok(()));
    setup
        .idp
        .fail(FakeEndpoint::Introspection, Fault::Status(503));
    for n in 0..20 {
        assert_eq!(setup.validate(&format!("token-{n}")).await, UNAVAILABLE);
    }
    assert_eq!(setup.calls(), 1 + 5);
    assert_eq!(setup.events().openings, 1);
    assert_eq!(setup.validate(&known).await, Ok(()));

    // One call is made after the pause; other requests are rejected at once.
    setup.pass(5);
    assert_eq!(setup.validate("token-20").await, UNAVAILABLE);
    assert_eq!(setup.validate("token-21").await, UNAVAILABLE);
    assert_eq!(setup.calls(), 1 + 5 + 1);

    setup.idp.heal(FakeEndpoint::Introspection);
    let fresh = setup.active_token();
    assert_eq!(setup.validate(&fresh).await, UNAVAILABLE);
    setup.pass(5);
    assert_eq!(setup.validate(&fresh).await, Ok(()));
    assert_eq!(setup.validate(&setup.active_token()).await, Ok(()));
}

#[tokio::test]
async fn status_500_neither_counts_nor_clears() {
    let setup = Setup::new();
    let fail = |status| {
        setup
            .idp
            .fail(FakeEndpoint::Introspection, Fault::Status(status))
    };
    for (at, status) in [502, 503, 504, 502, 500, 500, 500, 500, 500, 500]
        .iter()
        .enumerate()
    {
        fail(*status);
        assert_eq!(setup.validate(&format!("token-{at}")).await, UNAVAILABLE);
    }
    assert_eq!((setup.calls(), setup.events().openings), (10, 0));
    fail(503);
    assert_eq!(setup.validate("last").await, UNAVAILABLE);
    assert_eq!(setup.events().openings, 1);
}

#[tokio::test]
async fn provider_is_called_again_after_an_outage() {
    let setup = Setup::new();
    let token = setup.active_token();
    setup.idp.down();
    for n in 0..10 {
        assert_eq!(setup.validate(&format!("token-{n}")).await, UNAVAILABLE);
    }
    assert_eq!(setup.events().openings, 1);
    setup.idp.up().unwrap();
    setup.pass(35);
    assert_eq!(setup.validate(&token).await, Ok(()));
}

/// Only a request that never reached the endpoint is sent twice.
#[tokio::test]
async fn request_that_was_sent_is_not_sent_again() {
    for fault in [Fault::Status(503), Fault::Truncated, Fault::Hang] {
        let setup = Setup::with_deadlines();
        setup.idp.fail(FakeEndpoint::Introspection, fault.clone());
        assert_eq!(setup.validate("a").await, UNAVAILABLE);
        assert_eq!(setup.calls(), 1, "{fault:?}");
    }
}
