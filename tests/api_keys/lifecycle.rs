//! Creation, rotation, revocation, expiry and purge of keys.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use bearergate::api_key::store::ApiKeyFilter;
use bearergate::api_key::{ApiKeyErrorKind, ApiKeyId, ApiKeyRecord, NewApiKey};
use bearergate::{RejectionKind, limits};

use crate::common::{DAY, NOW, Service, at, plain, scheme, wait};

fn list(service: &Service, filter: ApiKeyFilter) -> Vec<ApiKeyId> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = wait(service.keys.list(filter.clone(), after)).unwrap();
        assert!(page.len() <= limits::API_KEY_PAGE);
        let Some(last) = page.last() else {
            return all;
        };
        after = Some(last.id());
        all.extend(page.iter().map(ApiKeyRecord::id));
    }
}

#[test]
fn revoked_key_is_rejected() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let (other, _) = service.issue(plain());
    service.clock.advance(DAY);
    wait(service.keys.revoke(id, "leaked")).unwrap();
    assert_eq!(service.kind(&key), Some(RejectionKind::ApiKeyDisabled));
    assert_eq!(service.kind(&other), None);
    service.clock.advance(DAY);
    wait(service.keys.revoke(id, "again")).unwrap();
    let record = service.record(id).unwrap();
    let disabled = record.disabled().unwrap();
    assert_eq!(
        (disabled.at, &*disabled.reason),
        (at(NOW + 86_400), "leaked")
    );
}

#[test]
fn rotated_key_is_valid_until_the_overlap_ends_and_its_successor_at_once() {
    let service = Service::new();
    let draft = plain().tenant("acme").scopes(["a"]).roles(["r"]).name("n");
    let (old, old_id) = service.issue(draft.metadata("k", "v").limit_class("bulk"));
    service.clock.advance(10 * DAY);
    assert_eq!(service.kind(&old), None);
    let issued = wait(service.keys.rotate(old_id, 2 * DAY)).unwrap();
    // The old key was used, the new one not yet.
    assert_eq!(issued.record.last_used(), None);
    let (new, new_id) = (issued.secret.reveal(), issued.record.id());
    assert_eq!((service.kind(&old), service.kind(&new)), (None, None));
    service.clock.set(at(NOW + 12 * 86_400 - 1));
    assert_eq!((service.kind(&old), service.kind(&new)), (None, None));
    service.clock.set(at(NOW + 12 * 86_400));
    assert_eq!(service.kind(&old), Some(RejectionKind::ApiKeyExpired));
    assert_eq!(service.kind(&new), None);
    let (old, new) = (
        service.record(old_id).unwrap(),
        service.record(new_id).unwrap(),
    );
    assert_eq!(old.successor(), Some(new_id));
    assert_eq!(new.details().predecessor(), Some(old_id));
    let (mut row, old_row) = (new.to_row(), old.to_row());
    assert_eq!(row.created_at, at(NOW + 10 * 86_400));
    assert_eq!(row.expires_at, Some(at(NOW + 100 * 86_400)));
    // All else is equal.
    (row.id, row.digest) = (old_row.id, old_row.digest);
    (row.predecessor, row.successor) = (old_row.predecessor, old_row.successor);
    (row.version, row.last_used) = (old_row.version, old_row.last_used);
    (row.created_at, row.expires_at) = (old_row.created_at, old_row.expires_at);
    assert_eq!(row, old_row);
}

#[test]
fn successor_of_a_key_that_is_not_yet_valid_is_not_valid_earlier() {
    let service = Service::new();
    let (early, id) = service.issue(plain().not_before(at(NOW + 100)));
    let early_too = wait(service.keys.rotate(id, DAY)).unwrap().secret.reveal();
    for (key, now) in [(&early, NOW + 99), (&early_too, NOW + 99)] {
        service.clock.set(at(now));
        assert_eq!(service.kind(key), Some(RejectionKind::TokenNotYetValid));
    }
    service.clock.set(at(NOW + 100));
    assert_eq!(
        (service.kind(&early), service.kind(&early_too)),
        (None, None)
    );
}

#[test]
fn overlap_never_extends_a_key() {
    let service = Service::new();
    let (old, id) = service.issue(NewApiKey::new("robot").expires_in(DAY));
    let _ = wait(service.keys.rotate(id, 90 * DAY)).unwrap();
    service.clock.advance(DAY);
    assert_eq!(service.kind(&old), Some(RejectionKind::ApiKeyExpired));
    let (old, id) = service.issue(NewApiKey::new("robot").never_expires());
    let new = wait(service.keys.rotate(id, Duration::ZERO)).unwrap();
    assert_eq!(new.record.expires_at(), None);
    assert_eq!(service.kind(&old), Some(RejectionKind::ApiKeyExpired));
}

