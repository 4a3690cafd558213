//! The steps in the life of a key.

use std::sync::Arc;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use bearergate::api_key::store::ApiKeyFilter;
use bearergate::api_key::{ApiKeyErrorKind, ApiKeyId, ApiKeyRecord, NewApiKey};
use bearergate::{RejectionKind, limits};

use crate::common::DAY;
use crate::common::House;
use crate::common::NOW;
use crate::common::at;
use crate::common::plain;
use crate::common::ring;
use crate::common::wait;

fn list(house: &House, filter: ApiKeyFilter) -> Vec<ApiKeyId> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = wait(house.keys.list(filter.clone(), after)).unwrap();
        assert!(page.len() <= limits::API_KEY_PAGE);
        let Some(last) = page.last() else {
            return all;
        };
        after = Some(last.id());
        all.extend(page.iter().map(ApiKeyRecord::id));
    }
}

#[test]
fn a_revoked_key_is_refused_from_then_on() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    let (other, _) = house.issue(plain());
    house.clock.advance(DAY);
    wait(house.keys.revoke(id, "leaked")).unwrap();
    assert_eq!(house.kind(&key), Some(RejectionKind::ApiKeyDisabled));
    assert_eq!(house.kind(&other), None);
    house.clock.advance(DAY);
    wait(house.keys.revoke(id, "again")).unwrap();
    let record = house.record(id).unwrap();
    let disabled = record.disabled().unwrap();
    assert_eq!(
        (disabled.at, &*disabled.reason),
        (at(NOW + 86_400), "leaked")
    );
}

#[test]
fn a_rotated_key_is_good_until_the_overlap_ends_and_its_successor_from_the_start() {
    let house = House::new();
    let draft = plain().tenant("acme").scopes(["a"]).roles(["r"]).name("n");
    let (old, old_id) = house.issue(draft.metadata("k", "v").limit_class("bulk"));
    house.clock.advance(10 * DAY);
    assert_eq!(house.kind(&old), None);
    let issued = wait(house.keys.rotate(old_id, 2 * DAY)).unwrap();
    // The old one was used, the new one not yet.
    assert_eq!(issued.record.last_used(), None);
    let (new, new_id) = (issued.secret.reveal(), issued.record.id());
    assert_eq!((house.kind(&old), house.kind(&new)), (None, None));
    house.clock.set(at(NOW + 12 * 86_400 - 1));
    assert_eq!((house.kind(&old), house.kind(&new)), (None, None));
    house.clock.set(at(NOW + 12 * 86_400));
    assert_eq!(house.kind(&old), Some(RejectionKind::ApiKeyExpired));
    assert_eq!(house.kind(&new), None);
    let (old, new) = (house.record(old_id).unwrap(), house.record(new_id).unwrap());
    assert_eq!(old.successor(), Some(new_id));
    assert_eq!(new.details().predecessor(), Some(old_id));
    let (mut parts, of_old) = (new.to_row(), old.to_row());
    assert_eq!(parts.created_at, at(NOW + 10 * 86_400));
    assert_eq!(parts.expires_at, Some(at(NOW + 100 * 86_400)));
    // Whatever else the old one had, the new one has.
    (parts.id, parts.digest) = (of_old.id, of_old.digest);
    (parts.predecessor, parts.successor) = (of_old.predecessor, of_old.successor);
    (parts.version, parts.last_used) = (of_old.version, of_old.last_used);
    (parts.created_at, parts.expires_at) = (of_old.created_at, of_old.expires_at);
    assert_eq!(parts, of_old);
}

#[test]
fn the_successor_of_a_key_that_has_not_begun_begins_no_earlier() {
    let house = House::new();
    let (early, id) = house.issue(plain().not_before(at(NOW + 100)));
    let early_too = wait(house.keys.rotate(id, DAY)).unwrap().secret.reveal();
    for (key, now) in [(&early, NOW + 99), (&early_too, NOW + 99)] {
        house.clock.set(at(now));
        assert_eq!(house.kind(key), Some(RejectionKind::TokenNotYetValid));
    }
    house.clock.set(at(NOW + 100));
    assert_eq!((house.kind(&early), house.kind(&early_too)), (None, None));
}

