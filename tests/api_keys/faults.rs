//! Stores that fail.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use bearergate::api_key::ApiKeyErrorKind;
use bearergate::api_key::store::ApiKeyFilter;
use bearergate::credential::PresentedCredential;
use bearergate::environment::Environment;
use bearergate::event::{Event, Observer};
use bearergate::{ApiKeyValidator, RejectionKind, TokenValidator};

use crate::common::{DAY, NOW, Service, at, plain, scheme, wait};

// Defect I05 (error of a store swallowed): docs/defects.md
#[test]
fn store_failure_is_unavailable() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    service.store.set(&service.store.fails_reads, true);
    for has_to_wait in [false, true] {
        service.store.set(&service.store.has_to_wait, has_to_wait);
        let rejection = service.validate(&key).unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::Unavailable);
        let error = std::error::Error::source(&rejection).unwrap();
        let cause = error.source().unwrap();
        assert_eq!(cause.to_string(), "the disk is gone");
    }
    let unavailable = ApiKeyErrorKind::Unavailable;
    assert_eq!(wait(service.keys.find(id)).unwrap_err().kind(), unavailable);
    let listed = wait(service.keys.list(ApiKeyFilter::All, None));
    assert_eq!(listed.unwrap_err().kind(), unavailable);
    service.store.set(&service.store.fails_reads, false);
    assert_eq!(service.kind(&key), None);
}

// Defect I05 (error of a store swallowed): docs/defects.md
#[test]
fn failed_write_is_reported_and_changes_nothing() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let before = service.record(id).unwrap().to_row();
    service.store.set(&service.store.fails_writes, true);
    let kinds = [
        wait(service.keys.revoke(id, "leaked")).err(),
        wait(service.keys.expire(id, at(NOW))).err(),
        wait(service.keys.rotate(id, DAY)).err(),
        wait(service.keys.create(plain())).err(),
    ];
    for kind in kinds {
        assert_eq!(kind.unwrap().kind(), ApiKeyErrorKind::Unavailable);
    }
    let all = wait(service.keys.list(ApiKeyFilter::All, None)).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].to_row(), before);
    assert_eq!(service.kind(&key), None);
    service.store.set(&service.store.fails_writes, false);
    wait(service.keys.revoke(id, "leaked")).unwrap();
    assert_eq!(service.kind(&key), Some(RejectionKind::ApiKeyDisabled));
}

#[test]
fn conflicting_change_is_repeated_a_bounded_number_of_times() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    service.store.conflicts.store(7, Ordering::SeqCst);
    let _ = wait(service.keys.rotate(id, DAY)).unwrap();
    service.store.conflicts.store(8, Ordering::SeqCst);
    let rejected = wait(service.keys.revoke(id, "leaked")).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Conflict);
    assert_eq!(service.kind(&key), None);
    service.store.conflicts.store(7, Ordering::SeqCst);
    wait(service.keys.revoke(id, "leaked")).unwrap();
    assert_eq!(service.kind(&key), Some(RejectionKind::ApiKeyDisabled));
}

#[test]
fn waiting_store_gives_the_same_results() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    service.store.set(&service.store.has_to_wait, true);
    let presented = PresentedCredential::token(&key);
    let answer = service.validator.validate(&presented).try_now();
    assert!(wait(answer.unwrap_err()).is_ok());
    assert!(service.record(id).unwrap().last_used().is_some());
    let next = service.with_scheme(scheme(&[2, 1]));
    assert_eq!(next.kind(&key), None);
    assert_eq!(service.record(id).unwrap().digest().pepper_version(), 2);
    wait(next.keys.revoke(id, "leaked")).unwrap();
    assert_eq!(next.kind(&key), Some(RejectionKind::ApiKeyDisabled));
    let strange = Service::new().issue(plain()).0;
    assert_eq!(next.kind(&strange), Some(RejectionKind::ApiKeyUnknown));
}

#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<String>>);

impl Observer for Recorder {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[test]
fn failed_rehash_keeps_the_key_valid_and_is_reported() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let recorder = Arc::new(Recorder::default());
    let validator = ApiKeyValidator::builder(scheme(&[2, 1]), service.store.clone())
        .clock(service.clock.clone())
        .observer(recorder.clone())
        .build()
        .unwrap();
    let validate = || wait(validator.validate(&PresentedCredential::token(&key)));
    service.store.set(&service.store.fails_writes, true);
    assert!(validate().is_ok());
    let expected = format!("RehashFailed {{ key: \"{id}\", reason: \"unavailable\" }}");
    assert_eq!(*recorder.0.lock().unwrap(), [expected]);
    assert_eq!(service.record(id).unwrap().digest().pepper_version(), 1);
    service.store.set(&service.store.fails_writes, false);
    assert!(validate().is_ok());
    assert_eq!(service.record(id).unwrap().digest().pepper_version(), 2);
    assert_eq!(recorder.0.lock().unwrap().len(), 1);
}

#[test]
fn failed_rehash_is_reported_to_the_observer_of_the_environment() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    service.store.set(&service.store.fails_writes, true);
    let recorder = Arc::new(Recorder::default());
    let environment = Environment::new()
        .clock(service.clock.clone())
        .observer(recorder.clone());
    let validator = ApiKeyValidator::builder(scheme(&[2, 1]), service.store.clone());
    let validator = validator.env(&environment).build().unwrap();
    assert!(wait(validator.validate(&PresentedCredential::token(&key))).is_ok());
    assert_eq!(recorder.0.lock().unwrap().len(), 1);
}