#[test]
fn only_current_keys_are_rotated() {
    let service = Service::new();
    let rejected = |id| wait(service.keys.rotate(id, DAY)).unwrap_err().kind();
    let (_, rotated) = service.issue(plain());
    let _ = wait(service.keys.rotate(rotated, DAY)).unwrap();
    let (_, revoked) = service.issue(plain());
    wait(service.keys.revoke(revoked, "leaked")).unwrap();
    let (_, expired) = service.issue(plain());
    wait(service.keys.expire(expired, at(NOW))).unwrap();
    for id in [rotated, revoked, expired] {
        assert_eq!(rejected(id), ApiKeyErrorKind::NotCurrent);
    }
    let unknown = "0000000000000000".parse().unwrap();
    assert_eq!(rejected(unknown), ApiKeyErrorKind::Unknown);
    assert_eq!(list(&service, ApiKeyFilter::All).len(), 4);
}

// Defect H05 (one-time use checked, then made): docs/defects.md
#[test]
fn one_of_parallel_rotations_succeeds_and_makes_one_successor() {
    const THREADS: usize = 16;
    for _ in 0..50 {
        let service = Service::new();
        let (_, id) = service.issue(plain());
        let barrier = Arc::new(Barrier::new(THREADS));
        let rotate = || {
            let (keys, barrier) = (service.keys.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                wait(keys.rotate(id, DAY)).map(|issued| issued.record.id())
            })
        };
        let threads: Vec<_> = (0..THREADS).map(|_| rotate()).collect();
        let results: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let succeeded: Vec<_> = results.iter().flatten().collect();
        assert_eq!(succeeded.len(), 1);
        let failed = results.iter().filter_map(|r| r.as_ref().err());
        assert!(
            failed
                .map(|e| e.kind())
                .all(|k| k == ApiKeyErrorKind::NotCurrent)
        );
        assert_eq!(service.record(id).unwrap().successor(), Some(*succeeded[0]));
        assert_eq!(list(&service, ApiKeyFilter::All).len(), 2);
    }
}

#[test]
fn expiry_can_be_moved_forward_but_not_back() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    wait(service.keys.expire(id, at(NOW + 10))).unwrap();
    wait(service.keys.expire(id, at(NOW + 20))).unwrap();
    service.clock.set(at(NOW + 9));
    assert_eq!(service.kind(&key), None);
    service.clock.set(at(NOW + 10));
    assert_eq!(service.kind(&key), Some(RejectionKind::ApiKeyExpired));
}

#[test]
fn keys_are_listed_in_pages_by_subject_tenant_and_expiry() {
    let service = Service::new();
    let issue = |draft| service.issue(draft).1;
    let many: Vec<_> = (0..250).map(|_| issue(plain())).collect();
    let soon = issue(NewApiKey::new("alice").expires_in(DAY).tenant("acme"));
    let late = issue(NewApiKey::new("alice").expires_in(9 * DAY));
    let gone = issue(NewApiKey::new("bob").expires_in(DAY).tenant("acme"));
    wait(service.keys.revoke(gone, "left")).unwrap();
    let sorted = |mut ids: Vec<_>| {
        ids.sort_unstable();
        ids
    };
    let of = |text: &str| text.to_owned();
    let robots = list(&service, ApiKeyFilter::Subject(of("robot-7")));
    assert_eq!(robots, sorted(many));
    let alices = list(&service, ApiKeyFilter::Subject(of("alice")));
    assert_eq!(alices, sorted(vec![soon, late]));
    let acmes = list(&service, ApiKeyFilter::Tenant(of("acme")));
    assert_eq!(acmes, sorted(vec![soon, gone]));
    let due = |days: u64| list(&service, ApiKeyFilter::ExpiresBy(at(NOW + days * 86_400)));
    assert_eq!(due(1), [soon]);
    assert_eq!(due(10), sorted(vec![soon, late]));
    let _ = wait(service.keys.rotate(soon, Duration::ZERO)).unwrap();
    assert_eq!(
        due(1)[..],
        [list(&service, ApiKeyFilter::Subject(of("alice")))
            .into_iter()
            .find(|id| ![soon, late].contains(id))
            .unwrap()]
    );
}

