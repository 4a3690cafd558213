//! Signed responses, which are tied to their requests.

use bearergate::message::{FixedMessageKeys, MessageVerifier};
use bearergate::request::{Content, RequestFacts};
use http::{HeaderMap, StatusCode};

use crate::common::*;

#[test]
fn a_response_names_the_request_that_it_answers() {
    let service = Service::new();
    let mut parts = service.parts(BODY);
    service.sign(&mut parts, &good("1"));
    let admitted = service.check(&parts, Content::Whole(BODY)).unwrap();
    let (signer, _) = signer("fapi-2-response");
    let mut headers = HeaderMap::new();
    let facts = RequestFacts::from(&parts);
    let is_signed = signer.sign_response(
        StatusCode::OK,
        &mut headers,
        b"done",
        facts,
        admitted.signed(),
        NOW,
    );
    assert!(is_signed);
    let input = headers["signature-input"].to_str().unwrap();
    for component in [
        r#""@status""#,
        r#""content-digest""#,
        r#""@method";req"#,
        r#""@target-uri";req"#,
        r#""content-digest";req"#,
        r#""signature";req;key="sig1""#,
        r#""signature-input";req;key="sig1""#,
    ] {
        assert!(input.contains(component), "{component} in {input}");
    }
    assert!(input.ends_with(r#";tag="fapi-2-response""#), "{input}");
    assert_eq!(
        headers["content-digest"],
        bearergate::message::content_digest(b"done")
    );
    // Of another request it is another signature.
    let mut other = service.parts(BODY);
    service.sign(&mut other, &good("2"));
    let mut swapped = HeaderMap::new();
    let other = RequestFacts::from(&other);
    signer.sign_response(
        StatusCode::OK,
        &mut swapped,
        b"done",
        other,
        admitted.signed(),
        NOW,
    );
    assert_ne!(headers["signature"], swapped["signature"]);
}

#[test]
fn a_request_that_the_crate_signs_passes() {
    let (signer, keys) = signer("own");
    let keys = FixedMessageKeys::new(&keys).unwrap();
    let verifier = MessageVerifier::tagged("own", url(), keys);
    let verifier = usual()
        .into_iter()
        .fold(verifier, |all, own| all.cover(own));
    let verifier = verifier.build().unwrap();
    let service = Service::new();
    let mut parts = service.parts(BODY);
    parts.headers.remove("content-digest");
    assert!(signer.sign_request(&mut parts, BODY, &usual(), NOW));
    let verify = |content| {
        let facts = RequestFacts::from(&parts).with_content(content);
        verifier.verify(facts, None, NOW).try_now().unwrap()
    };
    assert!(verify(Content::Whole(b"other")).is_err());
    assert!(verify(Content::Whole(BODY)).is_ok());
}
