//! The guarantees of the store in memory.

use std::sync::Arc;
use std::thread;

use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::grant::store::{Lookup, RevocationRecord, Sequence, SessionHandle, TokenDigest};
use bearergate::grant::{Grant, GrantStore};
use bearergate::refresh::{RefreshFamily, RefreshTokenStore};
use bearergate::session::{SessionRecord, SessionStore};
use bearergate::stores::MemoryGrantStore;

use crate::common::{START, now, secs};

fn kind_of<T>(result: Result<T, StoreError>) -> Option<StoreErrorKind> {
    result.err().map(|error| error.kind())
}

fn grant() -> Grant {
    let end = START.saturating_add(secs(1_000));
    Grant::new("a", "s", START)
        .with_session(Some(SessionHandle::new([7; 16])))
        .with_lifetime(end, secs(100))
}

fn digest(n: u8) -> TokenDigest {
    TokenDigest::new([n; 32])
}

fn session(n: u8) -> SessionRecord {
    SessionRecord::new(digest(n), grant())
}

fn sessions() -> Arc<dyn SessionStore> {
    Arc::new(MemoryGrantStore::new(100))
}

fn found(store: &dyn SessionStore, n: u8) -> Option<Arc<SessionRecord>> {
    match now(store.find(digest(n))).unwrap() {
        Lookup::Live(session) => Some(session),
        Lookup::Revoked | Lookup::Unknown => None,
    }
}

#[test]
fn b18_h05_of_50_parallel_creations_of_one_digest_one_wins() {
    for _ in 0..20 {
        let store = MemoryGrantStore::new(100);
        let family = || RefreshFamily::new(digest(1), digest(2), grant());
        let create = |n: usize| match n % 2 {
            0 => now(SessionStore::create(&store, session(1))).is_ok(),
            _ => now(RefreshTokenStore::create(&store, family())).is_ok(),
        };
        let won: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..100).map(|n| scope.spawn(move || create(n))).collect();
            let won = threads.into_iter().map(|attempt| attempt.join().unwrap());
            won.filter(|won| *won).count()
        });
        assert_eq!(won, 2);
    }
}

#[test]
fn a_taken_digest_is_a_conflict_and_the_old_record_stays() {
    let store = sessions();
    let mut old = session(1);
    old.data = b"old".to_vec();
    now(store.create(old)).unwrap();
    let again = now(store.create(session(1)));
    assert_eq!(kind_of(again), Some(StoreErrorKind::Conflict));
    assert_eq!(found(&*store, 1).unwrap().data, b"old");
    now(store.create(session(2))).unwrap();
    let mut moved = SessionRecord::clone(&found(&*store, 2).unwrap());
    moved.digest = digest(1);
    let moved = now(store.update(digest(2), moved));
    assert_eq!(kind_of(moved), Some(StoreErrorKind::Conflict));
    assert!(found(&*store, 2).is_some());
}

#[test]
fn versions_count_changes_and_sequence_numbers_stay() {
    let store = sessions();
    let mut new = session(1);
    new.version = 9;
    let sequence = now(store.create(new)).unwrap();
    let first = found(&*store, 1).unwrap();
    assert_eq!(first.version, 1);
    assert_eq!(first.grant.sequence(), Some(sequence));
    let mut change = SessionRecord::clone(&first);
    change.grant = grant();
    assert_eq!(now(store.update(digest(1), change.clone())).unwrap(), 2);
    let second = found(&*store, 1).unwrap();
    assert_eq!(
        (second.version, second.grant.sequence()),
        (2, Some(sequence))
    );
    let late = now(store.update(digest(1), change));
    assert_eq!(kind_of(late), Some(StoreErrorKind::Conflict));
}

#[test]
fn an_update_moves_a_session_to_any_digest() {
    for to in 0..=u8::MAX {
        let store = sessions();
        now(store.create(session(1))).unwrap();
        let moved = session(to);
        now(store.update(digest(1), moved)).unwrap();
        assert_eq!(found(&*store, 1).is_some(), to == 1);
        assert!(found(&*store, to).is_some());
    }
}

#[test]
fn a_use_never_goes_back() {
    let store = sessions();
    now(store.create(session(1))).unwrap();
    let at = |n| START.saturating_add(secs(n));
    assert!(now(store.touch(digest(1), at(50))).unwrap());
    assert!(now(store.touch(digest(1), at(20))).unwrap());
    assert!(!now(store.touch(digest(2), at(20))).unwrap());
    let used = found(&*store, 1).unwrap();
    assert_eq!(used.grant.last_used(), at(50));
    assert_eq!(used.version, 1);
    now(store.update(digest(1), session(1))).unwrap();
    assert_eq!(found(&*store, 1).unwrap().grant.last_used(), at(50));
}

