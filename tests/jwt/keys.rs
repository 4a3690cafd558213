//! Keys and signatures: algorithm confusion, malleable signatures, truncation.

use bearergate::crypto::Algorithm;
use bearergate::key::{Key, KeySet};

use crate::common::*;

fn with_alg(alg: &str) -> Text {
    header().set("alg", format!("\"{alg}\""))
}

fn pem(text: &str) -> KeySet {
    Key::from_pem(text).unwrap().into()
}

// Defects A04 (public key used as MAC secret), A06 (JWK without `alg`, header decides):
// docs/defects.md
#[test]
fn mac_under_any_form_of_a_public_key_is_rejected_by_its_algorithm() {
    for text in [RSA, ES256, ED25519] {
        let validator = with_keys(pem(text)).build().unwrap();
        let body: String = text.lines().filter(|line| !line.contains('-')).collect();
        let der = der(text);
        let tail = &der[der.len() - 32..];
        for secret in [
            text.as_bytes(),
            text.trim_end().as_bytes(),
            body.as_bytes(),
            &der,
            tail,
            b"",
        ] {
            for alg in ["HS256", "HS384", "HS512"] {
                let message = message(with_alg(alg).to_string(), claims().to_string());
                let token = mac_with(secret, &message);
                assert_eq!(outcome(&validator, &token), "algorithm_not_allowed");
            }
        }
    }
}

// Defects A04 (public key used as MAC secret), A06 (JWK without `alg`, header decides), A34 (curve
// and algorithm do not match): docs/defects.md
#[test]
fn header_selects_no_algorithm() {
    let names = Algorithm::ALL.iter().map(|algorithm| algorithm.as_str());
    let families: [(&str, KeySet); 4] = [
        ("HS256", secret().into()),
        ("ES256", pem(ES256)),
        ("EdDSA", pem(ED25519)),
        ("RS256 RS384 RS512 PS256 PS384 PS512", pem(RSA)),
    ];
    for name in names {
        for (served, keys) in &families {
            let validator = with_keys(keys.clone()).build().unwrap();
            // A valid MAC for HS256; invalid for all other algorithms.
            let token = mac(with_alg(name), claims());
            let expected = match served.contains(name) {
                true if name == "HS256" => "accept",
                true => "signature_invalid",
                false => "algorithm_not_allowed",
            };
            assert_eq!(outcome(&validator, &token), expected, "{served} {name}");
        }
    }
}

#[test]
fn configured_algorithms_restrict_those_of_the_keys() {
    let key = Key::from_secret(vec![7; 64]).unwrap();
    let both = with_keys(key.clone().into()).build().unwrap();
    let only = with_keys(key.into())
        .algorithms([Algorithm::Hs512])
        .build()
        .unwrap();
    let message = message(header().to_string(), claims().to_string());
    let token = mac_with(&[7; 64], &message);
    assert_eq!(outcome(&both, &token), "accept");
    assert_eq!(outcome(&only, &token), "algorithm_not_allowed");
}

#[test]
fn ed25519_has_two_names() {
    for name in ["EdDSA", "Ed25519"] {
        let token = ed25519(with_alg(name), claims());
        let validator = with_keys(pem(ED25519))
            .algorithms([Algorithm::EdDsa])
            .build()
            .unwrap();
        assert_eq!(outcome(&validator, &token), "accept");
    }
    for name in ["Ed448", "ED25519", "eddsa"] {
        let token = ed25519(with_alg(name), claims());
        let validator = with_keys(pem(ED25519)).build().unwrap();
        assert_eq!(
            outcome(&validator, &token),
            "algorithm_not_allowed",
            "{name}"
        );
    }
}

// Defects A01 (unsigned token accepted), A03 (unknown algorithm, empty signature), B17 (truncated
// MAC accepted): docs/defects.md
#[test]
fn truncated_or_extended_signature_is_rejected() {
    let good = token(claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    assert_eq!(outcome(&validator(), &good), "accept");
    let tag = ring::hmac::sign(
        &ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &SECRET),
        message.as_bytes(),
    );
    assert_eq!(encode(tag), signature);
    for len in [0, 1, 16, 31] {
        let token = format!("{message}.{}", encode(&tag.as_ref()[..len]));
        assert_eq!(outcome(&validator(), &token), "signature_invalid", "{len}");
    }
    let longer = [tag.as_ref(), &[0]].concat();
    let token = format!("{message}.{}", encode(longer));
    assert_eq!(outcome(&validator(), &token), "signature_invalid");
}

// Defects A32 (ECDSA with r or s of zero), A33 (ECDSA in another encoding): docs/defects.md
#[test]
fn es256_signature_is_two_halves_in_range() {
    let validator = with_keys(pem(ES256)).build().unwrap();
    let (message, signature) = es256(with_alg("ES256"), claims());
    let validate =
        |signature: &[u8]| outcome(&validator, &format!("{message}.{}", encode(signature)));
    assert_eq!(validate(&signature), "accept");
    let order = ORDER;
    let (r, s) = signature.split_at(32);
    for bad in [
        vec![0; 64],
        [r, &[0; 32]].concat(),
        [&[0; 32], s].concat(),
        [r, &order].concat(),
        [&order[..], s].concat(),
        [s, r].concat(),
        signature[..63].to_vec(),
        [&signature[..], &[0]].concat(),
        [&[0], &signature[..]].concat(),
        vec![],
        [&[0x30, 0x44, 0x02, 0x20], r, &[0x02, 0x20], s].concat(),
        [&[0; 16], r, &[0; 16], s].concat(),
    ] {
        assert_eq!(validate(&bad), "signature_invalid", "{bad:?}");
    }
}

