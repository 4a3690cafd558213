//! HTTP message signatures (RFC 9421) and digests of content (RFC 9530).
//!
//! The input is lines: the value of `Signature-Input` behind `sig1=`, that of `Content-Digest`, a header
//! `x-own`, and the content. The signature is made over a base that is built here in another way, with
//! the key of the client.
//!
//! Property: nothing panics; an accepted request has the only spelling of what was read, covers what the
//! verifier requires, is recent, and its digest is that of the content; and no request is accepted whose
//! signature was made over another base.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bearergate::clock::UnixTime;
use bearergate::crypto::Algorithm;
use bearergate::key::{Key, KeySet};
use bearergate::message::{Component, FixedMessageKeys, MessageVerifier};
use bearergate::request::{Content, ExternalUrl, RequestFacts};
use http::{HeaderMap, HeaderValue, Method, Uri};
use libfuzzer_sys::fuzz_target;
use ring::digest::{SHA256, SHA512, digest};
use ring::hmac;

const NOW: u64 = 1_760_000_000;
const SECRET: [u8; 32] = [7; 32];

static VERIFIER: LazyLock<MessageVerifier> = LazyLock::new(|| {
    let key = Key::from_secret(SECRET.to_vec()).expect("the secret is long enough");
    let key = key
        .with_kid("k")
        .and_then(|key| key.with_algorithms([Algorithm::Hs256]));
    let keys = KeySet::from(key.expect("the id is valid"));
    let keys = FixedMessageKeys::new(&keys).expect("the key is complete");
    let url = ExternalUrl::parse("https://api.example.com/base").expect("the address is valid");
    let verifier = MessageVerifier::tagged("fuzz", url, keys).cover(Component::METHOD);
    verifier.allow_replay().build().expect("it is valid")
});

fuzz_target!(|text: &[u8]| {
    let mut lines = text.splitn(4, |byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (input, digests, own, content) = (next(), next(), next(), next());
    let (Ok(input), Ok(digests)) = (str::from_utf8(input), HeaderValue::from_bytes(digests)) else {
        return;
    };
    let mut headers = HeaderMap::new();
    let Ok(own) = HeaderValue::from_bytes(own) else {
        return;
    };
    headers.insert("x-own", own);
    if !digests.is_empty() {
        headers.insert("content-digest", digests.clone());
    }
    let base = base(input, &headers);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), base.as_bytes());
    let signature = format!("sig1=:{}:", STANDARD.encode(tag));
    let Ok(field) = HeaderValue::try_from(format!("sig1={input}")) else {
        return;
    };
    headers.insert("signature-input", field);
    headers.insert(
        "signature",
        HeaderValue::try_from(signature).expect("it is ASCII"),
    );
    let (method, uri) = (Method::POST, Uri::from_static("/a/b?c=d&e=f%20g&c2"));
    let facts = RequestFacts::new(&method, &uri, &headers).with_content(Content::Whole(content));
    let verified = VERIFIER
        .verify(facts, None, UnixTime::from_secs(NOW))
        .try_now();
    let Ok(signed) = verified.expect("nothing waits") else {
        return;
    };
    assert_eq!(signed.keyid(), Some("k"));
    let created = signed.created().expect("there is a time").as_secs();
    assert!((NOW - 60..=NOW + 30).contains(&created), "{created}");
    let covered: Vec<_> = signed.covered().collect();
    assert!(
        covered.contains(&"@method") && input.contains("\"@method\""),
        "{covered:?}"
    );
    assert!(input.contains("tag=\"fuzz\"") && input.contains("keyid=\"k\""));
    if !content.is_empty() {
        assert!(covered.contains(&"content-digest"), "{covered:?}");
        let text = digests.to_str().expect("it is ASCII");
        let sha256 = STANDARD.encode(digest(&SHA256, content));
        let sha512 = STANDARD.encode(digest(&SHA512, content));
        assert!(text.contains(&sha256) || text.contains(&sha512), "{text}");
    }
});

/// The base of the plain components that are used here; anything else makes another base.
fn base(input: &str, headers: &HeaderMap) -> String {
    let list = input
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'));
    let (list, _) = list.unwrap_or_default();
    let mut base = String::new();
    for name in list.split(' ').filter(|name| !name.is_empty()) {
        let field = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().trim().to_owned()
        };
        let value = match name {
            "\"@method\"" => "POST".to_owned(),
            "\"@scheme\"" => "https".to_owned(),
            "\"@authority\"" => "api.example.com".to_owned(),
            "\"@target-uri\"" => "https://api.example.com/base/a/b?c=d&e=f%20g&c2".to_owned(),
            "\"@request-target\"" => "/base/a/b?c=d&e=f%20g&c2".to_owned(),
            "\"@path\"" => "/base/a/b".to_owned(),
            "\"@query\"" => "?c=d&e=f%20g&c2".to_owned(),
            "\"@query-param\";name=\"c\"" => "d".to_owned(),
            "\"@query-param\";name=\"e\"" => "f%20g".to_owned(),
            "\"@query-param\";name=\"c2\"" => String::new(),
            other => field(other.trim_matches('"')),
        };
        base.push_str(&format!("{name}: {value}\n"));
    }
    base + "\"@signature-params\": " + input
}
