//! Stores that do not do what they are asked.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use bearergate::api_key::ApiKeyErrorKind;
use bearergate::api_key::store::ApiKeyFilter;
use bearergate::credential::PresentedCredential;
use bearergate::event::{Event, Observer};
use bearergate::{ApiKeyValidator, RejectionKind, TokenValidator};

use crate::common::DAY;
use crate::common::House;
use crate::common::NOW;
use crate::common::at;
use crate::common::plain;
use crate::common::ring;
use crate::common::wait;

// Defect I05 (error of a store swallowed): docs/defects.md
#[test]
fn a_store_that_cannot_answer_is_neither_a_refusal_nor_a_success() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    house.store.set(&house.store.is_deaf, true);
    for is_slow in [false, true] {
        house.store.set(&house.store.is_slow, is_slow);
        let rejection = house.judge(&key).unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::Unavailable);
        let below = std::error::Error::source(&rejection).unwrap();
        let cause = below.source().unwrap();
        assert_eq!(cause.to_string(), "the disk is gone");
    }
    let unavailable = ApiKeyErrorKind::Unavailable;
    assert_eq!(wait(house.keys.find(id)).unwrap_err().kind(), unavailable);
    let listed = wait(house.keys.list(ApiKeyFilter::All, None));
    assert_eq!(listed.unwrap_err().kind(), unavailable);
    house.store.set(&house.store.is_deaf, false);
    assert_eq!(house.kind(&key), None);
}

// Defect I05 (error of a store swallowed): docs/defects.md
#[test]
fn a_write_that_fails_is_told_and_the_old_state_stays() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    let before = house.record(id).unwrap().to_row();
    house.store.set(&house.store.is_stuck, true);
    let kinds = [
        wait(house.keys.revoke(id, "leaked")).err(),
        wait(house.keys.expire(id, at(NOW))).err(),
        wait(house.keys.rotate(id, DAY)).err(),
        wait(house.keys.create(plain())).err(),
    ];
    for kind in kinds {
        assert_eq!(kind.unwrap().kind(), ApiKeyErrorKind::Unavailable);
    }
    let all = wait(house.keys.list(ApiKeyFilter::All, None)).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].to_row(), before);
    assert_eq!(house.kind(&key), None);
    house.store.set(&house.store.is_stuck, false);
    wait(house.keys.revoke(id, "leaked")).unwrap();
    assert_eq!(house.kind(&key), Some(RejectionKind::ApiKeyDisabled));
}

#[test]
fn a_step_that_meets_somebody_elses_is_decided_anew_and_not_for_ever() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    house.store.conflicts.store(7, Ordering::SeqCst);
    wait(house.keys.rotate(id, DAY)).unwrap();
    house.store.conflicts.store(8, Ordering::SeqCst);
    let refused = wait(house.keys.revoke(id, "leaked")).unwrap_err();
    assert_eq!(refused.kind(), ApiKeyErrorKind::Conflict);
    assert_eq!(house.kind(&key), None);
    house.store.conflicts.store(7, Ordering::SeqCst);
    wait(house.keys.revoke(id, "leaked")).unwrap();
    assert_eq!(house.kind(&key), Some(RejectionKind::ApiKeyDisabled));
}

#[test]
fn a_store_that_has_to_be_waited_for_gives_the_same_verdicts() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    house.store.set(&house.store.is_slow, true);
    let presented = PresentedCredential::token(&key);
    let answer = house.judge.validate(&presented).try_now();
    assert!(wait(answer.unwrap_err()).is_ok());
    assert!(house.record(id).unwrap().last_used().is_some());
    let next = house.with_ring(ring(&[2, 1]));
    assert_eq!(next.kind(&key), None);
    assert_eq!(house.record(id).unwrap().digest().version().number(), 2);
    wait(next.keys.revoke(id, "leaked")).unwrap();
    assert_eq!(next.kind(&key), Some(RejectionKind::ApiKeyDisabled));
    let strange = House::new().issue(plain()).0;
    assert_eq!(next.kind(&strange), Some(RejectionKind::ApiKeyUnknown));
}

#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[test]
fn a_digest_that_cannot_be_made_anew_keeps_the_key_good_and_is_told() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    let notes = Arc::new(Notes::default());
    let judge = ApiKeyValidator::builder(ring(&[2, 1]), house.store.clone())
        .clock(house.clock.clone())
        .observer(notes.clone())
        .build()
        .unwrap();
    let judge = || wait(judge.validate(&PresentedCredential::token(&key)));
    house.store.set(&house.store.is_stuck, true);
    assert!(judge().is_ok());
    let wanted = format!("RehashFailed {{ key: \"{id}\", reason: \"unavailable\" }}");
    assert_eq!(*notes.0.lock().unwrap(), [wanted]);
    assert_eq!(house.record(id).unwrap().digest().version().number(), 1);
    house.store.set(&house.store.is_stuck, false);
    assert!(judge().is_ok());
    assert_eq!(house.record(id).unwrap().digest().version().number(), 2);
    assert_eq!(notes.0.lock().unwrap().len(), 1);
}