/// The order of P-256, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Returns `n - s`.
fn negated(s: &[u8]) -> Vec<u8> {
    let mut difference = vec![0; 32];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let next = i16::from(ORDER[at]) - i16::from(s[at]) - borrow;
        borrow = i16::from(next < 0);
        difference[at] = u8::try_from(next.rem_euclid(256)).unwrap();
    }
    difference
}

// Defect A21 (second spelling of the same token): docs/defects.md
#[test]
fn es256_token_with_negated_s_has_the_same_token_id() {
    let validator = with_keys(pem(ES256)).build().unwrap();
    let (message, signature) = es256(with_alg("ES256"), claims());
    let twin = [&signature[..32], &negated(&signature[32..])].concat();
    assert_ne!(signature, twin);
    let id = |validator: &bearergate::JwtValidator, signature: &[u8]| {
        let token = format!("{message}.{}", encode(signature));
        validate(validator, &token).unwrap().token_id().unwrap()
    };
    assert_eq!(id(&validator, &signature), id(&validator, &twin));

    for authority in ["another", &ISSUER.replace(".com", ".org")] {
        let renamed = with_keys(pem(ES256)).authority(authority).build().unwrap();
        assert_ne!(id(&validator, &signature), id(&renamed, &signature));
    }

    let of = |header: Text, claims: Text| {
        let (message, signature) = es256(header, claims);
        let token = format!("{message}.{}", encode(signature));
        validate(&validator, &token).unwrap().token_id().unwrap()
    };
    let own = id(&validator, &signature);
    assert_eq!(of(with_alg("ES256"), claims()), own);
    assert_ne!(of(with_alg("ES256"), claims().set("jti", "\"1\"")), own);
    assert_ne!(of(with_alg("ES256").set("kid", "\"k\""), claims()), own);
}

// Defects A11 (injection through `kid`), A41 (duplicate or missing `kid`): docs/defects.md
#[test]
fn token_with_two_eligible_keys_is_rejected() {
    let other = Key::from_secret(vec![8; 32]).unwrap();
    let keys = KeySet::new([secret(), other.clone()]).unwrap();
    assert_eq!(
        outcome(&with_keys(keys).build().unwrap(), &token(claims())),
        "key_ambiguous"
    );
    let rotating = KeySet::rotating(other, [secret()]).unwrap();
    assert_eq!(
        outcome(&with_keys(rotating).build().unwrap(), &token(claims())),
        "accept"
    );
    let same = KeySet::new([secret(), secret()]).unwrap();
    assert_eq!(
        outcome(&with_keys(same).build().unwrap(), &token(claims())),
        "accept"
    );
}

// Defect B11 (issuer mix-up): docs/defects.md
#[test]
fn changed_claims_and_other_keys_are_rejected() {
    let good = token(claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let payload = encode(claims().set("sub", "\"mallory\"").to_string());
    let changed = format!("{header}.{payload}.{signature}");
    assert_eq!(outcome(&validator(), &changed), "signature_invalid");
    let forged = mac_with(&[8; 32], message);
    assert_eq!(outcome(&validator(), &forged), "signature_invalid");
}

#[test]
fn es512_token_without_a_key_on_p_521_is_rejected_by_its_algorithm() {
    let token = mac(with_alg("ES512"), claims());
    for keys in [pem(ES256), pem(RSA), secret().into()] {
        let validator = with_keys(keys).build().unwrap();
        assert_eq!(outcome(&validator, &token), "algorithm_not_allowed");
    }
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn es512_token_verifies_under_its_key_only() {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair};

    let pkcs8 = der(include_str!("../keys/es512.private.pem"));
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA512_FIXED_SIGNING, &pkcs8).unwrap();
    let signed = |alg| {
        let message = message(with_alg(alg).to_string(), claims().to_string());
        let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        (message, signature.as_ref().to_vec())
    };
    let outcome_of = |message: &str, signature: &[u8]| {
        let keys = pem(include_str!("../keys/es512.public.pem"));
        let validator = with_keys(keys).build().unwrap();
        outcome(&validator, &format!("{message}.{}", encode(signature)))
    };
    let (message, good) = signed("ES512");
    assert_eq!(good.len(), 132);
    assert_eq!(outcome_of(&message, &good), "accept");
    let (r, s) = good.split_at(66);
    let flipped = [r, &[s[0] ^ 1], &s[1..]].concat();
    for bad in [
        &good[..131],
        &[&good[..], &[0]].concat(),
        &[s, r].concat(),
        &flipped,
        &[0; 132],
        &[],
    ] {
        assert_eq!(outcome_of(&message, bad), "signature_invalid");
    }
    for alg in ["ES256", "ES384", "RS512", "HS512"] {
        let (message, signature) = signed(alg);
        assert_eq!(
            outcome_of(&message, &signature),
            "algorithm_not_allowed",
            "{alg}"
        );
    }
    let other = pem(include_str!("../keys/p521.public.pem"));
    let validator = with_keys(other).build().unwrap();
    let token = format!("{message}.{}", encode(&good));
    assert_eq!(outcome(&validator, &token), "signature_invalid");
}
