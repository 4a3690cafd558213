//! Authentication and authorization as two calls: what is kept between them.

use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::clock::UnixTime;
use bearergate::limit::{Limit, Limits, Rate};
use bearergate::policy::{AccessRequest, Obligations, Policy, Rule, action, via_tls};
use bearergate::request::EncryptedConnection;

use crate::helpers::{Service, Trail, request};

fn limits(quota: u32) -> Limits {
    let rate = Rate::per_minute(quota).unwrap();
    let default = Rate::per_minute(100).unwrap();
    let limits = Limits::builder()
        .limit(Limit::rate("default", default))
        .limit(Limit::rate("slow", rate).class("slow"));
    limits.build().unwrap()
}

fn slow() -> Policy {
    let slow = Obligations::new().with_rate_class("slow");
    let rule = Rule::permit("slow", action("slow")).with_obligations(slow);
    Policy::builder().rule(rule).build().unwrap()
}

#[tokio::test]
async fn a_refund_gives_back_what_both_steps_have_charged() {
    let service = Service::new();
    let gate = service
        .gate()
        .limits(limits(1))
        .authorizer(slow())
        .authorizes_per_route();
    let gate = gate.build().unwrap();
    for _ in 0..3 {
        let caller = gate
            .authenticate(&request(Some("good-a"), "192.0.2.7"))
            .await
            .unwrap();
        let access = caller.request().with_action("slow");
        assert!(gate.authorize(&access).await.is_ok());
        caller.refund();
    }
    let caller = gate
        .authenticate(&request(Some("good-a"), "192.0.2.7"))
        .await
        .unwrap();
    let access = caller.request().with_action("slow");
    assert!(gate.authorize(&access).await.is_ok());
    assert_eq!(
        caller.rate_headers(gate.challenge())["ratelimit"],
        "\"slow\";r=0;t=60, \"default\";r=99;t=1"
    );
    let caller = gate
        .authenticate(&request(Some("good-a"), "192.0.2.7"))
        .await
        .unwrap();
    let access = caller.request().with_action("slow");
    let refusal = gate.authorize(&access).await.unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::RateLimited);
}

#[tokio::test]
async fn the_access_request_of_a_caller_has_its_address_and_its_encryption() {
    let service = Service::new();
    let gate = service
        .gate()
        .authorizer(via_tls())
        .authorizes_per_route()
        .build()
        .unwrap();
    for is_encrypted in [true, false] {
        let mut request = request(Some("good-a"), "192.0.2.7");
        request
            .extensions_mut()
            .insert(EncryptedConnection(is_encrypted));
        let caller = gate.authenticate(&request).await.unwrap();
        assert_eq!(caller.request().address(), Some([192, 0, 2, 7].into()));
        assert_eq!(
            caller.origin().unwrap().address(),
            Some([192, 0, 2, 7].into())
        );
        assert_eq!(
            gate.authorize(&caller.request()).await.is_ok(),
            is_encrypted
        );
    }
}

#[tokio::test]
async fn a_request_that_the_service_made_itself_is_charged_to_its_caller() {
    let service = Service::new();
    let gate = service
        .gate()
        .limits(limits(1))
        .authorizer(slow())
        .authorizes_per_route();
    let gate = gate.build().unwrap();
    let caller = gate
        .authenticate(&request(Some("good-a"), "192.0.2.7"))
        .await
        .unwrap();
    let access = AccessRequest::new(caller.principal(), UnixTime::from_secs(0));
    let access = access.with_action("slow");
    assert!(gate.authorize(&access).await.is_ok());
    let refusal = gate.authorize(&access).await.unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::RateLimited);
}

#[tokio::test]
async fn every_decision_about_one_caller_is_charged_at_its_class() {
    let service = Service::new();
    let gate = service
        .gate()
        .limits(limits(2))
        .authorizer(slow())
        .authorizes_per_route();
    let gate = gate.build().unwrap();
    let caller = gate
        .authenticate(&request(Some("good-a"), "192.0.2.7"))
        .await
        .unwrap();
    let access = caller.request().with_action("slow");
    assert!(gate.authorize(&access).await.is_ok());
    assert!(gate.authorize(&access).await.is_ok());
    assert!(gate.authorize(&access).await.is_err());
}

/// Otherwise a client could undo what it was charged for what it got, by asking for more.
#[tokio::test]
async fn a_limit_that_refuses_a_later_decision_gives_back_no_earlier_one() {
    let service = Service::new();
    let gate = service
        .gate()
        .limits(limits(2))
        .authorizer(slow())
        .authorizes_per_route();
    let gate = gate.build().unwrap();
    let request = request(Some("good-a"), "192.0.2.7");
    let caller = gate.authenticate(&request).await.unwrap();
    let access = caller.request().with_action("slow");
    assert!(gate.authorize(&access).await.is_ok());
    assert!(gate.authorize(&access).await.is_ok());
    for _ in 0..2 {
        let refusal = gate.authorize(&access).await.unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::RateLimited);
    }
    let headers = caller.rate_headers(gate.challenge());
    assert_eq!(
        headers["ratelimit"],
        "\"slow\";r=0;t=30, \"default\";r=99;t=1"
    );
}

