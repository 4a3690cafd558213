//! Requests that are received twice.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bearergate::binding::{Binding, Dpop};
use bearergate::key::KeySet;
use bearergate::message::{Component, FixedMessageKeys, MessageVerifier, MessageVerifierBuilder};
use bearergate::request::{Content, RequestFacts};
use bearergate::testing::{FakeKey, ProofKey, TokenBuilder};
use bearergate::{Gate, JwtValidator};
use http::request::Parts;
use ring::hmac;
use serde_json::json;

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

// Anybody can make a second valid signature of an ECDSA signature: (r, n - s).
// Defect N09 (replay recognized by the bytes of the signature): docs/defects.md
#[test]
fn the_other_signature_of_one_message_is_a_replay() {
    let (signer, keys) = signer("own");
    let keys = FixedMessageKeys::new(&keys).unwrap();
    let verifier = MessageVerifier::tagged("own", url(), keys).cover(Component::METHOD);
    let verifier = verifier.build().unwrap();
    let request = http::Request::post("/orders").header("content-length", "0");
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    assert!(signer.sign_request(&mut parts, b"", &[Component::METHOD], NOW));
    let kind = |parts: &Parts| {
        let verified = verifier.verify(RequestFacts::from(parts), None, NOW);
        verified
            .try_now()
            .unwrap()
            .err()
            .map(|rejection| rejection.kind())
    };
    let mut twin = parts.clone();
    let text = twin.headers["signature"].to_str().unwrap();
    let (label, bytes) = text.trim_end_matches(':').split_once(":").unwrap();
    let mut bytes = STANDARD.decode(bytes).unwrap();
    negate(&mut bytes[32..]);
    let text = format!("{label}:{}:", STANDARD.encode(&bytes));
    insert(&mut twin, "signature", &text);
    assert_ne!(twin.headers["signature"], parts.headers["signature"]);
    assert_eq!(kind(&twin), None);
    assert_eq!(kind(&parts), REPLAYED);
}

/// The order of P-256 minus this number.
fn negate(number: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut borrow = 0_i16;
    for (digit, order) in number.iter_mut().zip(ORDER).rev() {
        let rest = i16::from(order) - i16::from(*digit) - borrow;
        borrow = i16::from(rest < 0);
        *digit = rest.rem_euclid(256).try_into().unwrap();
    }
}

#[test]
fn ids_of_one_client_are_not_those_of_another() {
    let service = Service::new();
    assert_eq!(service.signed(&good("1")), None);
    assert_eq!(service.signed(&good("1")), REPLAYED);
    // The same id by the other key.
    let list = good("1").replace("keyid=\"ed\"", "keyid=\"mac\"");
    let mut parts = service.parts(BODY);
    let base = service.base(&parts, &list);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), base.as_bytes());
    set(&mut parts, &list, tag.as_ref());
    assert_eq!(service.kind(&parts), None);
    assert_eq!(service.kind(&parts), REPLAYED);
}

// The header is no proof where the token is bound to nothing.
#[test]
fn a_header_that_nobody_checks_replaces_no_mark() {
    let service = Service::new();
    let covered = format!(r#"{COVERED} "dpop""#);
    let mut parts = service.parts(BODY);
    insert(&mut parts, "dpop", "not.a.proof");
    service.sign(&mut parts, &list(&covered, ""));
    assert_eq!(service.kind(&parts), None);
    assert_eq!(service.kind(&parts), REPLAYED);
}

// The constraint may accept a proof again, so the signature has a mark of its own.
// Defect N16 (mark left to a check that keeps none): docs/defects.md
#[tokio::test]
async fn a_covered_proof_replaces_no_mark() {
    let issuer = FakeKey::es256("other");
    let proofs = Dpop::at(url()).allow_replay().build().unwrap();
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience(URL)
        .keys(issuer.key_set())
        .sender_constraint(Binding::dpop(proofs).build())
        .build()
        .unwrap();
    let mut service = Service::new();
    let keys = KeySet::new([service.client.public().with_kid("ed").unwrap()]).unwrap();
    let verifier = MessageVerifier::fapi2(url(), FixedMessageKeys::new(&keys).unwrap());
    let gate = Gate::builder()
        .validator(validator)
        .clock(service.clock.clone())
        .signed_requests(verifier.build().unwrap());
    service.gate = gate.allow_any_authenticated().build().unwrap();
    let key = ProofKey::es256();
    let token = TokenBuilder::new(&issuer, NOW)
        .issuer("https://idp.example.com")
        .audience(URL)
        .subject("alice")
        .claim("cnf", json!({"jkt": key.thumbprint()}))
        .sign();
    let send = |id: &str| {
        let proof = key.proof("POST", &format!("{URL}/orders")).token(&token);
        let mut parts = service.parts(BODY);
        insert(&mut parts, "authorization", &format!("DPoP {token}"));
        insert(&mut parts, "dpop", &proof.at(NOW).id(id).sign());
        service.sign(&mut parts, &list(&format!(r#"{COVERED} "dpop""#), ""));
        parts
    };
    let kind = async |parts: &Parts| {
        let facts = RequestFacts::from(parts).with_content(Content::Whole(BODY));
        let checked = service.gate.check(facts).await;
        checked.err().map(|refusal| refusal.kind())
    };
    let first = send("1");
    assert_eq!(kind(&first).await, None);
    assert_eq!(kind(&first).await, REPLAYED);
    assert_eq!(kind(&send("2")).await, None);
}
