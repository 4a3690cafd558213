//! The keys of proofs.

use bearergate::crypto::Algorithm;
use bearergate::testing::ProofKey;
use serde_json::{Value, json};

use crate::common::*;

/// Sends a good proof of a key whose `jwk` and `alg` were changed.
fn kind(
    service: &Service,
    key: &ProofKey,
    alg: &str,
    change: impl FnOnce(&mut Value),
) -> Option<bearergate::RejectionKind> {
    let token = service.token(json!({"jkt": key.thumbprint()}));
    let mut jwk = key.jwk();
    change(&mut jwk);
    let proof = key.proof("GET", ORDERS).token(&token).at(NOW);
    let proof = proof.header("jwk", jwk).header("alg", alg).sign();
    service.kind(&request(&token, &[&proof]))
}

// Defect E38 (one of the names of Ed25519 unknown): docs/defects.md
#[test]
fn both_names_of_ed25519_are_one_algorithm() {
    let service = Service::new();
    let key = ProofKey::ed25519();
    for alg in ["EdDSA", "Ed25519"] {
        assert_eq!(kind(&service, &key, alg, |_| ()), None, "{alg}");
        for own in ["EdDSA", "Ed25519"] {
            let same = kind(&service, &key, alg, |jwk| jwk["alg"] = json!(own));
            assert_eq!(same, None, "{alg} {own}");
        }
        let other = kind(&service, &key, alg, |jwk| jwk["alg"] = json!("ES256"));
        assert_eq!(other, INVALID);
    }
    let ecdsa = kind(&service, &key, "ES256", |_| ());
    assert_eq!(ecdsa, INVALID);
}

// Defect E41 (RSA key of any size, or with a small exponent, in a proof): docs/defects.md
#[test]
fn rsa_keys_have_their_numbers_without_leading_zeros() {
    let service = Service::new();
    let key = ProofKey::rs256();
    assert_eq!(kind(&service, &key, "RS256", |_| ()), None);
    for (name, value) in [
        ("e", "AAEAAQ"),
        ("e", "Aw"),
        ("e", "AQ"),
        ("e", ""),
        ("e", "AQAB="),
        ("n", "AQAB"),
        ("n", ""),
    ] {
        let changed = kind(&service, &key, "RS256", |jwk| jwk[name] = json!(value));
        assert_eq!(changed, INVALID, "{name} {value}");
    }
    let zero = kind(&service, &key, "RS256", |jwk| {
        jwk["n"] = json!(format!("AA{}", jwk["n"].as_str().unwrap()));
    });
    assert_eq!(zero, INVALID);
    // Of 8 192 and of 16 384 bits.
    for bytes in [1_024, 2_048] {
        let huge = "_".repeat(bytes * 4 / 3);
        let changed = kind(&service, &key, "RS256", |jwk| jwk["n"] = json!(huge));
        assert_eq!(changed, INVALID, "{bytes}");
    }
}

// Defect E43 (coordinate too short, modulus with a leading zero): docs/defects.md
#[test]
fn coordinates_have_their_full_length_and_one_spelling() {
    let service = Service::new();
    let key = ProofKey::es256();
    for name in ["x", "y"] {
        for change in [
            |text: &str| text.to_owned().split_off(1),
            |text: &str| format!("A{text}"),
            |text: &str| format!("{text}="),
            |_: &str| String::new(),
        ] {
            let changed = kind(&service, &key, "ES256", |jwk| {
                jwk[name] = json!(change(jwk[name].as_str().unwrap()));
            });
            assert_eq!(changed, INVALID, "{name}");
        }
        let number = kind(&service, &key, "ES256", |jwk| jwk[name] = json!(1));
        assert_eq!(number, INVALID);
        let absent = kind(&service, &key, "ES256", |jwk| {
            jwk.as_object_mut().unwrap().remove(name);
        });
        assert_eq!(absent, INVALID);
    }
}

#[test]
fn type_curve_and_purpose_fit_the_algorithm() {
    let service = Service::new();
    let key = ProofKey::es256();
    for (name, value, expected) in [
        ("kty", json!("OKP"), INVALID),
        ("kty", json!("ec"), INVALID),
        ("kty", json!(null), INVALID),
        ("crv", json!("P-384"), INVALID),
        ("crv", json!("secp256k1"), INVALID),
        ("use", json!("sig"), None),
        ("use", json!("enc"), INVALID),
        ("use", json!(["sig"]), INVALID),
        ("key_ops", json!(["verify"]), None),
        ("key_ops", json!(["sign", "verify"]), None),
        ("key_ops", json!(["sign"]), INVALID),
        ("key_ops", json!([]), INVALID),
        ("key_ops", json!("verify"), INVALID),
        ("alg", json!("ES256"), None),
        ("alg", json!("ES384"), INVALID),
        ("alg", json!(1), INVALID),
        ("ext", json!(true), None),
    ] {
        let changed = kind(&service, &key, "ES256", |jwk| jwk[name] = value.clone());
        assert_eq!(changed, expected, "{name} {value}");
    }
    let token = service.bound_token();
    for bad in [json!(null), json!("key"), json!([]), json!({})] {
        let proof = service.proof(&token).header("jwk", &bad).sign();
        assert_eq!(service.kind(&request(&token, &[&proof])), INVALID, "{bad}");
    }
    assert_eq!(
        service.changed(|proof| proof.without_header("jwk")),
        INVALID
    );
}

// The identity of edwards25519 accepts a signature of nobody.
// Defect E44 (point off the curve, of small order or at infinity): docs/defects.md
#[test]
fn points_of_small_order_and_off_the_curve_are_refused() {
    let service = Service::new();
    let point = |first: &str| format!("{first}{}", "A".repeat(43 - first.len()));
    let hash = |jwk: &Value| {
        let text = jwk.to_string();
        let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, hash)
    };
    let small = json!({"crv": "Ed25519", "kty": "OKP", "x": point("AQ")});
    let off = json!({"crv": "P-256", "kty": "EC", "x": point("AQ"), "y": point("AQ")});
    let infinity = json!({"crv": "P-256", "kty": "EC", "x": point(""), "y": point("")});
    for (jwk, alg) in [(small, "EdDSA"), (off, "ES256"), (infinity, "ES256")] {
        let token = service.token(json!({"jkt": hash(&jwk)}));
        let proof = service
            .proof(&token)
            .header("jwk", &jwk)
            .header("alg", alg)
            .sign();
        assert_eq!(service.kind(&request(&token, &[&proof])), INVALID, "{jwk}");
    }
}

#[test]
fn algorithms_that_are_not_named_are_refused() {
    let service = Service::with(|dpop| dpop.algorithms([Algorithm::Es256]));
    let ed = ProofKey::ed25519();
    assert_eq!(kind(&service, &ed, "EdDSA", |_| ()), INVALID);
    let es = ProofKey::es256();
    assert_eq!(kind(&service, &es, "ES256", |_| ()), None);
}

// Defect E42 (thumbprint over all members, or of a certificate): docs/defects.md
#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    // RFC 9449 section 4.2 and 6.1.
    let jwk = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    });
    let service = Service::new();
    let token = service.token(json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}));
    // The key is the one of the token, so the signature of another key is what fails.
    let proof = service.proof(&token).header("jwk", jwk).sign();
    assert_eq!(service.kind(&request(&token, &[&proof])), INVALID);
}
