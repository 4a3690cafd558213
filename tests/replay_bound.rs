//! Lines of the example `replay` about proofs of possession, certificates, signed requests and
//! encrypted tokens.
#![cfg(feature = "testing")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

#[path = "../examples/replay/engine/mod.rs"]
mod engine;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::testing::{FakeKey, ProofBuilder, ProofKey};
use engine::{Engine, Outcome};
use ring::hmac;
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const URL: &str = "https://api.example.com";

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn with(object: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object[name] = value.into();
    object
}

fn answer(line: &Value) -> Value {
    let (mut output, mut notes) = (Vec::new(), Vec::new());
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let outcome = Engine::new(Arc::new(clock), &mut notes)
        .run(line.to_string().as_bytes(), &mut output)
        .unwrap();
    let answer: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(answer["id"], line["id"]);
    let is_input_error = answer["verdict"] == "input_error";
    assert_eq!(outcome == Outcome::InputErrors, is_input_error);
    answer
}

/// The verdict, and the kind where there is one.
fn verdict(line: &Value) -> String {
    let answer = answer(line);
    let verdict = answer["verdict"].as_str().unwrap();
    match answer["kind"].as_str() {
        Some(kind) => format!("{verdict} {kind}"),
        None => verdict.to_owned(),
    }
}

const ACCEPT: &str = "accept";

// Proofs

fn key() -> ProofKey {
    ProofKey::es256()
}

fn proof(key: &ProofKey) -> ProofBuilder {
    let proof = key.proof("GET", &format!("{URL}/orders"));
    proof.token("opaque").at(UnixTime::from_secs(NOW))
}

fn dpop_line(key: &ProofKey, proof: &ProofBuilder) -> Value {
    json!({
        "id": "a", "validator": "dpop", "token": "opaque", "jkt": key.thumbprint(),
        "proof": proof.sign(), "method": "GET", "url": "/orders?page=2", "public_url": URL,
        "now": NOW,
    })
}

#[test]
fn proofs_are_checked_in_the_order_of_their_kinds() {
    let key = key();
    let line = |proof: ProofBuilder| verdict(&dpop_line(&key, &proof));
    assert_eq!(line(proof(&key)), ACCEPT);
    let good = dpop_line(&key, &proof(&key));
    let answered = answer(&good);
    assert_eq!(answered, json!({"id": "a", "verdict": "accept"}));
    for bad in [
        proof(&key).claim("htm", "get"),
        proof(&key).claim("htu", "https://other.example.com/orders"),
        proof(&key).token("other"),
        proof(&key).claim("iat", NOW - 61),
        proof(&key).claim("iat", NOW + 31),
        proof(&key).header("typ", "JWT"),
    ] {
        assert_eq!(line(bad.clone()), "reject proof_invalid", "{bad:?}");
    }
    let thief = ProofKey::es256();
    let stolen = dpop_line(&key, &proof(&thief).claim("htm", "PUT"));
    assert_eq!(verdict(&stolen), "reject binding_mismatch");
    assert_eq!(verdict(&with(&good, "proof", "\n")), "reject proof_invalid");
    // Nonces are off.
    assert_eq!(line(proof(&key).nonce("any")), ACCEPT);
}

#[test]
fn settings_of_a_line_are_those_of_its_check() {
    let key = key();
    let old = dpop_line(&key, &proof(&key).claim("iat", NOW - 100));
    assert_eq!(verdict(&old), "reject proof_invalid");
    assert_eq!(verdict(&with(&old, "window", json!([120, 30]))), ACCEPT);
    let good = dpop_line(&key, &proof(&key));
    assert_eq!(
        verdict(&with(&good, "algorithms", json!(["ES256"]))),
        ACCEPT
    );
    let other = with(&good, "algorithms", json!(["EdDSA"]));
    assert_eq!(verdict(&other), "reject proof_invalid");
    let many = json!(["https://other.example.com", URL]);
    assert_eq!(verdict(&with(&good, "public_url", many)), ACCEPT);
    let other = with(&good, "public_url", "https://other.example.com");
    assert_eq!(verdict(&other), "reject proof_invalid");
    assert_eq!(
        verdict(&with(&good, "method", "PUT")),
        "reject proof_invalid"
    );
    assert_eq!(
        verdict(&with(&good, "url", "/other")),
        "reject proof_invalid"
    );
    let ed = ProofKey::ed25519();
    for (header, named) in [("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")] {
        let line = dpop_line(&ed, &proof(&ed).header("alg", header));
        assert_eq!(verdict(&with(&line, "algorithms", json!([named]))), ACCEPT);
    }
    // The clock of the program is the time of a line without one.
    let mut now = good;
    now.as_object_mut().unwrap().remove("now");
    assert_eq!(verdict(&now), ACCEPT);
}