#[test]
fn purge_removes_exactly_the_ended_keys() {
    let service = Service::new();
    let (mut keys, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..230 {
        keys.push(service.issue(NewApiKey::new("robot").expires_in(DAY)));
    }
    kept.push(service.issue(NewApiKey::new("robot").expires_in(2 * DAY)));
    kept.push(service.issue(NewApiKey::new("robot").never_expires()));
    keys.push(service.issue(NewApiKey::new("robot").never_expires()));
    wait(service.keys.revoke(keys[230].1, "left")).unwrap();
    service.clock.advance(DAY);
    assert_eq!(wait(service.keys.purge(at(NOW + 86_400))).unwrap(), 231);
    assert_eq!(wait(service.keys.purge(at(NOW + 86_400))).unwrap(), 0);
    for (key, _) in keys {
        assert_eq!(service.kind(&key), Some(RejectionKind::ApiKeyUnknown));
    }
    for (key, _) in kept {
        assert_eq!(service.kind(&key), None);
    }
}

#[test]
fn purge_with_a_future_time_keeps_valid_keys() {
    let service = Service::new();
    let (ended, _) = service.issue(NewApiKey::new("robot").expires_in(DAY));
    let (good, _) = service.issue(NewApiKey::new("robot").expires_in(2 * DAY));
    service.clock.advance(DAY);
    assert_eq!(wait(service.keys.purge(at(NOW + 90 * 86_400))).unwrap(), 1);
    assert_eq!(service.kind(&ended), Some(RejectionKind::ApiKeyUnknown));
    assert_eq!(service.kind(&good), None);
}

#[test]
fn draft_with_malformed_values_is_rejected() {
    let service = Service::new();
    let robot = || NewApiKey::new("robot").expires_in(DAY);
    let kind = |draft| wait(service.keys.create(draft)).err().map(|e| e.kind());
    assert_eq!(kind(robot().scopes(["a:b"]).tenant("t").roles(["r"])), None);
    for draft in [
        NewApiKey::new("").expires_in(DAY),
        NewApiKey::new("a\nb").expires_in(DAY),
        robot().scopes(["a b"]),
        robot().scopes([""]),
        robot().scopes(["a\u{7f}"]),
        robot().tenant(""),
        robot().roles(["a\0"]),
        robot().tenant("x".repeat(70_000)),
    ] {
        assert_eq!(kind(draft), Some(ApiKeyErrorKind::Malformed));
    }
    assert_eq!(list(&service, ApiKeyFilter::All).len(), 1);
}

#[test]
fn free_data_and_addresses_are_bounded() {
    let service = Service::new();
    let kind = |draft| wait(service.keys.create(draft)).err().map(|e| e.kind());
    let text = |len: usize| "x".repeat(len);
    let most = limits::API_KEY_FREE_BYTES;
    let free = |len| {
        let named = plain().name(text(100)).limit_class(text(100));
        named.metadata(text(100), text(len - 300))
    };
    let many = |count| plain().addresses(vec!["192.0.2.0/24".parse().unwrap(); count]);
    assert_eq!(kind(free(most)), None);
    assert_eq!(kind(free(most + 1)), Some(ApiKeyErrorKind::Malformed));
    assert_eq!(kind(many(limits::API_KEY_ADDRESSES)), None);
    let too_many = many(limits::API_KEY_ADDRESSES + 1);
    assert_eq!(kind(too_many), Some(ApiKeyErrorKind::Malformed));
}

// Defect H05 (one-time use checked, then made): docs/defects.md
#[test]
fn revoked_key_stays_revoked_under_concurrent_changes() {
    for _ in 0..50 {
        let service = Service::new();
        let (key, id) = service.issue(plain());
        let next = service.with_scheme(scheme(&[2, 1]));
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            let (barrier, next, key) = (&barrier, &next, &key);
            let start = |step: fn(&Service, ApiKeyId, &str)| {
                scope.spawn(move || {
                    barrier.wait();
                    step(next, id, key);
                });
            };
            start(|service, id, _| wait(service.keys.revoke(id, "leaked")).unwrap());
            start(|service, id, _| drop(wait(service.keys.rotate(id, DAY))));
            start(|service, id, _| wait(service.keys.expire(id, at(NOW + 9))).unwrap());
            // Its first use under a new pepper writes too.
            start(|service, _, key| drop(service.validate(key)));
        });
        assert_eq!(next.kind(&key), Some(RejectionKind::ApiKeyDisabled));
        let record = next.record(id).unwrap();
        assert!(record.expires_at().unwrap() <= at(NOW + 9));
        let successors = usize::from(record.successor().is_some());
        assert_eq!(list(&service, ApiKeyFilter::All).len(), 1 + successors);
    }
}
