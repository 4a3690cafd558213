//! Third-party test vectors for compact form, header, key and signature. Few of their payloads are
//! claims, so claims are not checked.

use std::path::PathBuf;

use serde_json::Value;

use super::compact;
use super::compact::Compact;
use super::header::{Header, HeaderCache, HeaderText};
use super::verify::verify;
use crate::credential::base64url;
use crate::crypto::Provider;
use crate::error::{ConfigErrorKind, RejectionKind};
use crate::json::Object;
use crate::key::test_vectors::{present, read, vectors};
use crate::key::{Key, KeyImporter, KeySet};
use crate::limits;

/// Labelled valid, but the JWK's `alg` differs from the token's: PS256 for PS384, and "ES521",
/// which is not the name of an algorithm.
const ALG_OF_THE_KEY: [u64; 4] = [346, 347, 350, 351];

/// Labelled invalid, but byte for byte the valid 357.
const SAME_AS_357: [u64; 2] = [367, 370];

/// Labelled valid, but with a `?` inside, which is not base64url.
const QUESTION_MARK: [u64; 2] = [372, 373];

#[test]
fn wycheproof_results_are_as_labelled_except_for_eight() {
    let file = vectors().join("wycheproof/json_web_signature_test.json");
    let Some(suite) = present(file).map(|file| read(&file)) else {
        return;
    };
    let exceptions = [&ALG_OF_THE_KEY[..], &SAME_AS_357, &QUESTION_MARK].concat();
    for provider in Provider::ALL {
        let mut off_label = Vec::new();
        let mut count = 0;
        for group in suite["testGroups"].as_array().unwrap() {
            let public = Some(&group["public"]).filter(|jwk| !jwk.is_null());
            let key =
                KeyImporter::on(*provider).jwk(public.unwrap_or(&group["private"]).to_string());
            for test in group["tests"].as_array().unwrap() {
                count += 1;
                let token = test["jws"].as_str().unwrap();
                let is_accepted = key
                    .clone()
                    .is_ok_and(|key| verify_token(token, key).is_ok());
                if is_accepted != (test["result"] == "valid") {
                    off_label.push(test["tcId"].as_u64().unwrap());
                }
            }
        }
        off_label.sort_unstable();
        let mut expected = exceptions.clone();
        expected.sort_unstable();
        assert_eq!(off_label, expected, "{provider:?}");
        assert_eq!(count, 401);
    }
}

#[test]
fn exceptions_are_as_described() {
    let file = vectors().join("wycheproof/json_web_signature_test.json");
    let Some(suite) = present(file).map(|file| read(&file)) else {
        return;
    };
    let groups = suite["testGroups"].as_array().unwrap();
    let token = |id: u64| {
        let mut tests = groups.iter().flat_map(|g| g["tests"].as_array().unwrap());
        let test = tests.find(|test| test["tcId"] == id).unwrap();
        test["jws"].as_str().unwrap()
    };
    for id in SAME_AS_357 {
        assert_eq!(token(id), token(357));
    }
    for id in QUESTION_MARK {
        assert!(token(id).contains('?'));
    }
}

#[test]
fn examples_of_the_rfcs_verify() {
    for (name, ids) in [
        ("rfc7515_A", &["1", "2", "3"][..]),
        ("rfc7520_4", &["1", "2", "4"]),
    ] {
        for id in ids {
            let Some((token, jwk)) = example(&format!("{name}.{id}")) else {
                return;
            };
            for provider in Provider::ALL {
                let key = KeyImporter::on(*provider)
                    .jwk(public(&jwk).to_string())
                    .unwrap();
                assert_eq!(verify_token(&token, key.clone()), Ok(()), "{name}.{id}");
                assert_eq!(
                    verify_token(&tampered(&token), key),
                    Err(RejectionKind::SignatureInvalid),
                    "{name}.{id}"
                );
            }
        }
    }
}

/// RFC 7515 appendix A.4 and RFC 7520 section 4.3 sign with ES512 on P-521.
#[test]
fn examples_on_p_521_verify_with_aws_lc_rs_and_are_rejected_by_name_without_it() {
    for name in ["rfc7515_A.4", "rfc7520_4.3"] {
        let Some((token, jwk)) = example(name) else {
            return;
        };
        let key = Key::from_jwk(public(&jwk).to_string());
        assert_eq!(key.is_ok(), cfg!(feature = "aws-lc-rs"));
        match key {
            Ok(key) => {
                assert_eq!(verify_token(&token, key.clone()), Ok(()));
                let refused = verify_token(&tampered(&token), key);
                assert_eq!(refused, Err(RejectionKind::SignatureInvalid));
            }
            Err(error) => {
                assert_eq!(error.kind(), ConfigErrorKind::KeyMalformed);
                assert!(error.to_string().contains("`aws-lc-rs`"), "{error}");
            }
        }
        assert_eq!(
            verify_token(&token, any_key()),
            Err(RejectionKind::AlgorithmNotAllowed)
        );
    }
}