#[test]
fn several_proofs_share_one_table() {
    let key = key();
    let other = ProofKey::es256();
    let again = proof(&key).id("one").claim("iat", NOW - 5);
    let proofs = [
        proof(&key).id("one").claim("htm", "PUT"),
        proof(&key).id("one"),
        again,
        proof(&other).id("one"),
        proof(&key).id("two"),
    ];
    let proofs: Vec<String> = proofs.iter().map(ProofBuilder::sign).collect();
    let mut line = with(&dpop_line(&key, &proof(&key)), "proofs", proofs);
    assert_eq!(verdict(&line), "input_error conflict");
    line.as_object_mut().unwrap().remove("proof");
    let answered = answer(&line);
    assert_eq!(answered["verdict"], "accept");
    let kinds = json!([
        "proof_invalid",
        null,
        "proof_replayed",
        "binding_mismatch",
        null
    ]);
    assert_eq!(answered["kinds"], kinds);
}

#[test]
fn a_line_of_another_form_is_an_input_error() {
    let key = key();
    let good = dpop_line(&key, &proof(&key));
    for (name, value) in [
        ("validator", json!("other")),
        ("validator", json!(1)),
        ("id", json!(1)),
        ("token", json!(1)),
        ("jkt", json!("short")),
        ("strange", json!(1)),
        ("now", json!("now")),
        ("algorithms", json!(["none"])),
        ("method", json!("")),
    ] {
        let line = with(&good, name, value.clone());
        let mut expected = line.clone();
        if name == "id" {
            expected["id"] = Value::Null;
        }
        let (mut output, mut notes) = (Vec::new(), Vec::new());
        let clock = FakeClock::at(UnixTime::from_secs(NOW));
        let outcome = Engine::new(Arc::new(clock), &mut notes)
            .run(line.to_string().as_bytes(), &mut output)
            .unwrap();
        let answered: Value = serde_json::from_slice(&output).unwrap();
        assert_eq!(outcome, Outcome::InputErrors, "{name} {value}");
        assert_eq!(
            (&answered["id"], &answered["verdict"]),
            (&expected["id"], &json!("input_error")),
            "{name} {value}"
        );
    }
    let mut missing = good.clone();
    missing.as_object_mut().unwrap().remove("token");
    assert_eq!(verdict(&missing), "input_error member_missing");
    assert_eq!(
        answer(&with(&good, "window", json!([1, 30])))["verdict"],
        "config_error"
    );
    let bad = with(&good, "public_url", "http://api.example.com");
    assert_eq!(answer(&bad)["verdict"], "config_error");
}

// URIs of proofs

#[test]
fn uris_are_compared_in_normal_form() {
    let line = |a: &str, b: &str| verdict(&json!({"id": "a", "validator": "htu", "a": a, "b": b}));
    let long = |len: usize| format!("{URL}/{}", "a".repeat(len - URL.len() - 1));
    for (a, b, is_accepted) in [
        (
            "https://api.example.com/a",
            "https://api.example.com/a",
            true,
        ),
        (
            "HTTPS://API.example.com:443/%61?b#c",
            "https://api.example.com/a",
            true,
        ),
        ("https://api.example.com", "https://api.example.com/", true),
        (
            "https://api.example.com/a/./b/../c",
            "https://api.example.com/a/c",
            true,
        ),
        (
            "https://api.example.com/%2f",
            "https://api.example.com/%2F",
            true,
        ),
        (
            "https://api.example.com/a",
            "https://api.example.com/a/",
            false,
        ),
        (
            "https://api.example.com./a",
            "https://api.example.com/a",
            false,
        ),
        (
            "https://api.example.com/a;b=c",
            "https://api.example.com/a",
            false,
        ),
        (
            "https://api.example.com/%2F",
            "https://api.example.com//",
            false,
        ),
        (
            "https://api.example.com/A",
            "https://api.example.com/a",
            false,
        ),
        (
            "http://api.example.com/a",
            "https://api.example.com/a",
            false,
        ),
        (
            "https://user@api.example.com/a",
            "https://api.example.com/a",
            false,
        ),
        ("/a", "/a", false),
        (&long(2_048), &long(2_048), true),
        (&long(2_049), &long(2_049), false),
        (
            &format!("{}?{}", long(2_000), "q".repeat(48)),
            &long(2_000),
            false,
        ),
        (
            &format!("{}?{}", long(2_000), "q".repeat(47)),
            &long(2_000),
            true,
        ),
    ] {
        let expected = if is_accepted {
            ACCEPT
        } else {
            "reject proof_invalid"
        };
        assert_eq!(line(a, b), expected, "{a} {b}");
    }
}

