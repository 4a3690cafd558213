//! Explanations of API keys: the result of the validation, one step that failed, no use.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bearergate::api_key::{ApiKeyStore, NewApiKey};
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::diagnosis::Explanation;
use bearergate::request::{ClientAddress, RequestFacts};
use bearergate::{RejectionKind, TokenValidator};

use crate::common::*;

/// Explains a key and validates it, compares the results, and returns the step that failed.
fn failed(service: &Service, presented: &PresentedCredential<'_>) -> Option<(String, String)> {
    let explained = wait(service.validator.explain(presented));
    let validated = wait(service.validator.validate(presented));
    let kind = explained.rejection().map(|rejection| rejection.kind());
    assert_eq!(
        kind,
        validated.err().map(|rejection| rejection.kind()),
        "{explained}"
    );
    assert_eq!(explained.steps().len(), 10, "{explained}");
    let (prefix, secret) = presented
        .credential()
        .expose()
        .split_at(8.min(presented.credential().expose().len()));
    let secret = secret.rsplit('_').next().unwrap_or(prefix);
    for text in [
        explained.to_string(),
        explained.to_json(),
        explained.to_html(),
        format!("{explained:?}"),
    ] {
        assert!(secret.len() < 8 || !text.contains(secret), "{text}");
    }
    step(&explained)
}

fn step(explained: &Explanation) -> Option<(String, String)> {
    let step = explained.failed()?;
    let found = step.found_text().unwrap().to_owned();
    assert!(step.expected_text().is_some());
    Some((step.name().to_owned(), found))
}

fn failed_key(service: &Service, key: &str) -> Option<(String, String)> {
    failed(service, &PresentedCredential::token(key))
}

fn assert_failed(failed: Option<(String, String)>, name: &str, found: &str) {
    let (own, text) = failed.unwrap();
    assert_eq!(own, name, "{text}");
    assert!(text.contains(found), "{text}");
}

#[test]
fn key_that_is_accepted_has_no_failed_step() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    assert_eq!(failed_key(&service, &key), None);
    let explained = wait(service.validator.explain(&PresentedCredential::token(&key)));
    assert!(
        explained.to_string().contains(&format!("key id `{id}`")),
        "{explained}"
    );
}

#[test]
fn malformed_key_says_what_is_wrong_with_its_form() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let cut = &key[..key.len() - 1];
    assert_failed(
        failed_key(&service, cut),
        "format",
        "characters behind the prefix, whose length or checksum is wrong",
    );
    assert_failed(
        failed_key(&service, &format!("{key}!")),
        "format",
        "other characters behind the prefix",
    );
    let other = key.replace("acme_live", "acme_test");
    assert_failed(
        failed_key(&service, &other),
        "format",
        "without this prefix",
    );
}

#[test]
fn unknown_key_and_another_secret_are_told_apart() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let other = Service::new();
    let (unknown, own) = other.issue(plain());
    assert_failed(
        failed_key(&service, &unknown),
        "key",
        &format!("key id `{own}`, which it does not have"),
    );
    // The record of the other service under the id of this key: its secret differs.
    let record = service.record(id).unwrap();
    let mut row = record.to_row();
    row.digest = *other.record(own).unwrap().digest();
    row.version += 1;
    let replaced = bearergate::api_key::ApiKeyRecord::from_row(row).unwrap();
    let change = bearergate::api_key::store::ApiKeyChange::Replace(replaced);
    use bearergate::api_key::ApiKeyStore;
    wait(service.store.commit(vec![change])).unwrap();
    assert_failed(failed_key(&service, &key), "secret", "another secret");
}

#[test]
fn missing_pepper_is_named() {
    let service = Service::of(scheme(&[1]));
    let (key, _) = service.issue(plain());
    let swapped = service.with_scheme(scheme(&[2]));
    assert_failed(failed_key(&swapped, &key), "secret", "without its version");
    assert_eq!(
        failed_key(&service.with_scheme(scheme(&[2, 1])), &key),
        None
    );
}

#[test]
fn disabled_early_and_expired_keys_say_when() {
    let service = Service::new();
    let (key, id) = service.issue(plain().not_before(at(NOW + 60)));
    assert_failed(
        failed_key(&service, &key),
        "not_before",
        "60 seconds after now",
    );
    service.clock.advance(Duration::from_secs(60));
    assert_eq!(failed_key(&service, &key), None);
    wait(service.keys.revoke(id, "lost")).unwrap();
    assert_failed(
        failed_key(&service, &key),
        "disabled",
        "disabled or revoked",
    );

    let (key, _) = service.issue(NewApiKey::new("robot-7").expires_in(DAY));
    assert_eq!(failed_key(&service, &key), None);
    service.clock.advance(DAY + Duration::from_secs(5));
    assert_failed(failed_key(&service, &key), "expiry", "5 seconds before now");
}

