//! Signed responses, which are tied to their requests.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::crypto::Algorithm;
use bearergate::issuer::{SigningKey, SigningKeys};
use bearergate::message::{Component, FixedMessageKeys, MessageSigner, MessageVerifier};
use bearergate::request::{Content, RequestFacts};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use crate::common::*;

// Defect N11 (response that belongs to another request): docs/defects.md
#[test]
fn a_response_names_the_request_that_it_answers() {
    let service = Service::new();
    let mut parts = service.parts(BODY);
    service.sign(&mut parts, &good("1"));
    let admitted = service.check(&parts, Content::Whole(BODY)).unwrap();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = SigningKeys::builder(key.clone()).build(NOW).unwrap();
    let jwks: Value = serde_json::from_str(&keys.jwks(NOW)).unwrap();
    let jwk = jwks["keys"][0].clone();
    let signer = MessageSigner::new("fapi-2-response", url(), key).unwrap();
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
    assert!(is_valid(&headers, &parts, &jwk));
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
    assert!(!is_valid(&swapped, &parts, &jwk));
}

/// Verifies a response to a request, by a base that is made here.
fn is_valid(headers: &HeaderMap, request: &Parts, jwk: &Value) -> bool {
    let text = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
    let own = |headers: &HeaderMap, name: &str| {
        let text = text(headers, name);
        text.strip_prefix("sig1=").unwrap().to_owned()
    };
    let input = own(headers, "signature-input");
    let base = [
        "\"@status\": 200".to_owned(),
        format!("\"content-digest\": {}", text(headers, "content-digest")),
        "\"@method\";req: POST".to_owned(),
        format!("\"@target-uri\";req: {URL}/orders?page=2"),
        format!(
            "\"content-digest\";req: {}",
            text(&request.headers, "content-digest")
        ),
        format!(
            "\"signature\";req;key=\"sig1\": {}",
            own(&request.headers, "signature")
        ),
        format!(
            "\"signature-input\";req;key=\"sig1\": {}",
            own(&request.headers, "signature-input")
        ),
        format!("\"@signature-params\": {input}"),
    ];
    let signature = STANDARD
        .decode(own(headers, "signature").trim_matches(':'))
        .unwrap();
    let [x, y] = ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()));
    let point = [vec![4], x.unwrap(), y.unwrap()].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(base.join("\n").as_bytes(), &signature).is_ok()
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
    // The digest is covered once, whether it is named or not.
    let digest = Component::header(http::HeaderName::from_static("content-digest"));
    let named = usual().into_iter().chain([digest]).collect::<Vec<_>>();
    let mut other = parts.clone();
    assert!(signer.sign_request(&mut other, BODY, &named, NOW));
    assert!(signer.sign_request(&mut parts, BODY, &usual(), NOW));
    assert_eq!(
        other.headers["signature-input"],
        parts.headers["signature-input"]
    );
    let verify = |content| {
        let facts = RequestFacts::from(&parts).with_content(content);
        verifier.verify(facts, None, NOW).try_now().unwrap()
    };
    assert!(verify(Content::Whole(b"other")).is_err());
    assert!(verify(Content::Whole(BODY)).is_ok());
}
