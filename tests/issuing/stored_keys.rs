//! The stored form of signing keys.

use std::time::Duration;

use bearergate::crypto::Algorithm;
use bearergate::error::ConfigErrorKind;
use bearergate::issuer::{SigningKey, SigningKeys};
use bearergate::secret::Secret;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::*;

fn text(keys: &SigningKeys) -> String {
    String::from_utf8(keys.to_secret().expose().to_vec()).unwrap()
}

fn read(text: impl Into<String>) -> Result<SigningKeys, ConfigErrorKind> {
    SigningKeys::from_secret(&Secret::from(text.into())).map_err(|error| error.kind())
}

/// Keys of every kind: signing, announced, kept and revoked.
fn full() -> SigningKeys {
    let keys = fast_rotating_keys(quick_key());
    let first = keys.signing_key(NOW).unwrap().kid().to_owned();
    let keys = keys.schedule_next(key(Algorithm::Rs256), NOW).unwrap();
    let keys = keys.revoke(&first, key(Algorithm::Es256), NOW).unwrap();
    keys.schedule_next(key(Algorithm::Es384), after(NOW, HOUR))
        .unwrap()
}

#[test]
fn stored_keys_are_read_as_written() {
    for keys in [signing_keys(), full()] {
        let stored = text(&keys);
        let read = read(stored.as_str()).unwrap();
        assert_eq!(text(&read), stored);
        assert_eq!(format!("{read:?}"), format!("{keys:?}"));
        for hours in [0, 1, 2, 25, 26, 100] {
            let now = after(NOW, hours * HOUR);
            assert_eq!(read.jwks(now), keys.jwks(now));
            let kid = |keys: &SigningKeys| keys.signing_key(now).map(|key| key.kid().to_owned());
            assert_eq!(kid(&read), kid(&keys));
        }
    }
}

#[test]
fn token_minted_before_a_restart_is_accepted_after_it() {
    let (before, _) = issuer(signing_keys());
    let token = before.mint(&claims()).unwrap();
    let stored = before.keys().to_secret();
    drop(before);
    let (after, _) = issuer(SigningKeys::from_secret(&stored).unwrap());
    assert!(validate(token.expose(), after.jwks().body(), NOW).is_ok());
    let own = after.mint(&claims()).unwrap();
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
    assert_eq!(kid(own.expose()), kid(token.expose()));
}

#[test]
fn keys_of_every_algorithm_are_stored() {
    for algorithm in ALGORITHMS {
        let keys = SigningKeys::builder(key(algorithm)).build(NOW).unwrap();
        assert!(read(text(&keys)).is_ok(), "{algorithm}");
    }
}

fn edited(edit: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(&text(&full())).unwrap();
    edit(&mut value);
    value.to_string()
}

#[test]
fn form_of_another_version_is_rejected_by_name() {
    assert!(read(edited(|_| ())).is_ok());
    let stored = edited(|keys| keys["bearergate_key_ring"] = 2.into());
    let error = SigningKeys::from_secret(&Secret::from(stored)).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed);
    assert!(error.to_string().contains("version"), "{error}");
}

#[track_caller]
fn assert_malformed(text: String) {
    let kind = read(text.as_str()).err();
    assert_eq!(kind, Some(ConfigErrorKind::ValueMalformed), "{text}");
}