#[tokio::test]
async fn after_a_refusal_by_a_limit_the_next_decision_is_charged_like_a_new_request() {
    let service = Service::new();
    let rate = |quota| Rate::per_minute(quota).unwrap();
    let limits = Limits::builder()
        .limit(Limit::rate("default", rate(2)))
        .limit(Limit::rate("slow", rate(1)).class("slow").cost(1));
    let slow = Obligations::new().with_rate_class("slow").with_rate_cost(2);
    let policy = Policy::builder()
        .rule(Rule::permit("slow", action("slow")).with_obligations(slow))
        .rule(Rule::permit("reads", action("reads")));
    let gate = service.gate().limits(limits.build().unwrap());
    let gate = gate.authorizer(policy.build().unwrap());
    let gate = gate.authorizes_per_route().build().unwrap();
    let request = request(Some("good-a"), "192.0.2.7");
    for expected in [true, true, false] {
        let Ok(caller) = gate.authenticate(&request).await else {
            assert!(!expected);
            continue;
        };
        let slow = caller.request().with_action("slow");
        let refusal = gate.authorize(&slow).await.unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::RateLimited);
        // All that the request was charged was given back, so this one is a request of its own.
        let reads = caller.request().with_action("reads");
        assert!(gate.authorize(&reads).await.is_ok());
        assert!(gate.authorize(&reads).await.is_ok(), "it is charged once");
    }
}

/// The connection of a caller may last for hours, and so may its `Authenticated`.
#[tokio::test]
async fn a_decision_about_a_caller_of_long_ago_is_charged_at_the_time_of_the_decision() {
    let service = Service::new();
    let gate = service
        .gate()
        .limits(limits(2))
        .authorizer(slow())
        .authorizes_per_route();
    let gate = gate.build().unwrap();
    let request = request(Some("good-a"), "192.0.2.7");
    let old = gate.authenticate(&request).await.unwrap();
    service.clock.advance(Duration::from_secs(7_200));
    let new = gate.authenticate(&request).await.unwrap();
    let wanted = new.request().with_action("slow");
    assert!(gate.authorize(&wanted).await.is_ok());
    assert!(gate.authorize(&wanted).await.is_ok());
    let late = old.request().with_action("slow");
    assert!(gate.authorize(&late).await.is_err());
    assert!(gate.authorize(&wanted).await.is_err(), "nothing was freed");
    // And what it may do refills.
    service.clock.advance(Duration::from_secs(30));
    assert!(gate.authorize(&late).await.is_ok());
    assert!(gate.authorize(&wanted).await.is_err());
}

#[tokio::test]
async fn without_a_time_nothing_is_decided_and_the_refusal_is_recorded() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let gate = service
        .gate()
        .audit(trail.audit.clone())
        .authorizer(slow())
        .authorizes_per_route();
    let gate = gate.build().unwrap();
    let request = request(Some("good-a"), "192.0.2.7");
    let caller = gate.authenticate(&request).await.unwrap();
    let own = AccessRequest::new(caller.principal(), UnixTime::from_secs(0));
    let own = own.with_action("slow");
    let known = caller.request().with_action("slow");
    for access in [&own, &known] {
        assert!(gate.authorize(access).await.is_ok());
    }
    service.clock.stop();
    for access in [&own, &known] {
        let refusal = gate.authorize(access).await.unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::Unavailable);
    }
    let records = trail.records("decision").await;
    let kinds: Vec<_> = records
        .iter()
        .map(|record| record["error.type"].as_str().unwrap_or(""))
        .collect();
    assert_eq!(kinds, ["", "", "unavailable", "unavailable"]);
}

/// As for each message of a long connection.
#[tokio::test]
async fn a_caller_that_is_decided_about_without_end_keeps_a_bounded_number_of_charges() {
    let service = Service::new();
    let gate = service
        .gate()
        .limits(limits(60))
        .authorizer(slow())
        .authorizes_per_route();
    let gate = gate.build().unwrap();
    let request = request(Some("good-a"), "192.0.2.7");
    let caller = gate.authenticate(&request).await.unwrap();
    let access = caller.request().with_action("slow");
    for _ in 0..1_000 {
        assert!(gate.authorize(&access).await.is_ok());
        service.clock.advance(Duration::from_secs(1));
    }
    for _ in 0..60 {
        assert!(gate.authorize(&access).await.is_ok());
    }
    assert!(gate.authorize(&access).await.is_err());
    let headers = caller.rate_headers(gate.challenge());
    let fields = headers["ratelimit"].to_str().unwrap();
    assert_eq!(fields.matches("slow").count(), 1, "{fields}");
    // At most 128 charges can be given back.
    assert!(format!("{caller:?}").len() < 10_000);
    caller.refund();
    assert!(gate.authorize(&access).await.is_ok());
}
