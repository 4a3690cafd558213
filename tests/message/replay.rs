//! Requests that are received twice.

use std::time::Duration;

use bearergate::message::MessageVerifierBuilder;
use bearergate::request::Content;

use crate::common::*;

#[test]
fn a_nonce_is_used_once_by_each_key() {
    let service = Service::new();
    assert_eq!(service.signed(&good("1")), None);
    assert_eq!(service.signed(&good("1")), REPLAYED);
    assert_eq!(service.signed(&good("2")), None);
    let more = format!(r#"{COVERED} "@authority""#);
    assert_eq!(service.signed(&list(&more, r#";nonce="1""#)), REPLAYED);
}

// ECDSA has two signatures of one message, so the base counts and not the signature.
#[test]
fn two_equal_requests_of_one_second_are_a_replay() {
    let service = Service::new();
    let plain = list(COVERED, "");
    assert_eq!(service.signed(&plain), None);
    assert_eq!(service.signed(&plain), REPLAYED);
    let later = plain.replace(&NOW.as_secs().to_string(), &(NOW.as_secs() + 1).to_string());
    assert_eq!(service.signed(&later), None);
}

#[test]
fn a_request_that_only_reads_may_be_repeated() {
    let service = Service::new();
    let covered = COVERED.replace(r#" "content-digest""#, "");
    let mut parts = service.parts(BODY);
    parts.method = http::Method::GET;
    service.sign(&mut parts, &list(&covered, ""));
    for _ in 0..2 {
        assert!(service.check(&parts, Content::None).is_ok());
    }
}

#[test]
fn a_refused_request_leaves_no_mark() {
    let service = Service::new();
    let mut parts = service.parts(BODY);
    service.sign(&mut parts, &good("1"));
    assert!(service.check(&parts, Content::Whole(b"x")).is_err());
    assert_eq!(service.kind(&parts), None);
    assert_eq!(service.kind(&parts), REPLAYED);
}

#[test]
fn a_request_is_remembered_as_long_as_it_is_recent() {
    let service = Service::new();
    let mut parts = service.parts(BODY);
    service.sign(&mut parts, &good("1"));
    assert_eq!(service.kind(&parts), None);
    service.clock.advance(Duration::from_secs(60));
    assert_eq!(service.kind(&parts), REPLAYED);
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(service.kind(&parts), INVALID);
}

#[test]
fn a_replay_is_allowed_or_a_nonce_demanded_where_that_was_said() {
    let service = Service::with(MessageVerifierBuilder::allow_replay);
    assert_eq!(service.signed(&good("1")), None);
    assert_eq!(service.signed(&good("1")), None);
    let service = Service::with(MessageVerifierBuilder::demand_nonce);
    assert_eq!(service.signed(&good("1")), None);
    assert_eq!(service.signed(&list(COVERED, "")), INVALID);
}