#[test]
fn an_overlap_never_prolongs_a_key() {
    let house = House::new();
    let (old, id) = house.issue(NewApiKey::new("robot").expires_in(DAY));
    wait(house.keys.rotate(id, 90 * DAY)).unwrap();
    house.clock.advance(DAY);
    assert_eq!(house.kind(&old), Some(RejectionKind::ApiKeyExpired));
    let (old, id) = house.issue(NewApiKey::new("robot").never_expires());
    let new = wait(house.keys.rotate(id, Duration::ZERO)).unwrap();
    assert_eq!(new.record.expires_at(), None);
    assert_eq!(house.kind(&old), Some(RejectionKind::ApiKeyExpired));
}

#[test]
fn what_is_not_current_is_not_rotated() {
    let house = House::new();
    let refused = |id| wait(house.keys.rotate(id, DAY)).unwrap_err().kind();
    let (_, rotated) = house.issue(plain());
    wait(house.keys.rotate(rotated, DAY)).unwrap();
    let (_, revoked) = house.issue(plain());
    wait(house.keys.revoke(revoked, "leaked")).unwrap();
    let (_, expired) = house.issue(plain());
    wait(house.keys.expire(expired, at(NOW))).unwrap();
    for id in [rotated, revoked, expired] {
        assert_eq!(refused(id), ApiKeyErrorKind::NotCurrent);
    }
    let nobodys = "0000000000000000".parse().unwrap();
    assert_eq!(refused(nobodys), ApiKeyErrorKind::Unknown);
    assert_eq!(list(&house, ApiKeyFilter::All).len(), 4);
}

// Defect H05 (one-time use checked, then made): docs/defects.md
#[test]
fn of_parallel_rotations_one_wins_and_one_successor_is_there() {
    const THREADS: usize = 16;
    for _ in 0..50 {
        let house = House::new();
        let (_, id) = house.issue(plain());
        let barrier = Arc::new(Barrier::new(THREADS));
        let rotate = || {
            let (keys, barrier) = (house.keys.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                wait(keys.rotate(id, DAY)).map(|issued| issued.record.id())
            })
        };
        let threads: Vec<_> = (0..THREADS).map(|_| rotate()).collect();
        let results: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let won: Vec<_> = results.iter().flatten().collect();
        assert_eq!(won.len(), 1);
        let lost = results.iter().filter_map(|r| r.as_ref().err());
        assert!(
            lost.map(|e| e.kind())
                .all(|k| k == ApiKeyErrorKind::NotCurrent)
        );
        assert_eq!(house.record(id).unwrap().successor(), Some(*won[0]));
        assert_eq!(list(&house, ApiKeyFilter::All).len(), 2);
    }
}

#[test]
fn an_end_can_be_brought_forward_but_not_put_off() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    wait(house.keys.expire(id, at(NOW + 10))).unwrap();
    wait(house.keys.expire(id, at(NOW + 20))).unwrap();
    house.clock.set(at(NOW + 9));
    assert_eq!(house.kind(&key), None);
    house.clock.set(at(NOW + 10));
    assert_eq!(house.kind(&key), Some(RejectionKind::ApiKeyExpired));
}

#[test]
fn keys_are_listed_by_subject_by_tenant_and_when_due_in_pages() {
    let house = House::new();
    let issue = |draft| house.issue(draft).1;
    let many: Vec<_> = (0..250).map(|_| issue(plain())).collect();
    let soon = issue(NewApiKey::new("alice").expires_in(DAY).tenant("acme"));
    let late = issue(NewApiKey::new("alice").expires_in(9 * DAY));
    let gone = issue(NewApiKey::new("bob").expires_in(DAY).tenant("acme"));
    wait(house.keys.revoke(gone, "left")).unwrap();
    let sorted = |mut ids: Vec<_>| {
        ids.sort_unstable();
        ids
    };
    let of = |text: &str| text.to_owned();
    let robots = list(&house, ApiKeyFilter::Subject(of("robot-7")));
    assert_eq!(robots, sorted(many));
    let alices = list(&house, ApiKeyFilter::Subject(of("alice")));
    assert_eq!(alices, sorted(vec![soon, late]));
    let acmes = list(&house, ApiKeyFilter::Tenant(of("acme")));
    assert_eq!(acmes, sorted(vec![soon, gone]));
    let due = |days: u64| list(&house, ApiKeyFilter::ExpiresBy(at(NOW + days * 86_400)));
    assert_eq!(due(1), [soon]);
    assert_eq!(due(10), sorted(vec![soon, late]));
    wait(house.keys.rotate(soon, Duration::ZERO)).unwrap();
    assert_eq!(
        due(1)[..],
        [list(&house, ApiKeyFilter::Subject(of("alice")))
            .into_iter()
            .find(|id| ![soon, late].contains(id))
            .unwrap()]
    );
}

