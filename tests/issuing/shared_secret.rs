//! Tokens under a secret that the verifiers share.

use bearergate::crypto::Algorithm;
use bearergate::error::ConfigErrorKind;
use bearergate::issuer::{JwtIssuer, SigningKey, SigningKeys, TokenEndpoints};
use bearergate::key::{Key, KeySet};
use bearergate::secret::Secret;
use bearergate::{ConfigError, JwtValidator, RejectionKind};
use serde_json::Value;

use crate::common::*;

const SECRET: [u8; 32] = [0xa7; 32];

fn secret_key() -> SigningKey {
    SigningKey::hs256_verifiers_can_mint(SECRET.to_vec()).unwrap()
}

fn secret_issuer() -> JwtIssuer {
    issuer(SigningKeys::builder(secret_key()).build(NOW).unwrap()).0
}

/// A service of one's own that was given this key.
fn own_service(key: Key) -> JwtValidator {
    let builder = JwtValidator::builder().issuer(NAME).audience(API);
    builder.keys(key.into()).rfc9068().build().unwrap()
}

fn kind(result: Result<SigningKey, ConfigError>) -> Option<ConfigErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn services_with_the_secret_accept_its_tokens_and_others_do_not() {
    let issuer = secret_issuer();
    let token = issuer.mint(&claims().scopes(["read"])).unwrap();
    let header = jsonwebtoken::decode_header(token.expose()).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::HS256);
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(header.kid.as_deref(), Some(secret_key().kid()));

    let own = Key::from_secret(SECRET.to_vec()).unwrap();
    let named = own.clone().with_kid(secret_key().kid()).unwrap();
    for key in [own, named] {
        let alice = validate_with(&own_service(key), token.expose(), NOW).unwrap();
        assert_eq!(alice.subject(), Some("alice"));
    }
    let other = Key::from_secret(vec![8; 32]).unwrap();
    let refused = validate_with(&own_service(other), token.expose(), NOW).unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::SignatureInvalid);
    // It validates its own tokens, and answers about them.
    assert!(validate_with(&validator(&issuer), token.expose(), NOW).is_ok());
    let endpoints = TokenEndpoints::new(issuer);
    let answer = introspect(&endpoints, &api(), token.expose());
    assert_eq!(members(answer.body())["active"], true);
}

#[test]
fn secrets_have_32_bytes_at_least() {
    let of = |len| SigningKey::hs256_verifiers_can_mint(vec![7; len]);
    for (len, expected) in [
        (0, Some(ConfigErrorKind::KeyWeak)),
        (31, Some(ConfigErrorKind::KeyWeak)),
        (32, None),
        (64, None),
        (5632, None),
        (5633, Some(ConfigErrorKind::OutOfRange)),
    ] {
        assert_eq!(kind(of(len)), expected, "{len}");
    }
    assert_eq!(of(31).unwrap_err().field(), "secret");
    // A longer secret does not mint under a longer hash.
    assert_eq!(of(64).unwrap().algorithm(), Algorithm::Hs256);
    for text in [RSA, include_str!("../keys/es256.public.pem")] {
        let refused = SigningKey::hs256_verifiers_can_mint(text.to_owned());
        assert_eq!(kind(refused), Some(ConfigErrorKind::KeyMalformed));
    }
    for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
        let unusable = Some(ConfigErrorKind::AlgorithmUnusable);
        assert_eq!(kind(SigningKey::generate(algorithm)), unusable);
        assert_eq!(kind(SigningKey::from_pem(algorithm, RSA)), unusable);
    }
}