// Certificates

#[test]
fn headers_are_read_from_trusted_peers_only() {
    let certificate: Vec<u8> = [&[0x30, 0x82, 0x01, 0x00][..], &[7; 256]].concat();
    let value = format!(":{}:", STANDARD.encode(&certificate));
    let hash = ring::digest::digest(&ring::digest::SHA256, &certificate);
    let line = |values: &[&str], peer: &str, trusted: &[&str]| {
        json!({
            "id": "a", "validator": "certificate_header", "form": "rfc9440", "values": values,
            "peer": peer, "trusted": trusted,
        })
    };
    let found = |values: &[&str], peer: &str, trusted: &[&str]| {
        let answered = answer(&line(values, peer, trusted));
        match answered["verdict"].as_str().unwrap() {
            "accept" => Ok(answered["x5t#S256"].clone()),
            _ => Err(answered["kind"].clone()),
        }
    };
    let (one, net) = ([&*value], ["10.0.0.0/8"]);
    assert_eq!(found(&one, "10.1.2.3", &net), Ok(json!(b64(hash))));
    assert_eq!(found(&one, "11.1.2.3", &net), Ok(Value::Null));
    assert_eq!(found(&one, "10.1.2.3", &[]), Ok(Value::Null));
    assert_eq!(found(&[], "10.1.2.3", &net), Ok(Value::Null));
    let malformed = Err(json!("credential_malformed"));
    assert_eq!(found(&[&*value, &value], "10.1.2.3", &net), malformed);
    assert_eq!(found(&["nonsense"], "10.1.2.3", &net), malformed);
    assert_eq!(found(&["nonsense"], "11.1.2.3", &net), Ok(Value::Null));
    let good = line(&one, "10.1.2.3", &net);
    assert_eq!(
        answer(&with(&good, "form", "other"))["verdict"],
        "config_error"
    );
    assert_eq!(
        verdict(&with(&good, "peer", "here")),
        "input_error wrong_type"
    );
    let hex: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let envoy = with(&good, "form", "xfcc:1");
    let envoy = with(&envoy, "values", json!([format!("Hash={hex}")]));
    assert_eq!(answer(&envoy)["x5t#S256"], json!(b64(hash)));
}

// Signed requests

const SECRET: [u8; 32] = [9; 32];

