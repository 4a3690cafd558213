//! The integration for `jsonwebtoken` 12, in a process that installs its provider on `ring`.
#![cfg(feature = "jsonwebtoken")]
#![expect(
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use bearergate::crypto::Algorithm;
use bearergate::error::ConfigErrorKind;
use bearergate::integrations::jsonwebtoken::{
    crypto_provider, key_from_decoding_key, key_from_jwk,
};
use bearergate::key::Key;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm as Theirs, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

const ED25519: &[u8] = include_bytes!("keys/ed25519.private.pem");
const ED25519_V2: &[u8] = include_bytes!("keys/ed25519.pkcs8-v2.private.pem");
const ED25519_PUBLIC: &[u8] = include_bytes!("keys/ed25519.public.pem");
const ES256: &[u8] = include_bytes!("keys/es256.private.pem");
const ES256_PUBLIC: &[u8] = include_bytes!("keys/es256.public.pem");
const ES384: &[u8] = include_bytes!("keys/es384.private.pem");
const ES384_PUBLIC: &[u8] = include_bytes!("keys/es384.public.pem");
const RSA: &[u8] = include_bytes!("keys/rsa-2048.private.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("keys/rsa-2048.public.pem");
const RSA_PKCS1_PUBLIC: &[u8] = include_bytes!("keys/rsa-2048.pkcs1.public.pem");
const SECRET: &[u8] = &[7; 64];

fn install() {
    // The first test installs it; the others find it installed.
    let _ = crypto_provider().install_default();
}

/// Every algorithm of `jsonwebtoken` with its keys.
fn pairs() -> Vec<(Theirs, EncodingKey, DecodingKey)> {
    let secret = || {
        (
            EncodingKey::from_secret(SECRET).unwrap(),
            DecodingKey::from_secret(SECRET).unwrap(),
        )
    };
    let rsa = || {
        let public = DecodingKey::from_rsa_pem(RSA_PUBLIC).unwrap();
        (EncodingKey::from_rsa_pem(RSA).unwrap(), public)
    };
    let ec = |private, public| {
        let public = DecodingKey::from_ec_pem(public).unwrap();
        (EncodingKey::from_ec_pem(private).unwrap(), public)
    };
    let ed = || {
        let public = DecodingKey::from_ed_pem(ED25519_PUBLIC).unwrap();
        (EncodingKey::from_ed_pem(ED25519).unwrap(), public)
    };
    [
        (Theirs::HS256, secret()),
        (Theirs::HS384, secret()),
        (Theirs::HS512, secret()),
        (Theirs::RS256, rsa()),
        (Theirs::RS384, rsa()),
        (Theirs::RS512, rsa()),
        (Theirs::PS256, rsa()),
        (Theirs::PS384, rsa()),
        (Theirs::PS512, rsa()),
        (Theirs::ES256, ec(ES256, ES256_PUBLIC)),
        (Theirs::ES384, ec(ES384, ES384_PUBLIC)),
        (Theirs::EdDSA, ed()),
    ]
    .map(|(algorithm, (encoding, decoding))| (algorithm, encoding, decoding))
    .into()
}

fn validation(algorithm: Theirs) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation
}

#[test]
fn every_algorithm_encodes_and_decodes() {
    install();
    for (algorithm, encoding, decoding) in pairs() {
        let claims = json!({"sub": "alice"});
        let token = jsonwebtoken::encode(&Header::new(algorithm), &claims, &encoding).unwrap();
        let decoded = jsonwebtoken::decode::<Value>(&token, &decoding, &validation(algorithm));
        assert_eq!(decoded.unwrap().claims, claims, "{algorithm:?}");

        let (message, signature) = token.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        let tampered = format!("{message}.{flipped}{}", &signature[1..]);
        let decoded = jsonwebtoken::decode::<Value>(&tampered, &decoding, &validation(algorithm));
        assert!(decoded.is_err(), "{algorithm:?}");
    }
}

#[test]
fn only_a_key_of_the_algorithms_family_signs_and_verifies() {
    let provider = crypto_provider();
    for (algorithm, ..) in pairs() {
        for (other, encoding, decoding) in pairs() {
            let signer = (provider.signer_factory)(&algorithm, &encoding);
            let verifier = (provider.verifier_factory)(&algorithm, &decoding);
            if other.family() != algorithm.family() {
                assert!(
                    signer.is_err() && verifier.is_err(),
                    "{algorithm:?} {other:?}"
                );
                continue;
            }
            // One family with two curves: a key fits only its own.
            let is_fit = other == algorithm || algorithm.family().algorithms().len() > 2;
            assert_eq!(signer.is_ok(), is_fit, "{algorithm:?} {other:?}");
            let verified = signer.is_ok_and(|signer| {
                let signature = signer.try_sign(b"message").unwrap();
                assert_eq!(signer.algorithm(), algorithm);
                verifier.unwrap().verify(b"message", &signature).is_ok()
            });
            assert_eq!(verified, is_fit, "{algorithm:?} {other:?}");
        }
    }
}

#[test]
fn ed25519_keys_of_both_pkcs8_versions_sign_alike() {
    let provider = crypto_provider();
    let sign = |pem| {
        let key = EncodingKey::from_ed_pem(pem).unwrap();
        let signer = (provider.signer_factory)(&Theirs::EdDSA, &key).unwrap();
        signer.try_sign(b"message").unwrap()
    };
    assert_eq!(sign(ED25519), sign(ED25519_V2));
}

