//! Keys from an object of certificates, each used only in the certificate's validity.

use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::crypto::Algorithm;
use bearergate::key::{FetchedKeys, KeyHint, KeyStatus};
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, FakeKey, Fault};
use bearergate::{Gate, KeyStore};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::common::{AUDIENCE, START, Scene};

/// The private key of [`FakeKey::rs256`].
const RSA: &str = include_str!("../keys/rsa-2048.private.pem");
const EC: &str = include_str!("../keys/es256.private.pem");

/// A certificate that is valid from and until these seconds, counted from the start.
fn certificate(key: &str, from: i64, until: i64) -> String {
    let start = i64::try_from(START.as_secs()).unwrap();
    let time = |secs| OffsetDateTime::from_unix_timestamp(start + secs).unwrap();
    let mut params = CertificateParams::new(["securetoken.example.com".to_owned()]).unwrap();
    params.not_before = time(from);
    params.not_after = time(until);
    let key = match key {
        RSA => KeyPair::from_pem_and_sign_algo(key, &rcgen::PKCS_RSA_SHA256),
        key => KeyPair::from_pem(key),
    };
    params.self_signed(&key.unwrap()).unwrap().pem()
}

fn lasting() -> Value {
    certificate(RSA, -3_600, 864_000).into()
}

/// A provider that publishes these certificates.
fn scene(members: &Value) -> Scene {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().clock(clock.clone());
    let idp = idp.key(FakeKey::rs256("a")).start().unwrap();
    publish(&idp, members);
    let keys = FetchedKeys::certificate_map(&idp.endpoint(FakeEndpoint::Jwks));
    Scene::with_keys(clock, idp, keys)
}

fn publish(idp: &FakeIssuer, members: &Value) {
    let answer = Answer::json(members.to_string()).header("cache-control", "max-age=3600");
    idp.fail(FakeEndpoint::Jwks, Fault::Answer(answer));
}

#[tokio::test]
async fn a_token_is_verified_by_the_certificate_with_its_key_id() {
    let scene = scene(&json!({"a": lasting()}));
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    let other = scene.with_kid("b");
    assert_eq!(
        scene.validate(&other).await,
        Err(RejectionKind::KeyNotFound)
    );
    let keys = scene.keys.current().unwrap();
    assert_eq!(keys.keys()[0].algorithms(), Algorithm::Rs256.into());
    assert_eq!(keys.keys()[0].kid(), Some("a"));
}

#[tokio::test]
async fn a_key_is_dropped_at_the_end_of_its_certificate() {
    let end = 100;
    let scene = scene(&json!({"a": certificate(RSA, -10, end), "b": certificate(EC, -10, 9_000)}));
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    let id = scene.idp.key().public().id();
    scene.pass(99);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    assert_eq!(scene.keys.status(&id), KeyStatus::Fresh);
    scene.pass(1);
    assert_eq!(scene.keys.status(&id), KeyStatus::Gone);
    assert_eq!(scene.keys.current().unwrap().keys().len(), 1);
    // The other key has another algorithm.
    let result = scene.validate(&scene.good()).await;
    assert_eq!(result, Err(RejectionKind::AlgorithmNotAllowed));
    // The provider replaces the certificate of the key.
    publish(&scene.idp, &json!({"a": lasting()}));
    scene.pass(30);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.keys.status(&id), KeyStatus::Fresh);
}

#[tokio::test]
async fn a_key_is_not_used_before_its_certificate_begins() {
    let scene = scene(&json!({"a": certificate(RSA, 100, 900), "b": certificate(EC, -10, 9_000)}));
    let early = scene.validate(&scene.good()).await;
    assert_eq!(early, Err(RejectionKind::AlgorithmNotAllowed));
    scene.pass(99);
    let early = scene.validate(&scene.good()).await;
    assert_eq!(early, Err(RejectionKind::AlgorithmNotAllowed));
    scene.pass(1);
    let fetches = scene.fetches();
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    assert_eq!(scene.fetches(), fetches);
    // A clock that was set back makes the key invalid again.
    scene.clock.set(UnixTime::from_secs(START.as_secs() + 99));
    let hint = KeyHint::new(None, Algorithm::Rs256);
    let keys = scene.keys.find(hint).await.unwrap();
    assert!(keys.keys().iter().all(|key| key.kid() == Some("b")));
}

#[tokio::test]
async fn certificates_that_are_all_out_of_date_are_no_keys() {
    for (from, until) in [(-100, 0), (1, 100)] {
        let scene = scene(&json!({"a": certificate(RSA, from, until)}));
        let result = scene.validate(&scene.good()).await;
        assert_eq!(result, Err(RejectionKind::Unavailable));
        let problem = scene.recorded().fetches[0];
        assert_eq!(problem, Some("no certificate of the source is valid now"));
    }
    let twin = scene(&json!({"a": certificate(RSA, 0, 1)}));
    assert_eq!(twin.validate(&twin.good()).await, Ok(()));
}