#[test]
fn address_of_the_client_is_compared_with_those_of_the_key() {
    let service = Service::new();
    let networks = ["192.0.2.0/24".parse().unwrap()];
    let (key, _) = service.issue(plain().addresses(networks));
    let explain = |address: Option<&str>| {
        let mut request = http::Request::get("/").header("authorization", format!("Bearer {key}"));
        if let Some(address) = address {
            request = request.extension(ClientAddress(address.parse().unwrap()));
        }
        let request = request.body(()).unwrap();
        let facts = RequestFacts::from(&request);
        let sources = Sources::default();
        failed(&service, &sources.extract(&facts).unwrap())
    };
    assert_eq!(explain(Some("192.0.2.7")), None);
    assert_failed(explain(Some("198.51.100.7")), "address", "198.51.100.7");
    assert_failed(explain(None), "address", "no known address");
}

#[test]
fn swapped_pepper_is_a_step() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let swapped = service.with_scheme(scheme_with(&[(1, 9)]));
    assert_failed(failed_key(&swapped, &key), "pepper", "another pepper");
    let right = service.with_scheme(scheme_with(&[(1, 1)]));
    assert_eq!(failed_key(&right, &key), None);
}

#[test]
fn scheme_clock_and_store_are_steps_too() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let dpop = Sources::builder().dpop().build().unwrap();
    let under_dpop = format!("DPoP {key}");
    assert_failed(
        failed(&service, &dpop.authorization(&under_dpop).unwrap()),
        "scheme",
        "under `DPoP`",
    );
    service.store.set(&service.store.fails_reads, true);
    assert_failed(failed_key(&service, &key), "key", "the disk is gone");
    service.store.set(&service.store.fails_reads, false);
    service.clock.stop();
    assert_failed(failed_key(&service, &key), "clock", "reports none");
}

#[test]
fn key_of_the_other_format_is_explained() {
    let service = Service::of(legacy_scheme(&[1]));
    let unknown = "an-old-key-of-the-other-system-0001".replace('-', "x");
    assert_failed(failed_key(&service, &unknown), "key", "no such digest");
    assert_failed(failed_key(&service, "short"), "format", "5 characters");
}

/// A pepper that an operator tries must not become the expected one of an empty store.
#[test]
fn explanation_keeps_no_check_value_of_a_pepper() {
    let (key, _) = Service::new().issue(plain());
    let service = Service::new();
    let kept = || {
        let uses = wait(service.store.pepper_uses("acme keys".into())).unwrap();
        uses.unwrap().iter().any(|used| used.check.is_some())
    };
    let gate = bearergate::Gate::builder().validator(service.validator.clone());
    let gate = gate.allow_any_authenticated().clock(service.clock.clone());
    let gate = gate.build().unwrap();
    let request = http::Request::get("/").header("authorization", format!("Bearer {key}"));
    let request = request.body(()).unwrap();
    let presented = PresentedCredential::token(&key);
    let explained = wait(service.validator.explain(&presented));
    assert_eq!(explained.failed().unwrap().name(), "key");
    assert!(wait(gate.explain(&request)).refusal().is_some());
    assert!(!kept());
    assert!(wait(gate.check(&request)).is_err());
    assert!(kept());
    let swapped = service.with_scheme(scheme_with(&[(1, 9)]));
    assert_failed(failed_key(&swapped, &key), "pepper", "another pepper");
}

#[test]
fn explanation_counts_no_use_and_replaces_no_digest() {
    let older = Service::of(scheme(&[1]));
    let (key, id) = older.issue(plain());
    let service = older.with_scheme(scheme(&[2, 1]));
    let before = service.record(id).unwrap();
    let gate = bearergate::Gate::builder().validator(service.validator.clone());
    let gate = gate
        .allow_any_authenticated()
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let request = http::Request::get("/").header("authorization", format!("Bearer {key}"));
    let request = request.body(()).unwrap();
    assert!(wait(gate.explain(&request)).refusal().is_none());
    let after = service.record(id).unwrap();
    assert_eq!(service.store.touches.load(Ordering::SeqCst), 0);
    assert_eq!(
        (after.version(), after.last_used()),
        (before.version(), None)
    );
    assert_eq!(after.digest().as_bytes(), before.digest().as_bytes());
    // A check re-hashes and counts the use.
    assert!(wait(gate.check(&request)).is_ok());
    let checked = service.record(id).unwrap();
    assert_eq!(checked.last_used(), Some(at(NOW)));
    assert_ne!(checked.digest().as_bytes(), before.digest().as_bytes());
    assert_eq!(service.kind(&key), None::<RejectionKind>);
}