#[test]
fn decoding_keys_become_keys() {
    for (algorithm, _, decoding) in pairs() {
        let key = key_from_decoding_key(&decoding).unwrap();
        let name = format!("{algorithm:?}");
        assert!(
            key.algorithms()
                .contains(Algorithm::from_name(&name).unwrap())
        );
        assert_eq!(key.kid(), None);
    }
    for (pem, decoding) in [
        (RSA_PUBLIC, DecodingKey::from_rsa_pem(RSA_PUBLIC)),
        (RSA_PUBLIC, DecodingKey::from_rsa_pem(RSA_PKCS1_PUBLIC)),
        (ES256_PUBLIC, DecodingKey::from_ec_pem(ES256_PUBLIC)),
        (ES384_PUBLIC, DecodingKey::from_ec_pem(ES384_PUBLIC)),
        (ED25519_PUBLIC, DecodingKey::from_ed_pem(ED25519_PUBLIC)),
    ] {
        let key = key_from_decoding_key(&decoding.unwrap()).unwrap();
        assert_eq!(key.id(), Key::from_pem(pem).unwrap().id());
    }
}

#[test]
fn unsuitable_decoding_keys_are_rejected() {
    let kind = |key: &DecodingKey| key_from_decoding_key(key).unwrap_err().kind();
    let private = DecodingKey::from_rsa_pem(RSA).unwrap();
    assert_eq!(kind(&private), ConfigErrorKind::KeyPrivate);
    let short = DecodingKey::from_secret(b"secret").unwrap();
    assert_eq!(kind(&short), ConfigErrorKind::KeyWeak);
    let public_as_secret = DecodingKey::from_secret(RSA_PUBLIC).unwrap();
    assert_eq!(kind(&public_as_secret), ConfigErrorKind::KeyMalformed);
    let small = DecodingKey::from_rsa_raw_components(&[0xff; 256], &[3]);
    assert_eq!(kind(&small), ConfigErrorKind::KeyWeak);
    let secp256k1 = DecodingKey::from_ec_pem(include_bytes!("keys/secp256k1.public.pem")).unwrap();
    assert_eq!(kind(&secp256k1), ConfigErrorKind::KeyMalformed);
    let p521 = DecodingKey::from_ec_pem(include_bytes!("keys/p521.public.pem")).unwrap();
    assert_eq!(kind(&p521), ConfigErrorKind::KeyMalformed);
    let identity = DecodingKey::from_ed_der(&[&[1][..], &[0; 31]].concat());
    assert_eq!(kind(&identity), ConfigErrorKind::KeyWeak);
}

#[test]
fn public_jwks_made_by_jsonwebtoken_are_imported() {
    install();
    for (algorithm, encoding, decoding) in pairs() {
        let mut jwk = Jwk::from_encoding_key(&encoding, algorithm).unwrap();
        jwk.common.key_id = Some("k1".to_owned());
        let key = key_from_jwk(&jwk).unwrap();
        let name = format!("{algorithm:?}");
        assert_eq!(
            key.algorithms(),
            Algorithm::from_name(&name).unwrap().into()
        );
        assert_eq!(key.kid(), Some("k1"));
        assert_eq!(key.id(), key_from_decoding_key(&decoding).unwrap().id());
        if let Some(thumbprint) = key.thumbprint() {
            assert_eq!(jwk.thumbprint(ThumbprintHash::SHA256).unwrap(), thumbprint);
        }
        let of_public = Jwk::from_decoding_key(&decoding, Some(algorithm)).unwrap();
        assert_eq!(key.id(), key_from_jwk(&of_public).unwrap().id());
    }
}

#[test]
fn jwks_for_another_purpose_are_rejected() {
    let jwk: Value = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let with = |name: &str, value: &str| {
        let mut jwk = jwk.clone();
        jwk[name] = value.into();
        serde_json::from_value::<Jwk>(jwk).unwrap()
    };
    assert!(key_from_jwk(&with("use", "sig")).is_ok());
    for refused in [
        with("use", "enc"),
        with("alg", "RSA-OAEP"),
        with("alg", "what"),
    ] {
        let error = key_from_jwk(&refused).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::KeyMalformed);
    }
}

#[test]
fn digests_use_the_named_algorithm() {
    let digest = crypto_provider().key_utils.compute_digest;
    for (hash, len) in [
        (ThumbprintHash::SHA256, 32),
        (ThumbprintHash::SHA384, 48),
        (ThumbprintHash::SHA512, 64),
    ] {
        assert_eq!(digest(b"", hash).unwrap().len(), len);
    }
    let empty = digest(b"", ThumbprintHash::SHA256).unwrap();
    assert_eq!(empty[..4], [0xe3, 0xb0, 0xc4, 0x42]);
}

#[test]
fn malformed_keys_are_errors() {
    let provider = crypto_provider();
    let utils = &provider.key_utils;
    for bytes in [&[][..], b"key", &[0x30, 0x80], &[0xff; 300]] {
        for (algorithm, ..) in pairs().into_iter().skip(3) {
            for key in [
                EncodingKey::from_rsa_der(bytes),
                EncodingKey::from_ec_der(bytes),
                EncodingKey::from_ed_der(bytes),
            ] {
                assert!((provider.signer_factory)(&algorithm, &key).is_err());
            }
            assert!((utils.ec_pub_components_from_private_key)(bytes, algorithm).is_err());
        }
        assert!((utils.rsa_pub_components_from_private_key)(bytes).is_err());
        assert!((utils.rsa_pub_components_from_public_key)(bytes).is_err());
    }
}