#[test]
fn a_secret_is_never_published() {
    let alone = secret_issuer();
    assert_eq!(alone.jwks().body(), r#"{"keys":[]}"#);
    let mixed = alone.keys().schedule_next(quick_key(), NOW).unwrap();
    let published: Value = serde_json::from_str(&mixed.jwks(NOW)).unwrap();
    let [only] = published["keys"].as_array().unwrap().as_slice() else {
        panic!("{published}");
    };
    assert_eq!(only["alg"], "EdDSA");
    assert!(!published.to_string().contains(secret_key().kid()));
    assert_eq!(mixed.keys(NOW).unwrap().keys().len(), 2);
    let shown = format!("{:?} {alone:?} {mixed:?}", secret_key());
    assert!(!shown.contains("167"), "{shown}");
}

#[test]
fn a_secret_is_rotated_like_other_keys() {
    let (node, clock) = issuer(fast_rotating_keys(secret_key()));
    let own = validator(&node);
    let old = node.mint(&claims()).unwrap();
    node.adopt(node.keys().schedule_next(quick_key(), NOW).unwrap())
        .unwrap();
    clock.set(after(NOW, HOUR));
    let new = node.mint(&claims()).unwrap();
    let alg = |token: &str| jsonwebtoken::decode_header(token).unwrap().alg;
    assert_eq!(alg(old.expose()), jsonwebtoken::Algorithm::HS256);
    assert_eq!(alg(new.expose()), jsonwebtoken::Algorithm::EdDSA);
    for (token, at) in [(&old, NOW), (&new, after(NOW, HOUR))] {
        assert!(validate_with(&own, token.expose(), at).is_ok());
    }
    // Its last tokens are valid here for as long as those of a key pair would be.
    let revoked = node
        .keys()
        .revoke(secret_key().kid(), key(Algorithm::Es256), after(NOW, HOUR));
    node.adopt(revoked.unwrap()).unwrap();
    let refused = validate_with(&own, old.expose(), NOW).unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::AlgorithmNotAllowed);
}

#[test]
fn the_stored_form_keeps_a_secret_for_hs256_only() {
    let keys = SigningKeys::builder(secret_key()).build(NOW).unwrap();
    let stored = keys.to_secret();
    let read = SigningKeys::from_secret(&stored).unwrap();
    let token = issuer(read).0.mint(&claims()).unwrap();
    let own = own_service(Key::from_secret(SECRET.to_vec()).unwrap());
    assert!(validate_with(&own, token.expose(), NOW).is_ok());

    let text = str::from_utf8(stored.expose()).unwrap().to_owned();
    for (from, to, expected) in [
        ("HS256", "HS384", ConfigErrorKind::ValueMalformed),
        ("HS256", "ES256", ConfigErrorKind::ValueMalformed),
        ("HS256", "ES512", ConfigErrorKind::ValueMalformed),
        ("\"secret", "\"private", ConfigErrorKind::AlgorithmUnusable),
        // Another secret than that of the `kid`, and one that is too short.
        ("\"p6en", "\"q6en", ConfigErrorKind::KeyMalformed),
        ("\"p6en", "\"", ConfigErrorKind::KeyWeak),
    ] {
        assert!(text.contains(from), "{text}");
        let changed = Secret::from(text.replace(from, to));
        let error = SigningKeys::from_secret(&changed).unwrap_err();
        assert_eq!(error.kind(), expected, "{to}");
    }
}

/// A published key must not verify a MAC, also where the issuer has a secret of the same bytes.
#[test]
fn a_published_key_takes_no_token_of_the_secret() {
    let issuer = secret_issuer();
    let mixed = issuer.keys().schedule_next(quick_key(), NOW).unwrap();
    let token = issuer.mint(&claims()).unwrap();
    let published = KeySet::from_jwks(mixed.jwks(NOW)).unwrap();
    let stranger = JwtValidator::builder().issuer(NAME).audience(API);
    let stranger = stranger.keys(published).rfc9068().build().unwrap();
    let refused = validate_with(&stranger, token.expose(), NOW).unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::AlgorithmNotAllowed);
}

#[test]
fn no_key_signs_es512() {
    let unusable = Some(ConfigErrorKind::AlgorithmUnusable);
    assert_eq!(kind(SigningKey::generate(Algorithm::Es512)), unusable);
    let pem = include_str!("../keys/es512.private.pem");
    let refused = SigningKey::from_pem(Algorithm::Es512, pem).unwrap_err();
    assert_eq!(Some(refused.kind()), unusable);
    assert!(refused.to_string().contains("ES512"), "{refused}");
    let other = SigningKey::from_pem(Algorithm::Es384, pem);
    assert_eq!(kind(other), Some(ConfigErrorKind::KeyMalformed));
}
