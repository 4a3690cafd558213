//! Standard Webhooks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bearergate::RejectionKind;
use bearergate::message::WebhookVerifier;
use http::HeaderMap;
use ring::hmac;

use crate::common::{BODY, NOW};

const SECRET: [u8; 32] = [7; 32];

fn headers(id: &str, time: &str, content: &[u8]) -> HeaderMap {
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", content].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), &signed);
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", id.parse().unwrap());
    headers.insert("webhook-timestamp", time.parse().unwrap());
    let signature = format!("v1,{}", STANDARD.encode(tag));
    headers.insert("webhook-signature", signature.parse().unwrap());
    headers
}

fn verifier() -> WebhookVerifier {
    WebhookVerifier::new([vec![1; 24].into(), SECRET.to_vec().into()]).unwrap()
}

fn kind(verifier: &WebhookVerifier, headers: &HeaderMap, content: &[u8]) -> Option<RejectionKind> {
    let verified = verifier.verify(headers, content, NOW).try_now().unwrap();
    verified.err().map(|rejection| rejection.kind())
}

const INVALID: Option<RejectionKind> = Some(RejectionKind::MessageSignatureInvalid);

#[test]
fn a_webhook_passes_once() {
    let verifier = verifier();
    let time = NOW.as_secs().to_string();
    let good = headers("msg_1", &time, BODY);
    let webhook = verifier
        .verify(&good, BODY, NOW)
        .try_now()
        .unwrap()
        .unwrap();
    assert_eq!((webhook.id.as_str(), webhook.sent), ("msg_1", NOW));
    assert_eq!(
        kind(&verifier, &good, BODY),
        Some(RejectionKind::MessageReplayed)
    );
    assert_eq!(kind(&verifier, &headers("msg_2", &time, BODY), BODY), None);
}

// A sender that gets no 2xx sends the message again, with its id and a new time.
// Defect N13 (webhook sent again): docs/defects.md
#[test]
fn a_webhook_that_is_sent_again_passes_and_the_same_delivery_does_not() {
    let verifier = verifier();
    let at = |seconds: u64| headers("msg_1", &(NOW.as_secs() + seconds).to_string(), BODY);
    for delivery in [at(0), at(1)] {
        assert_eq!(kind(&verifier, &delivery, BODY), None);
        assert_eq!(
            kind(&verifier, &delivery, BODY),
            Some(RejectionKind::MessageReplayed)
        );
    }
}

// Defect N12 (work without a bound before the signature): docs/defects.md
#[test]
fn a_header_of_a_webhook_has_a_bound() {
    let verifier = verifier();
    let time = NOW.as_secs().to_string();
    let padded = |len: usize| {
        let mut sent = headers("msg_1", &time, BODY);
        let own = sent["webhook-signature"].to_str().unwrap();
        let padding = "x".repeat(len - own.len() - 1);
        let signatures = format!("{padding} {own}");
        sent.insert("webhook-signature", signatures.parse().unwrap());
        sent
    };
    assert_eq!(kind(&verifier, &padded(1_025), BODY), INVALID);
    assert_eq!(kind(&verifier, &padded(1_024), BODY), None);
    let id = |len: usize| headers(&"a".repeat(len), &time, BODY);
    assert_eq!(kind(&verifier, &id(1_025), BODY), INVALID);
    assert_eq!(kind(&verifier, &id(1_024), BODY), None);
}

#[test]
fn a_changed_webhook_is_refused_and_leaves_no_mark() {
    let verifier = verifier();
    let time = NOW.as_secs().to_string();
    let good = headers("msg_1", &time, BODY);
    assert_eq!(kind(&verifier, &good, b"other"), INVALID);
    for (name, value) in [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", "1759999999"),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", "v1a,AAAA"),
        ("webhook-signature", ""),
    ] {
        let mut changed = good.clone();
        changed.insert(name, value.parse().unwrap());
        assert_eq!(kind(&verifier, &changed, BODY), INVALID, "{name}");
        changed.remove(name);
        assert_eq!(
            kind(&verifier, &changed, BODY),
            Some(RejectionKind::MessageUnsigned)
        );
        let mut twice = good.clone();
        twice.append(name, good[name].clone());
        assert_eq!(kind(&verifier, &twice, BODY), INVALID, "{name}");
    }
    let mut several = good.clone();
    let signature = format!("v1,AAAA {}", good["webhook-signature"].to_str().unwrap());
    several.insert("webhook-signature", signature.parse().unwrap());
    assert_eq!(kind(&verifier, &several, BODY), None);
}

#[test]
fn a_webhook_was_sent_within_five_minutes() {
    let verifier = verifier();
    for (offset, expected) in [(-300, None), (300, None), (-301, INVALID), (301, INVALID)] {
        let time = NOW
            .as_secs()
            .checked_add_signed(offset)
            .unwrap()
            .to_string();
        let sent = headers(&format!("at{offset}"), &time, BODY);
        assert_eq!(kind(&verifier, &sent, BODY), expected, "{offset}");
    }
    for bad in ["+1760000000", "1760000000.0", "x", ""] {
        let sent = headers("bad", bad, BODY);
        assert_eq!(kind(&verifier, &sent, BODY), INVALID, "{bad}");
    }
}

#[test]
fn secrets_have_bounds() {
    assert_eq!(WebhookVerifier::new([]).unwrap_err().field(), "secrets");
    for (len, is_good) in [(23, false), (24, true), (64, true), (65, false)] {
        let built = WebhookVerifier::new([vec![1; len].into()]);
        assert_eq!(built.is_ok(), is_good, "{len}");
    }
}
