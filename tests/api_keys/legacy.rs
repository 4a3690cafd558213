//! Keys that another system issued.

use std::sync::Barrier;
use std::thread;

use bearergate::RejectionKind;
use bearergate::api_key::store::{ApiKeyChange, ApiKeyFilter};
use bearergate::api_key::{
    ApiKeyErrorKind, ApiKeyId, ApiKeyRecord, ApiKeyStore, LegacyFormat, PepperedDigest,
};
use ring::digest;

use crate::common::{DAY, NOW, PREFIX, Service, at, legacy_scheme, plain, scheme, wait};
use crate::validation::sealed;

const KEY: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";

fn sha256(text: &str) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().try_into().unwrap()
}

#[test]
fn only_imported_legacy_keys_are_valid() {
    let service = Service::of(legacy_scheme(&[1]));
    let imported = wait(service.keys.import(plain().scopes(["a"]), KEY)).unwrap();
    let principal = service.validate(KEY).unwrap();
    assert!(principal.scopes().unwrap().contains("a"));
    assert_eq!(
        service.record(imported.id()).unwrap().last_used(),
        Some(at(NOW))
    );
    let unknown = Some(RejectionKind::ApiKeyUnknown);
    assert_eq!(service.kind("c0ffee00-7a11-4d0e-9f3b-2b1e"), unknown);
    assert_eq!(
        service.kind("c0ffee00-7a11"),
        Some(RejectionKind::ApiKeyMalformed)
    );
    let again = wait(service.keys.import(plain(), KEY)).unwrap_err();
    assert_eq!(again.kind(), ApiKeyErrorKind::Conflict);
    wait(service.keys.revoke(imported.id(), "leaked")).unwrap();
    assert_eq!(service.kind(KEY), Some(RejectionKind::ApiKeyDisabled));
}

#[test]
fn text_with_the_own_prefix_is_never_looked_up_as_legacy_key() {
    let service = Service::of(legacy_scheme(&[1]));
    let (key, _) = service.issue(plain());
    let asked = service.store.finds();
    let typo = format!("{key}x");
    let rejected = wait(service.keys.import(plain(), &typo)).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Malformed);
    let other = typo.replacen(PREFIX, "other", 1);
    assert!(wait(service.keys.import(plain(), &other)).is_ok());
    // The text behind a digest is not known.
    assert!(wait(service.keys.import_sha256(plain(), sha256(&typo))).is_ok());
    assert_eq!(service.kind(&typo), Some(RejectionKind::ApiKeyMalformed));
    let short = format!("{PREFIX}_c0ffee00-7a11-4d0e-9f3b-2b1d");
    assert_eq!(service.kind(&short), Some(RejectionKind::ApiKeyMalformed));
    assert_eq!(service.store.finds(), asked);
}

#[test]
fn scheme_without_legacy_format_rejects_legacy_keys() {
    let service = Service::new();
    assert_eq!(service.kind(KEY), Some(RejectionKind::ApiKeyMalformed));
    let rejected = wait(service.keys.import(plain(), KEY)).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Malformed);
    let rejected = wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Malformed);
    let strict = Service::of(scheme(&[1]).with_legacy(LegacyFormat::new(20).unwrap()));
    let rejected = wait(strict.keys.import_sha256(plain(), sha256(KEY))).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Malformed);
    assert!(wait(strict.keys.import(plain(), KEY)).is_ok());
}

#[test]
fn own_key_with_the_id_of_a_legacy_key_is_unknown() {
    let service = Service::of(legacy_scheme(&[1]));
    let legacy = wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    let (key, own) = service.issue(plain());
    let secret = &key[PREFIX.len() + 18..key.len() - 6];
    let with_id = |id: ApiKeyId| sealed(&format!("{PREFIX}_{id}_{secret}"));
    assert_eq!(service.kind(&with_id(own)), None);
    let forged = service.kind(&with_id(legacy.id()));
    assert_eq!(forged, Some(RejectionKind::ApiKeyUnknown));
}

#[test]
fn plain_digest_with_a_pepper_version_matches_no_key() {
    for (version, rejected) in [(0, None), (1, Some(RejectionKind::ApiKeyUnknown))] {
        let service = Service::of(legacy_scheme(&[1]));
        let imported = wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap();
        let mut row = imported.to_row();
        row.digest = PepperedDigest::from_stored(*row.digest.as_bytes(), version);
        row.version += 1;
        let planted = ApiKeyChange::Replace(ApiKeyRecord::from_row(row).unwrap());
        wait(service.store.commit(vec![planted])).unwrap();
        assert_eq!(service.kind(KEY), rejected);
    }
}

#[test]
fn imported_digest_gets_a_pepper_at_the_first_use() {
    let service = Service::of(legacy_scheme(&[1]));
    let id = wait(service.keys.import_sha256(plain(), sha256(KEY)))
        .unwrap()
        .id();
    let version = || service.record(id).unwrap().digest().pepper_version();
    assert_eq!(version(), 0);
    assert_eq!((service.kind(KEY), version()), (None, 1));
    // After that the plain digest is not needed any more.
    let strict = scheme(&[1]).with_legacy(LegacyFormat::new(20).unwrap());
    assert_eq!(service.with_scheme(strict).kind(KEY), None);
    let next = service.with_scheme(legacy_scheme(&[2, 1]));
    assert_eq!((next.kind(KEY), version()), (None, 2));
    assert_eq!(next.kind(KEY), None);
}

#[test]
fn presented_digest_is_not_a_key() {
    let service = Service::of(legacy_scheme(&[1]));
    wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    let hex: String = sha256(KEY).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(service.kind(&hex), Some(RejectionKind::ApiKeyUnknown));
}

#[test]
fn rotated_legacy_key_gets_a_successor_of_the_own_format() {
    let service = Service::of(legacy_scheme(&[1]));
    let id = wait(service.keys.import(plain(), KEY)).unwrap().id();
    let issued = wait(service.keys.rotate(id, DAY)).unwrap();
    let key = issued.secret.reveal();
    assert!(key.starts_with(PREFIX));
    assert_eq!((service.kind(KEY), service.kind(&key)), (None, None));
    service.clock.advance(DAY);
    assert_eq!(service.kind(KEY), Some(RejectionKind::ApiKeyExpired));
    assert_eq!(service.kind(&key), None);
}

#[test]
fn legacy_keys_are_found_in_a_waiting_store() {
    let service = Service::of(legacy_scheme(&[2, 1]));
    wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    service.store.set(&service.store.has_to_wait, true);
    assert_eq!(service.kind(KEY), None);
    assert_eq!(
        service.kind("c0ffee00-7a11-4d0e-9f3b-2b1e"),
        Some(RejectionKind::ApiKeyUnknown)
    );
    service.store.set(&service.store.fails_reads, true);
    assert_eq!(service.kind(KEY), Some(RejectionKind::Unavailable));
    service.store.set(&service.store.fails_reads, false);
    let all = wait(service.keys.list(ApiKeyFilter::All, None)).unwrap();
    assert_eq!(all[0].digest().pepper_version(), 2);
}

// Defect H05 (one-time use checked, then made): docs/defects.md
#[test]
fn key_is_never_unknown_during_a_rehash() {
    const THREADS: usize = 8;
    for _ in 0..50 {
        let service = Service::of(legacy_scheme(&[1]));
        let (key, own) = service.issue(plain());
        let id = wait(service.keys.import_sha256(plain(), sha256(KEY)))
            .unwrap()
            .id();
        let next = service.with_scheme(legacy_scheme(&[2, 1]));
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
            assert_eq!((record.digest().pepper_version(), record.version()), (2, 2));
        }
    }
}
