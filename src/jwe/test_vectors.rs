//! The encrypted tokens of Wycheproof, and those of the RFCs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Decrypted, DecryptionKey, DecryptionKeys, KeyManagement};
use crate::credential::base64url;
use crate::error::RejectionKind;

fn read(path: &str) -> Option<Value> {
    let folder = std::env::var("BEARERGATE_VECTORS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors").to_owned());
    let text = std::fs::read_to_string(format!("{folder}/{path}")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// The algorithm that a token names, if it exists here.
fn algorithm(token: &str) -> Option<KeyManagement> {
    let header = base64url::decode(token.split('.').next()?)?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    KeyManagement::from_name(header["alg"].as_str()?)
}

/// Decrypts a token with one key, which serves the algorithm that the token names.
fn decrypted(jwk: &Value, token: &str) -> Option<Decrypted> {
    let key = DecryptionKey::from_jwk_for(jwk.to_string(), algorithm(token)?).ok()?;
    let keys = DecryptionKeys::of([key]).unwrap();
    keys.decrypt(token).try_now().unwrap().ok()
}

/// Valid tokens of algorithms that do not exist here.
const EXCEPTIONS: [u64; 28] = [
    // 192-bit keys
    28, 31, 53, 56, 77, 80, 83, 86, 89, 92, 60, 61, 70, // A*GCMKW
    71, 72, 73, 74, 75, 133, // RSA1_5
    100, 101, 102, 103, 104, 105, 112, 128, // zip
    135,
];

// Defect X82 (ephemeral key off the curve, or private): docs/defects.md
#[test]
fn every_invalid_token_of_wycheproof_is_refused_and_every_valid_one_opens_but_these() {
    let Some(file) = read("wycheproof/json_web_encryption_test.json") else {
        return;
    };
    let (mut total, mut as_labelled, mut refused) = (0, 0, BTreeSet::new());
    for group in file["testGroups"].as_array().unwrap() {
        let jwk = &group["private"];
        for test in group["tests"].as_array().unwrap() {
            total += 1;
            let id = test["tcId"].as_u64().unwrap();
            let token = test["jwe"].as_str().unwrap();
            let is_valid = test["result"] == "valid";
            match decrypted(jwk, token) {
                Some(own) => {
                    assert!(is_valid, "{id}: {}", test["comment"]);
                    let expected = test["pt"].as_str().unwrap();
                    let hex = own.plaintext().iter().map(|b| format!("{b:02x}"));
                    assert_eq!(hex.collect::<String>(), expected, "{id}");
                    as_labelled += 1;
                }
                None if is_valid => _ = refused.insert(id),
                None => as_labelled += 1,
            }
        }
    }
    assert_eq!(total, 139);
    assert_eq!(refused, EXCEPTIONS.into_iter().collect());
    assert_eq!(as_labelled, 111);
}

#[test]
fn the_examples_of_rfc_7520_of_known_algorithms_open() {
    let mut opened = 0;
    for (number, name) in [
        ("5_1", "key_encryption_using_rsa_v15_and_aes-hmac-sha2"),
        ("5_2", "key_encryption_using_rsa-oaep_with_aes-gcm"),
        (
            "5_4",
            "key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm",
        ),
        ("5_5", "key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2"),
        ("5_6", "direct_encryption_using_aes-gcm"),
        ("5_8", "key_wrap_using_aes-keywrap_with_aes-gcm"),
        ("5_9", "compressed_content"),
    ] {
        let Some(example) = read(&format!("ietf-jose-cookbook/jwe/{number}.{name}.json")) else {
            continue;
        };
        let jwk = &example["input"]["key"];
        let token = example["output"]["compact"].as_str().unwrap();
        let plain = example["input"]["plaintext"].as_str().unwrap();
        let found = decrypted(jwk, token);
        match number {
            // RSA1_5, and `zip`.
            "5_1" | "5_9" => assert!(found.is_none(), "{number}"),
            _ => {
                assert_eq!(found.unwrap().plaintext(), plain.as_bytes(), "{number}");
                opened += 1;
            }
        }
    }
    assert!(opened == 0 || opened >= 4, "{opened}");
}

#[test]
fn a_changed_byte_anywhere_has_one_kind() {
    let Some(file) = read("wycheproof/json_web_encryption_test.json") else {
        return;
    };
    let group = &file["testGroups"][0];
    let token = group["tests"][0]["jwe"].as_str().unwrap();
    let jwk = group["private"].to_string();
    let keys = DecryptionKeys::of([DecryptionKey::from_jwk(jwk).unwrap()]).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    for at in 1..5 {
        let mut bytes = base64url::decode(parts[at]).unwrap();
        for byte in 0..bytes.len() {
            bytes[byte] ^= 1;
            let mut changed: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            changed[at] = base64url::encode(&bytes);
            bytes[byte] ^= 1;
            let found = keys.decrypt(&changed.join(".")).try_now().unwrap();
            assert_eq!(found.unwrap_err().kind(), RejectionKind::DecryptionFailed);
        }
        for length in [0, 1, bytes.len() - 1] {
            let mut changed: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            changed[at] = base64url::encode(&bytes[..length]);
            let found = keys.decrypt(&changed.join(".")).try_now().unwrap();
            assert_eq!(
                found.unwrap_err().kind(),
                RejectionKind::DecryptionFailed,
                "{at} {length}"
            );
        }
    }
}