#[tokio::test]
async fn unusable_members_are_skipped_one_by_one_and_reported() {
    let public = include_str!("../keys/rsa-2048.public.pem");
    let weak = include_str!("../keys/rsa-1024.public.pem");
    let cut = lasting().as_str().unwrap().replacen("MII", "MIJ", 1);
    let doubled = format!("{0}{0}", lasting().as_str().unwrap());
    let bad = [
        Value::Null,
        json!(1),
        json!(""),
        json!(public),
        json!(weak),
        json!(RSA),
        json!(cut),
        json!(doubled),
        json!({"x5c": []}),
    ];
    for member in &bad {
        let scene = scene(&json!({"bad": member, "a": lasting()}));
        assert_eq!(scene.validate(&scene.good()).await, Ok(()), "{member}");
        assert_eq!(scene.recorded().skipped, 1, "{member}");
        let keys = scene.keys.current().unwrap();
        assert_eq!(keys.skipped()[0].kid(), Some("bad"));
    }
    let long = "k".repeat(257);
    let scene = scene(&json!({long: lasting(), "a": lasting()}));
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.recorded().skipped, 1);
}

#[tokio::test]
async fn another_document_is_no_object_of_certificates() {
    let jwks = FakeKey::rs256("a").jwk();
    let twice = format!(r#"{{"a":{0},"a":{0}}}"#, lasting());
    for text in [
        "",
        "[]",
        "{}",
        r#"{"keys":[]}"#,
        &format!(r#"{{"keys":[{jwks}]}}"#),
        &twice,
    ] {
        let scene = scene(&Value::Null);
        let answer = Answer::json(text);
        scene.idp.fail(FakeEndpoint::Jwks, Fault::Answer(answer));
        let result = scene.validate(&scene.good()).await;
        assert_eq!(result, Err(RejectionKind::Unavailable), "{text}");
    }
}

#[tokio::test]
async fn the_number_of_certificates_is_bounded() {
    let members = |count: usize| {
        let others = (1..count).map(|n| (n.to_string(), json!("")));
        let all = others.chain([("a".to_owned(), lasting())]);
        Value::Object(all.collect())
    };
    for (count, expected) in [(100, Ok(())), (101, Err(RejectionKind::Unavailable))] {
        let scene = scene(&members(count));
        assert_eq!(scene.validate(&scene.good()).await, expected, "{count}");
    }
}

#[tokio::test]
async fn kept_certificates_are_used_after_a_restart_only_in_their_validity() {
    let file = std::env::temp_dir().join(format!("bearergate-certificates-{}", std::process::id()));
    let scene = scene(&json!({"a": certificate(RSA, -10, 100)}));
    let restarted = |secs: u64| {
        let clock = FakeClock::at(START);
        clock.advance(Duration::from_secs(secs));
        let keys = FetchedKeys::certificate_map(&scene.idp.endpoint(FakeEndpoint::Jwks));
        let idp = FakeIssuer::start().unwrap();
        Scene::with_keys(clock, idp, keys.keep_in(&file))
    };
    assert!(restarted(0).keys.warm_up().await.is_ok());
    scene.idp.down();
    assert!(restarted(99).keys.warm_up().await.is_ok());
    assert!(restarted(100).keys.warm_up().await.is_err());
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn the_doctor_names_certificates_that_are_out_of_date() {
    let report = async |members: Value| {
        let scene = scene(&members);
        let validator = bearergate::JwtValidator::builder()
            .issuer(scene.idp.url())
            .audience(AUDIENCE)
            .key_store(std::sync::Arc::new(scene.keys.clone()))
            .clock(scene.clock.clone())
            .build()
            .unwrap();
        let gate = Gate::builder()
            .validator(validator)
            .allow_any_authenticated();
        gate.build().unwrap().doctor().await.to_string()
    };
    let good = report(json!({"a": lasting()})).await;
    assert!(good.contains("key `a` verifies RS256"), "{good}");
    assert!(!good.contains("not valid now"), "{good}");
    let old = certificate(EC, -100, 0);
    let one = report(json!({"a": lasting(), "old": old})).await;
    assert!(one.contains("key `old` is not used"), "{one}");
    assert!(one.contains("warning") && !one.contains("error"), "{one}");
    let none = report(json!({"old": old})).await;
    assert!(none.contains("error"), "{none}");
}