#[test]
fn what_ended_long_ago_is_purged_and_nothing_else() {
    let house = House::new();
    let (mut keys, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..230 {
        keys.push(house.issue(NewApiKey::new("robot").expires_in(DAY)));
    }
    kept.push(house.issue(NewApiKey::new("robot").expires_in(2 * DAY)));
    kept.push(house.issue(NewApiKey::new("robot").never_expires()));
    keys.push(house.issue(NewApiKey::new("robot").never_expires()));
    wait(house.keys.revoke(keys[230].1, "left")).unwrap();
    house.clock.advance(DAY);
    assert_eq!(wait(house.keys.purge(at(NOW + 86_400))).unwrap(), 231);
    assert_eq!(wait(house.keys.purge(at(NOW + 86_400))).unwrap(), 0);
    for (key, _) in keys {
        assert_eq!(house.kind(&key), Some(RejectionKind::ApiKeyUnknown));
    }
    for (key, _) in kept {
        assert_eq!(house.kind(&key), None);
    }
}

#[test]
fn a_purge_ahead_of_its_time_forgets_no_good_key() {
    let house = House::new();
    let (ended, _) = house.issue(NewApiKey::new("robot").expires_in(DAY));
    let (good, _) = house.issue(NewApiKey::new("robot").expires_in(2 * DAY));
    house.clock.advance(DAY);
    assert_eq!(wait(house.keys.purge(at(NOW + 90 * 86_400))).unwrap(), 1);
    assert_eq!(house.kind(&ended), Some(RejectionKind::ApiKeyUnknown));
    assert_eq!(house.kind(&good), None);
}

#[test]
fn a_draft_that_no_record_can_be_made_of_is_refused() {
    let house = House::new();
    let robot = || NewApiKey::new("robot").expires_in(DAY);
    let kind = |draft| wait(house.keys.create(draft)).err().map(|e| e.kind());
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
    assert_eq!(list(&house, ApiKeyFilter::All).len(), 1);
}

#[test]
fn what_a_user_may_add_to_a_key_is_bounded() {
    let house = House::new();
    let kind = |draft| wait(house.keys.create(draft)).err().map(|e| e.kind());
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
fn a_key_that_was_revoked_stays_so_whatever_happens_at_the_same_time() {
    for _ in 0..50 {
        let house = House::new();
        let (key, id) = house.issue(plain());
        let next = house.with_ring(ring(&[2, 1]));
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            let (barrier, next, key) = (&barrier, &next, &key);
            let start = |step: fn(&House, ApiKeyId, &str)| {
                scope.spawn(move || {
                    barrier.wait();
                    step(next, id, key);
                });
            };
            start(|house, id, _| wait(house.keys.revoke(id, "leaked")).unwrap());
            start(|house, id, _| drop(wait(house.keys.rotate(id, DAY))));
            start(|house, id, _| wait(house.keys.expire(id, at(NOW + 9))).unwrap());
            // Its first use under a new pepper writes, too.
            start(|house, _, key| drop(house.judge(key)));
        });
        assert_eq!(next.kind(&key), Some(RejectionKind::ApiKeyDisabled));
        let record = next.record(id).unwrap();
        assert!(record.expires_at().unwrap() <= at(NOW + 9));
        let successors = usize::from(record.successor().is_some());
        assert_eq!(list(&house, ApiKeyFilter::All).len(), 1 + successors);
    }
}