/// A request with this list of components and parameters, signed with the shared secret.
fn signed(list: &str, head: &str, base: &str, body: &str, line_end: &str) -> String {
    let base = format!("{base}\"@signature-params\": {list}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
    let tag = STANDARD.encode(hmac::sign(&key, base.as_bytes()));
    let head = format!(
        "POST /a?b=c HTTP/1.1\n{head}signature-input: sig1={list}\nsignature: sig1=:{tag}:\n\n"
    );
    format!("{}{body}", head.replace('\n', line_end))
}

fn message_line(text: &str) -> Value {
    json!({
        "id": "a", "validator": "message", "text": text, "public_url": URL, "now": NOW,
        "jwks": {"keys": [{"kty": "oct", "k": b64(SECRET), "kid": "mac", "alg": "HS256"}]},
    })
}

fn usual(more: &str) -> String {
    format!(r#"("@method" "@target-uri");created={NOW};keyid="mac"{more}"#)
}

fn usual_base() -> String {
    format!("\"@method\": POST\n\"@target-uri\": {URL}/a?b=c\n")
}

#[test]
fn requests_are_read_as_text() {
    let base = usual_base();
    for line_end in ["\n", "\r\n"] {
        for body in ["", "x", "a\n\nb\r\n"] {
            let text = signed(&usual(""), "host: other\n", &base, body, line_end);
            let answered = answer(&message_line(&text));
            let expected = json!({"id": "a", "verdict": "accept", "keyid": "mac", "label": "sig1"});
            assert_eq!(answered, expected, "{line_end:?} {body:?}");
        }
    }
    let good = signed(&usual(""), "", &base, "", "\r\n");
    for text in [
        "".to_owned(),
        "POST".to_owned(),
        "POST /a?b=c HTTP/1.1".to_owned(),
        good.trim_end().to_owned(),
        good.split_at(good.len() - 2).0.to_owned(),
        good.replacen("signature:", "signature", 1),
        good.replacen("signature:", "sign ature:", 1),
    ] {
        assert_eq!(
            verdict(&message_line(&text)),
            "input_error value_unknown",
            "{text}"
        );
    }
}

#[test]
fn signatures_have_the_kinds_of_their_refusals() {
    let base = usual_base();
    let text = |more: &str| signed(&usual(more), "", &base, "", "\n");
    let good = message_line(&text(""));
    assert_eq!(verdict(&good), ACCEPT);
    let invalid = "reject message_signature_invalid";
    let changed = good["text"].as_str().unwrap().replacen("POST", "PUT", 1);
    assert_eq!(verdict(&message_line(&changed)), invalid);
    let none = "POST /a?b=c HTTP/1.1\nhost: a\n\n";
    assert_eq!(verdict(&message_line(none)), "reject message_unsigned");
    assert_eq!(
        verdict(&with(&good, "tag", "own")),
        "reject message_unsigned"
    );
    let tagged = message_line(&text(";tag=\"own\""));
    assert_eq!(verdict(&tagged), ACCEPT);
    assert_eq!(verdict(&with(&tagged, "tag", "own")), ACCEPT);
    let covers = |cover: Value| verdict(&with(&good, "cover", cover));
    assert_eq!(covers(json!(["@method", "@target-uri"])), ACCEPT);
    assert_eq!(covers(json!(["\"@method\"", "\"@target-uri\""])), ACCEPT);
    assert_eq!(covers(json!(["@method", "date"])), invalid);
    assert_eq!(verdict(&with(&good, "now", NOW + 60)), ACCEPT);
    assert_eq!(verdict(&with(&good, "now", NOW + 61)), invalid);
    let later = with(&with(&good, "now", NOW + 61), "max_age", 61);
    assert_eq!(verdict(&later), ACCEPT);
    assert_eq!(verdict(&with(&good, "now", NOW - 31)), invalid);
    let other = json!({"keys": [{"kty": "oct", "k": b64([8; 32]), "kid": "mac", "alg": "HS256"}]});
    assert_eq!(verdict(&with(&good, "jwks", other)), invalid);
    assert_eq!(
        verdict(&with(&good, "jwks", json!([]))),
        "input_error value_unknown"
    );
    let url = with(&good, "public_url", "https://other.example.com");
    assert_eq!(verdict(&url), invalid);
}

#[test]
fn a_digest_that_is_covered_is_compared_with_the_body() {
    let digest = bearergate::message::content_digest(b"body");
    let list = format!(r#"("content-digest");created={NOW};keyid="mac""#);
    let base = format!("\"content-digest\": {digest}\n");
    let head = format!("content-digest: {digest}\n");
    let text = |body: &str| message_line(&signed(&list, &head, &base, body, "\n"));
    assert_eq!(verdict(&text("body")), ACCEPT);
    assert_eq!(verdict(&text("other")), "reject message_signature_invalid");
}

#[test]
fn keys_of_issuers_verify_by_their_id() {
    let key = FakeKey::es256("ec");
    let list = format!(r#"("@method");created={NOW};keyid="ec""#);
    let base = format!("\"@method\": POST\n\"@signature-params\": {list}");
    let signature = STANDARD.encode(key.sign(base.as_bytes()));
    let text =
        format!("POST / HTTP/1.1\nsignature-input: sig1={list}\nsignature: sig1=:{signature}:\n\n");
    let mut jwk: Value = serde_json::from_str(&key.jwk()).unwrap();
    jwk["alg"] = json!("ES256");
    let line = with(&message_line(&text), "jwks", json!({"keys": [jwk]}));
    assert_eq!(answer(&line)["keyid"], "ec");
    jwk["kid"] = json!("other");
    let other = with(&line, "jwks", json!({"keys": [jwk]}));
    assert_eq!(verdict(&other), "reject message_signature_invalid");
}

// Encrypted tokens

#[cfg(feature = "jwe")]
mod encrypted {
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    use super::*;

    fn encrypt(header: &Value, text: &str) -> String {
        let header = b64(header.to_string());
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &SECRET).unwrap());
        let mut bytes = text.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key([5; 12]);
        let aad = Aad::from(header.as_bytes());
        let tag = key
            .seal_in_place_separate_tag(nonce, aad, &mut bytes)
            .unwrap();
        format!("{header}..{}.{}.{}", b64([5; 12]), b64(&bytes), b64(tag))
    }

    fn jwk(more: &Value) -> Value {
        let mut jwk = json!({"kty": "oct", "k": b64(SECRET)});
        let more = more.as_object().unwrap().clone();
        jwk.as_object_mut().unwrap().extend(more);
        jwk
    }

    fn line(header: &Value, name: &str, keys: Value) -> Value {
        let token = encrypt(header, "not a token");
        with(
            &json!({"id": "a", "validator": "jwe", "token": token}),
            name,
            keys,
        )
    }

    #[test]
    fn the_plaintext_is_told_by_its_hash() {
        let header = json!({"alg": "dir", "enc": "A256GCM"});
        let answered = answer(&line(&header, "jwk", jwk(&json!({"alg": "dir"}))));
        let hash = ring::digest::digest(&ring::digest::SHA256, b"not a token");
        let hex: String = hash
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let expected = json!({"id": "a", "verdict": "accept", "plaintext_sha256": hex});
        assert_eq!(answered, expected);
        let mut other = line(
            &header,
            "jwk",
            jwk(&json!({"alg": "dir", "k": b64([1; 32])})),
        );
        assert_eq!(verdict(&other), "reject decryption_failed");
        other["token"] = json!("nonsense");
        assert!(verdict(&other).starts_with("reject "));
    }

    #[test]
    fn one_key_is_left() {
        let header = json!({"alg": "dir", "enc": "A256GCM", "kid": "a"});
        let without = json!({"alg": "dir", "enc": "A256GCM"});
        let (a, b) = (jwk(&json!({"kid": "a"})), jwk(&json!({"kid": "b"})));
        let none = jwk(&json!({}));
        for (header, keys, is_accepted) in [
            (&header, vec![&a], true),
            (&header, vec![&a, &b], true),
            (&header, vec![&b], false),
            (&header, vec![&none], true),
            (&header, vec![&a, &none], false),
            (&without, vec![&a], true),
            (&without, vec![&a, &b], false),
            (&without, vec![&none, &none], false),
            (&header, vec![], false),
        ] {
            let line = line(header, "jwks", json!({ "keys": keys }));
            let found = verdict(&line);
            assert_eq!(found == ACCEPT, is_accepted, "{line} {found}");
            assert!(
                found == ACCEPT || found.starts_with("reject key_"),
                "{found}"
            );
        }
    }

    #[test]
    fn a_key_serves_its_algorithm() {
        let header = json!({"alg": "dir", "enc": "A256GCM"});
        for (more, is_accepted) in [
            (json!({}), true),
            (json!({"alg": "dir"}), true),
            (json!({"alg": "A256GCM"}), true),
            (json!({"alg": "A128GCM"}), false),
            (json!({"alg": "A128CBC-HS256"}), false),
            (json!({"alg": "A256KW"}), false),
            (json!({"use": "enc"}), true),
            (json!({"use": "sig"}), false),
            (json!({"key_ops": ["decrypt"]}), true),
            (json!({"key_ops": ["unwrapKey"]}), true),
            (json!({"key_ops": ["verify"]}), false),
        ] {
            let found = verdict(&line(&header, "jwk", jwk(&more)));
            assert_eq!(found == ACCEPT, is_accepted, "{more} {found}");
            assert_ne!(found, "reject decryption_failed", "{more}");
        }
        for (name, value) in [
            ("alg", json!("RSA1_5")),
            ("alg", json!("none")),
            ("enc", json!("A192GCM")),
            ("zip", json!("DEF")),
            ("crit", json!(["a"])),
        ] {
            let header = with(&header, name, value.clone());
            let found = verdict(&line(&header, "jwk", jwk(&json!({}))));
            assert!(found.starts_with("reject "), "{value}");
            assert_ne!(found, "reject decryption_failed", "{value}");
        }
    }
}
