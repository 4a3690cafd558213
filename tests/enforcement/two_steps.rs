//! Authentication and authorization as two calls: what is kept between them.

use bearergate::RejectionKind;
use bearergate::clock::UnixTime;
use bearergate::limit::{Limit, Limits, Rate};
use bearergate::policy::{AccessRequest, Obligations, Policy, Rule, action, via_tls};
use bearergate::request::EncryptedConnection;

use crate::helpers::{Service, request};

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
        caller.rate_headers(&gate)["ratelimit"],
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
