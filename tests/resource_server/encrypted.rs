//! Encrypted tokens (RFC 7516).
#![cfg(feature = "jwe")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use crate::server::{API, BoundServer, Folder, PUBLIC};

const SECRET: [u8; 32] = [7; 32];

fn key_file(folder: &Folder) -> String {
    let k = URL_SAFE_NO_PAD.encode(SECRET);
    let jwk = json!({"kty": "oct", "k": k, "kid": "own", "alg": "dir"});
    folder.file("keys.json", json!({"keys": [jwk]}).to_string())
}

fn header() -> Value {
    json!({"alg": "dir", "enc": "A256GCM", "kid": "own", "cty": "JWT"})
}

fn encrypt(header: &Value, text: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &SECRET).unwrap());
    let mut bytes = text.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key([5; 12]);
    let aad = Aad::from(header.as_bytes());
    let tag = key
        .seal_in_place_separate_tag(nonce, aad, &mut bytes)
        .unwrap();
    let [iv, text, tag] =
        [&[5; 12][..], &bytes, tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}..{iv}.{text}.{tag}")
}

#[test]
fn the_signed_token_inside_passes_every_rule() {
    let folder = Folder::new();
    let bound = BoundServer::of(&["--decrypt-keys", &key_file(&folder)]);
    let signed = bound.idp.token(API).sign();
    let facts = bound.server.whoami(&encrypt(&header(), &signed)).json();
    assert_eq!(facts["was_encrypted"], json!(true));
    // Without encryption it passes as well.
    assert_eq!(
        bound.server.whoami(&signed).json()["was_encrypted"],
        json!(false)
    );
    for (name, value, is_accepted) in [
        ("cty", json!("application/jwt"), true),
        ("cty", json!("jwt"), true),
        ("cty", json!("text"), false),
        ("kid", json!("other"), false),
        ("alg", json!("RSA1_5"), false),
        ("zip", json!("DEF"), false),
    ] {
        let mut header = header();
        header[name] = value.clone();
        let reply = bound.server.whoami(&encrypt(&header, &signed));
        assert_eq!(reply.status() == 200, is_accepted, "{name} {value}");
        assert!(
            is_accepted || reply.0.contains("error=\"invalid_token\""),
            "{value}"
        );
    }
    for inner in [
        bound.idp.token(API).expired().sign(),
        bound.idp.token("https://other.example.com").sign(),
        r#"{"sub":"alice"}"#.to_owned(),
        encrypt(&header(), &signed),
    ] {
        let reply = bound.server.whoami(&encrypt(&header(), &inner));
        assert_eq!(reply.status(), 401, "{inner}");
    }
}

// Which step has failed is told to nobody.
#[test]
fn every_fault_of_the_decryption_has_one_answer() {
    let folder = Folder::new();
    let bound = BoundServer::of(&["--decrypt-keys", &key_file(&folder)]);
    let good = encrypt(&header(), &bound.idp.token(API).sign());
    let parts: Vec<&str> = good.split('.').collect();
    let change = |at: usize, part: &str| {
        let mut parts = parts.clone();
        parts[at] = part;
        parts.join(".")
    };
    let flip = |part: &str| {
        let mut bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        bytes[0] ^= 1;
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let answer = |token: &str| {
        let mut text = String::new();
        let kind = bound.server.kind(|server| {
            let reply = server.whoami(token);
            let lines = reply.0.lines().filter(|line| !line.starts_with("date: "));
            text = lines.collect::<Vec<_>>().join("\n");
            reply
        });
        (kind, text)
    };
    let (kind, first) = answer(&change(4, &flip(parts[4])));
    assert_eq!(kind.as_deref(), Some("decryption_failed"));
    for bad in [
        change(1, "AAAA"),
        change(2, &flip(parts[2])),
        change(2, "AAAA"),
        change(3, &flip(parts[3])),
        change(4, "AAAA"),
    ] {
        assert_eq!(answer(&bad), (kind.clone(), first.clone()), "{bad}");
    }
    assert_eq!(answer(&good).0, None);
}

#[test]
fn encryption_can_be_required() {
    let folder = Folder::new();
    let file = key_file(&folder);
    let bound = BoundServer::of(&["--decrypt-keys", &file, "--encryption-required"]);
    let signed = bound.idp.token(API).sign();
    let reply = bound.server.whoami(&signed);
    assert_eq!(reply.status(), 401);
    assert!(reply.0.contains("error=\"invalid_token\""));
    assert_eq!(
        bound.server.whoami(&encrypt(&header(), &signed)).status(),
        200
    );
    let without = BoundServer::of(&[]);
    let signed = without.idp.token(API).sign();
    assert_eq!(
        without.server.whoami(&encrypt(&header(), &signed)).status(),
        401
    );
}

#[test]
fn a_proof_is_for_the_text_that_was_sent() {
    let folder = Folder::new();
    let file = key_file(&folder);
    let options = [
        "--dpop",
        "accept",
        "--public-url",
        PUBLIC,
        "--decrypt-keys",
        &file,
    ];
    let bound = BoundServer::of(&options);
    let signed = bound.token();
    let token = encrypt(&header(), &signed);
    assert_eq!(bound.kind(&token, &bound.proof(&token)), None);
    let inner = bound.kind(&token, &bound.proof(&signed));
    assert_eq!(inner.as_deref(), Some("proof_invalid"));
}