/// RFC 7515 appendix A.5.
#[test]
fn the_unsecured_example_is_rejected_by_its_algorithm() {
    let Some(file) = present(vectors().join("rfc-latchset-jose/rfc7515_A.5.jwsc")) else {
        return;
    };
    let token = std::fs::read_to_string(file).unwrap();
    let result = verify_token(token.trim_end(), any_key());
    assert_eq!(result, Err(RejectionKind::AlgorithmNotAllowed));
}

/// RFC 8037 appendix A.4.
#[test]
fn the_ed25519_example_verifies() {
    let Some(file) = present(vectors().join("ietf-jose-cookbook/curve25519/jws.json")) else {
        return;
    };
    let example = read(&file);
    let token = example["output"]["compact"].as_str().unwrap();
    for provider in Provider::ALL {
        let jwk = public(&example["input"]["key"]);
        let key = KeyImporter::on(*provider).jwk(jwk.to_string()).unwrap();
        assert_eq!(verify_token(token, key.clone()), Ok(()));
        let refused = verify_token(&tampered(token), key);
        assert_eq!(refused, Err(RejectionKind::SignatureInvalid));
    }
}

/// Verifies a token as a validator does before it reads the claims.
fn verify_token(token: &str, key: Key) -> Result<(), RejectionKind> {
    let keys = KeySet::from(key);
    let result = verify_parts(token, &keys);
    let payload = token.split('.').nth(1).and_then(base64url::decode);
    if payload.is_some_and(|payload| Object::parse(&payload).is_ok()) {
        // The payload is an object, so the whole parser must give the same result.
        let compact = Compact::parse(
            token,
            (limits::TOKEN_BYTES, limits::HEADER_BYTES),
            &HeaderCache::default(),
        );
        let whole = compact.and_then(|compact| {
            let verified = verify(&compact, &keys).map(|_| ());
            verified.map_err(|rejection| rejection.kind())
        });
        assert_eq!(result, whole, "{token}");
    }
    result
}

fn verify_parts(token: &str, keys: &KeySet) -> Result<(), RejectionKind> {
    let (header, payload, signature) = compact::split(token)?;
    let decode = |part| base64url::decode(part).ok_or(RejectionKind::TokenMalformed);
    let (text, _, signature_bytes) = (decode(header)?, decode(payload)?, decode(signature)?);
    let header = Header::read(&text)?;
    let kid = header.kid.as_ref().map(|kid| match kid {
        HeaderText::Piece(piece) => std::str::from_utf8(&text[piece.start()..piece.end()]).unwrap(),
        HeaderText::Owned(kid) => kid,
    });
    if !keys.algorithms().contains(header.algorithm) {
        return Err(RejectionKind::AlgorithmNotAllowed);
    }
    let candidates = keys.select(header.algorithm, kid)?;
    let (message, _) = token.rsplit_once('.').unwrap();
    let key = candidates.verify(message.as_bytes(), &signature_bytes);
    key.map(|_| ()).ok_or(RejectionKind::SignatureInvalid)
}

/// Returns the compact token and the JWK of an example.
fn example(name: &str) -> Option<(String, Value)> {
    let file = |ending| -> PathBuf { vectors().join(format!("rfc-latchset-jose/{name}.{ending}")) };
    let token = std::fs::read_to_string(present(file("jwsc"))?).unwrap();
    Some((token.trim_end().to_owned(), read(&file("jwk"))))
}

/// Removes the private members, because a private key is rejected where a public one is expected.
fn public(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        jwk.as_object_mut().unwrap().remove(private);
    }
    jwk
}

/// Changes the first character of the signature.
fn tampered(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature: Vec<char> = signature.chars().collect();
    signature[0] = if signature[0] == 'A' { 'B' } else { 'A' };
    format!("{message}.{}", String::from_iter(signature))
}

fn any_key() -> Key {
    Key::from_secret(vec![7; 32]).unwrap()
}