fn names(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn member_that_is_missing_unknown_or_of_another_type_is_rejected() {
    let whole: Value = serde_json::from_str(&text(&full())).unwrap();
    for place in ["", "/keys/1", "/revoked/0"] {
        for name in names(whole.pointer(place).unwrap()) {
            let object = |value: &mut Value| value.pointer_mut(place).unwrap().take();
            let change = |change: &dyn Fn(&mut Value)| {
                edited(|keys| {
                    let mut inner = object(keys);
                    change(&mut inner);
                    *keys.pointer_mut(place).unwrap() = inner;
                })
            };
            assert!(read(change(&|_| ())).is_ok());
            assert_malformed(change(&|inner| {
                drop(inner.as_object_mut().unwrap().remove(&name))
            }));
            for other in [
                json!(null),
                json!(-1),
                json!(1.5),
                json!(""),
                json!({}),
                json!("\u{e9}"),
            ] {
                assert_malformed(change(&|inner| inner[&name] = other.clone()));
            }
            assert_malformed(change(&|inner| inner["more"] = 1.into()));
        }
    }
}

#[test]
fn number_has_one_spelling() {
    let stored = text(&signing_keys());
    assert!(read(stored.replace("\"revision\":1", "\"revision\": 1")).is_ok());
    for other in ["01", "1.0", "1e0", "\"1\"", "18446744073709551616", "0"] {
        assert_malformed(stored.replace("\"revision\":1", &format!("\"revision\":{other}")));
    }
    let twice = stored.replace("\"revision\":1", "\"revision\":1,\"revision\":1");
    assert_malformed(twice);
}

#[test]
fn keys_out_of_order_repeated_or_absent_are_rejected() {
    assert_malformed(edited(|keys| {
        keys["keys"].as_array_mut().unwrap().reverse()
    }));
    assert_malformed(edited(|keys| keys["keys"] = json!([])));
    assert_malformed(edited(|keys| {
        let mut again = keys["keys"][0].clone();
        again["signs_from"] = (after(NOW, 1000 * HOUR).as_secs()).into();
        keys["keys"].as_array_mut().unwrap().push(again);
    }));
    assert_malformed(edited(|keys| {
        keys["revoked"][0]["kid"] = keys["keys"][0]["kid"].clone();
    }));
    assert_malformed(edited(|keys| {
        keys["keys"][1]["signs_from"] = keys["keys"][0]["signs_from"].clone()
    }));
}

#[test]
fn private_key_with_another_kid_or_algorithm_is_rejected() {
    let kind = |text: String| read(text).err();
    for (member, other) in [("kid", "AAAA"), ("private", "AAAA")] {
        let changed = edited(|keys| keys["keys"][0][member] = other.into());
        assert_eq!(
            kind(changed),
            Some(ConfigErrorKind::KeyMalformed),
            "{member}"
        );
    }
    let swapped = edited(|keys| keys["keys"][0]["private"] = keys["keys"][1]["private"].clone());
    assert_eq!(kind(swapped), Some(ConfigErrorKind::KeyMalformed));
    let mac = edited(|keys| keys["keys"][0]["alg"] = "HS256".into());
    assert_eq!(kind(mac), Some(ConfigErrorKind::AlgorithmUnusable));
    assert_malformed(edited(|keys| keys["keys"][0]["alg"] = "none".into()));
    assert_malformed(edited(|keys| keys["keys"][0]["private"] = "AAA=".into()));
}

#[test]
fn times_outside_their_ranges_are_rejected_when_read_and_when_built() {
    for (name, secs) in [
        ("announce", 3_599),
        ("announce", u64::MAX),
        ("rotate_after", 3_599),
        ("rotate_after", u64::MAX),
        ("longest_lifetime", 0),
        ("longest_lifetime", 86_401),
    ] {
        let kind = read(edited(|keys| keys[name] = secs.into())).err();
        assert_eq!(kind, Some(ConfigErrorKind::OutOfRange), "{name} {secs}");
    }
    let build = |announce, rotate, lifetime| {
        let builder = SigningKeys::builder(quick_key())
            .announce_for(Duration::from_secs(announce))
            .rotate_after(Duration::from_secs(rotate))
            .longest_lifetime(Duration::from_secs(lifetime));
        builder
            .build(NOW)
            .err()
            .map(|error| (error.kind(), error.field()))
    };
    let out = |field| Some((ConfigErrorKind::OutOfRange, field));
    assert_eq!(build(3600, 3600, 1), None);
    assert_eq!(build(3599, 3600, 1), out("announce_for"));
    assert_eq!(build(3600, 3599, 1), out("rotate_after"));
    assert_eq!(build(3600, 3600, 0), out("longest_lifetime"));
    assert_eq!(build(3600, 3600, 86_401), out("longest_lifetime"));
}

#[test]
fn text_that_is_cut_or_too_long_is_rejected() {
    let stored = text(&full());
    for len in (0..stored.len()).step_by(97) {
        assert_malformed(stored[..len].to_owned());
    }
    assert_malformed(format!("{stored}x"));
    let long = format!(
        "{stored}{}",
        " ".repeat(bearergate::limits::SIGNING_KEYS_BYTES)
    );
    assert_eq!(read(long).err(), Some(ConfigErrorKind::OutOfRange));
}

#[test]
fn most_keys_of_the_largest_size_fit_the_bound() {
    // A private key has at most 5.5 KiB of DER.
    let longest = (5 * 1024 + 512_usize).div_ceil(3) * 4;
    let each = longest + 200;
    assert!(
        bearergate::limits::SIGNING_KEYS * (each + 100) + 300
            < bearergate::limits::SIGNING_KEYS_BYTES
    );
}

#[test]
fn number_of_keys_is_bounded() {
    let mut keys = fast_rotating_keys(quick_key());
    let mut now = NOW;
    let error = loop {
        match keys.schedule_next(quick_key(), now) {
            Ok(next) => keys = next,
            Err(error) => break error,
        }
        now = after(now, HOUR);
    };
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
    assert_eq!(
        keys.keys(now).unwrap().keys().len(),
        bearergate::limits::SIGNING_KEYS
    );
    // Expired keys are removed and others can be added.
    assert!(
        keys.schedule_next(quick_key(), after(NOW, 26 * HOUR))
            .is_ok()
    );
}

proptest! {
    /// A changed character is detected, or changes only a time or the id.
    #[test]
    fn changed_text_never_panics_and_never_exchanges_a_key(at in 0_usize..2000, to in "[ -~]") {
        let stored = text(&signing_keys());
        let at = at % stored.len();
        let changed = format!("{}{to}{}", &stored[..at], &stored[at + 1..]);
        if let Ok(read) = read(&*changed) {
            let kid = |keys: &SigningKeys| keys.signing_key(after(NOW, 99 * HOUR)).map(SigningKey::kid).map(str::to_owned);
            prop_assert_eq!(kid(&read).is_some_and(|kid| changed.contains(&kid)), kid(&read).is_some());
        }
    }
}
