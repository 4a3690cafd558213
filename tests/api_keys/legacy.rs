//! Keys that others issued.

use std::sync::Barrier;
use std::thread;

use bearergate::RejectionKind;
use bearergate::api_key::store::{ApiKeyChange, ApiKeyFilter};
use bearergate::api_key::{
    ApiKeyErrorKind, ApiKeyId, ApiKeyRecord, ApiKeyStore, LegacyFormat, PepperedDigest,
};
use ring::digest;

use crate::common::DAY;
use crate::common::House;
use crate::common::NOW;
use crate::common::PREFIX;
use crate::common::at;
use crate::common::foreign_ring;
use crate::common::plain;
use crate::common::ring;
use crate::common::wait;
use crate::judging::sealed;

const KEY: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";

fn sha256(text: &str) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().try_into().unwrap()
}

#[test]
fn a_foreign_key_that_was_imported_is_good_and_no_other_one_is() {
    let house = House::of(foreign_ring(&[1]));
    let imported = wait(house.keys.import(plain().scopes(["a"]), KEY)).unwrap();
    let principal = house.judge(KEY).unwrap();
    assert!(principal.scopes().unwrap().contains("a"));
    assert_eq!(
        house.record(imported.id()).unwrap().last_used(),
        Some(at(NOW))
    );
    let unknown = Some(RejectionKind::ApiKeyUnknown);
    assert_eq!(house.kind("c0ffee00-7a11-4d0e-9f3b-2b1e"), unknown);
    assert_eq!(
        house.kind("c0ffee00-7a11"),
        Some(RejectionKind::ApiKeyMalformed)
    );
    let again = wait(house.keys.import(plain(), KEY)).unwrap_err();
    assert_eq!(again.kind(), ApiKeyErrorKind::Conflict);
    wait(house.keys.revoke(imported.id(), "leaked")).unwrap();
    assert_eq!(house.kind(KEY), Some(RejectionKind::ApiKeyDisabled));
}

#[test]
fn what_begins_like_one_of_ours_is_never_looked_up_as_foreign() {
    let house = House::of(foreign_ring(&[1]));
    let (key, _) = house.issue(plain());
    let asked = house.store.finds();
    let typo = format!("{key}x");
    let refused = wait(house.keys.import(plain(), &typo)).unwrap_err();
    assert_eq!(refused.kind(), ApiKeyErrorKind::Malformed);
    let elsewhere = typo.replacen(PREFIX, "other", 1);
    assert!(wait(house.keys.import(plain(), &elsewhere)).is_ok());
    // Of whose text nobody knows anything.
    assert!(wait(house.keys.import_sha256(plain(), sha256(&typo))).is_ok());
    assert_eq!(house.kind(&typo), Some(RejectionKind::ApiKeyMalformed));
    let short = format!("{PREFIX}_c0ffee00-7a11-4d0e-9f3b-2b1d");
    assert_eq!(house.kind(&short), Some(RejectionKind::ApiKeyMalformed));
    assert_eq!(house.store.finds(), asked);
}

#[test]
fn a_ring_without_foreign_keys_takes_none() {
    let house = House::new();
    assert_eq!(house.kind(KEY), Some(RejectionKind::ApiKeyMalformed));
    let refused = wait(house.keys.import(plain(), KEY)).unwrap_err();
    assert_eq!(refused.kind(), ApiKeyErrorKind::Malformed);
    let refused = wait(house.keys.import_sha256(plain(), sha256(KEY))).unwrap_err();
    assert_eq!(refused.kind(), ApiKeyErrorKind::Malformed);
    let strict = House::of(ring(&[1]).with_legacy(LegacyFormat::new(20).unwrap()));
    let refused = wait(strict.keys.import_sha256(plain(), sha256(KEY))).unwrap_err();
    assert_eq!(refused.kind(), ApiKeyErrorKind::Malformed);
    assert!(wait(strict.keys.import(plain(), KEY)).is_ok());
}