#[test]
fn a_use_of_a_revoked_session_is_not_noted() {
    let store = MemoryGrantStore::new(100);
    now(SessionStore::create(&store, session(1))).unwrap();
    now(store.revoke(RevocationRecord::subject("a", "s", START))).unwrap();
    assert!(!now(store.touch(digest(1), START)).unwrap());
}

#[test]
fn a_revocation_of_one_kind_does_not_end_what_has_that_id_as_another_kind() {
    let store = MemoryGrantStore::new(100);
    let granted = |n, client: &str| {
        let grant = grant()
            .with_session(None)
            .with_client(Some(client.to_owned()));
        SessionRecord::new(digest(n), grant)
    };
    now(SessionStore::create(&store, granted(1, "x"))).unwrap();
    now(SessionStore::create(&store, granted(2, "s"))).unwrap();
    let live = |n| found(&store, n).is_some();
    now(store.revoke(RevocationRecord::subject("a", "x", START))).unwrap();
    now(store.revoke(RevocationRecord::client("b", "x", START))).unwrap();
    assert!(live(1) && live(2));
    now(store.revoke(RevocationRecord::client("a", "x", START))).unwrap();
    assert!(!live(1) && live(2));
    now(store.revoke(RevocationRecord::subject("a", "s", START))).unwrap();
    assert!(!live(2));
}

#[test]
fn an_older_revocation_is_not_shortened_by_a_newer_one() {
    let store = MemoryGrantStore::new(100);
    let record = || RevocationRecord::session("a", SessionHandle::new([7; 16]), START);
    let until = |n| record().with_until(START.saturating_add(secs(n)));
    now(SessionStore::create(&store, session(1))).unwrap();
    now(store.revoke(until(90))).unwrap();
    now(store.revoke(until(10))).unwrap();
    let family = RefreshFamily::new(digest(1), digest(2), grant());
    now(store.purge(START.saturating_add(secs(50)))).unwrap();
    let created = now(RefreshTokenStore::create(&store, family.clone()));
    assert_eq!(kind_of(created), Some(StoreErrorKind::Conflict));
    now(store.purge(START.saturating_add(secs(90)))).unwrap();
    assert!(now(RefreshTokenStore::create(&store, family)).is_ok());
}

#[test]
fn a_number_from_another_store_is_less_than_that_of_every_later_revocation() {
    let store = MemoryGrantStore::new(100);
    let elsewhere = Sequence::next(None, START.saturating_add(secs(500)));
    let family = |n: u8| {
        let grant = grant().with_session(None).with_sequence(Some(elsewhere));
        RefreshFamily::new(digest(n), digest(n), grant)
    };
    let revoke = || now(store.revoke(RevocationRecord::subject("a", "s", START)));
    let is_live = |n| {
        let found = now(RefreshTokenStore::find(&store, digest(n))).unwrap();
        matches!(found, Lookup::Live(_))
    };
    revoke().unwrap();
    let sequence = now(RefreshTokenStore::create(&store, family(1))).unwrap();
    assert_eq!(sequence, elsewhere);
    assert!(is_live(1));
    revoke().unwrap();
    assert!(!is_live(1));
    let again = now(RefreshTokenStore::create(&store, family(2)));
    assert_eq!(kind_of(again), Some(StoreErrorKind::Conflict));
}

#[test]
fn a_purge_removes_expired_records_and_nothing_else() {
    let store = MemoryGrantStore::new(100);
    now(SessionStore::create(&store, session(1))).unwrap();
    now(SessionStore::create(&store, session(2))).unwrap();
    now(store.touch(digest(2), START.saturating_add(secs(60)))).unwrap();
    assert_eq!(now(store.purge(START.saturating_add(secs(99)))).unwrap(), 0);
    assert_eq!(
        now(store.purge(START.saturating_add(secs(100)))).unwrap(),
        1
    );
    assert!(found(&store, 1).is_none() && found(&store, 2).is_some());
    assert_eq!(
        now(store.purge(START.saturating_add(secs(160)))).unwrap(),
        1
    );
    assert_eq!(
        now(store.purge(START.saturating_add(secs(160)))).unwrap(),
        0
    );
}

#[test]
fn no_record_shows_its_digest_or_its_data() {
    let family = RefreshFamily::new(digest(0xa7), digest(0xa7), grant());
    let mut record = SessionRecord::new(digest(0xa7), grant());
    record.data = b"s3cret".to_vec();
    let shown = format!("{family:?} {record:?} {:?}", digest(0xa7));
    for part in ["167", "a7", "s3cret", "115, 51"] {
        assert!(!shown.contains(part), "{part}: {shown}");
    }
}