#[test]
fn the_id_of_a_foreign_key_is_the_id_of_none_of_ours() {
    let house = House::of(foreign_ring(&[1]));
    let foreign = wait(house.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    let (key, own) = house.issue(plain());
    let secret = &key[PREFIX.len() + 18..key.len() - 6];
    let with_id = |id: ApiKeyId| sealed(&format!("{PREFIX}_{id}_{secret}"));
    assert_eq!(house.kind(&with_id(own)), None);
    let forged = house.kind(&with_id(foreign.id()));
    assert_eq!(forged, Some(RejectionKind::ApiKeyUnknown));
}

#[test]
fn a_plain_digest_that_is_said_to_have_a_pepper_is_of_no_key() {
    for (version, refused) in [(0, None), (1, Some(RejectionKind::ApiKeyUnknown))] {
        let house = House::of(foreign_ring(&[1]));
        let imported = wait(house.keys.import_sha256(plain(), sha256(KEY))).unwrap();
        let mut parts = imported.to_row();
        let version = PepperVersion::from_number(version);
        parts.digest = PepperedDigest::new(*parts.digest.digest(), version);
        parts.version += 1;
        let planted = ApiKeyChange::Replace(ApiKeyRecord::from_row(parts).unwrap());
        wait(house.store.commit(vec![planted])).unwrap();
        assert_eq!(house.kind(KEY), refused);
    }
}

#[test]
fn an_imported_digest_gets_its_pepper_at_the_first_use() {
    let house = House::of(foreign_ring(&[1]));
    let id = wait(house.keys.import_sha256(plain(), sha256(KEY)))
        .unwrap()
        .id();
    let version = || house.record(id).unwrap().digest().version().number();
    assert_eq!(version(), 0);
    assert_eq!((house.kind(KEY), version()), (None, 1));
    // From then on the plain digest is not asked for any more.
    let strict = ring(&[1]).with_legacy(LegacyFormat::new(20).unwrap());
    assert_eq!(house.with_ring(strict).kind(KEY), None);
    let next = house.with_ring(foreign_ring(&[2, 1]));
    assert_eq!((next.kind(KEY), version()), (None, 2));
    assert_eq!(next.kind(KEY), None);
}

#[test]
fn a_digest_that_is_presented_itself_is_no_key() {
    let house = House::of(foreign_ring(&[1]));
    wait(house.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    let hex: String = sha256(KEY).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(house.kind(&hex), Some(RejectionKind::ApiKeyUnknown));
}

#[test]
fn a_rotated_foreign_key_gets_a_successor_of_ours() {
    let house = House::of(foreign_ring(&[1]));
    let id = wait(house.keys.import(plain(), KEY)).unwrap().id();
    let issued = wait(house.keys.rotate(id, DAY)).unwrap();
    let key = issued.secret.reveal();
    assert!(key.starts_with(PREFIX));
    assert_eq!((house.kind(KEY), house.kind(&key)), (None, None));
    house.clock.advance(DAY);
    assert_eq!(house.kind(KEY), Some(RejectionKind::ApiKeyExpired));
    assert_eq!(house.kind(&key), None);
}

#[test]
fn foreign_keys_are_found_in_a_store_that_is_slow() {
    let house = House::of(foreign_ring(&[2, 1]));
    wait(house.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    house.store.set(&house.store.is_slow, true);
    assert_eq!(house.kind(KEY), None);
    assert_eq!(
        house.kind("c0ffee00-7a11-4d0e-9f3b-2b1e"),
        Some(RejectionKind::ApiKeyUnknown)
    );
    house.store.set(&house.store.is_deaf, true);
    assert_eq!(house.kind(KEY), Some(RejectionKind::Unavailable));
    house.store.set(&house.store.is_deaf, false);
    let all = wait(house.keys.list(ApiKeyFilter::All, None)).unwrap();
    assert_eq!(all[0].digest().version().number(), 2);
}

// Defect H05 (one-time use checked, then made): docs/defects.md
#[test]
fn a_key_is_never_unknown_while_its_digest_is_made_anew() {
    const THREADS: usize = 8;
    for _ in 0..50 {
        let house = House::of(foreign_ring(&[1]));
        let (key, own) = house.issue(plain());
        let id = wait(house.keys.import_sha256(plain(), sha256(KEY)))
            .unwrap()
            .id();
        let next = house.with_ring(foreign_ring(&[2, 1]));
        let barrier = Barrier::new(THREADS);
        thread::scope(|scope| {
            for at in 0..THREADS {
                let (key, barrier, next) = ([&key, KEY][at % 2], &barrier, &next);
                scope.spawn(move || {
                    barrier.wait();
                    assert_eq!(next.kind(key), None);
                    assert_eq!(next.kind(key), None);
                });
            }
        });
        for id in [own, id] {
            let record = next.record(id).unwrap();
            assert_eq!(
                (record.digest().version().number(), record.version()),
                (2, 2)
            );
        }
    }
}
