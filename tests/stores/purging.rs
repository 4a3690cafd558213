//! The steps in which stores purge: each is bounded, and none walks over what stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bearergate::api_key::store::{ApiKeyChange, ApiKeyFilter, ApiKeyQuery, ApiKeyRow};
use bearergate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, PepperedDigest};
use bearergate::clock::UnixTime;
use bearergate::grant::store::{Lookup, RevocationRecord, SessionHandle, TokenDigest};
use bearergate::grant::{Grant, GrantStore};
use bearergate::refresh::{RefreshFamily, RefreshTokenStore};
use bearergate::session::{SessionRecord, SessionStore};
use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore, SqliteStore};

use crate::common::{Folder, NAME, NOW, wait};

/// Most records of one kind that one step removes, and most that are looked at under one lock.
const STEP: usize = 1_000;

fn at(secs: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(secs))
}

fn digest(number: usize) -> TokenDigest {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_le_bytes());
    TokenDigest::new(digest)
}

fn grant(number: usize, secs: u64) -> Grant {
    let mut handle = [0; 16];
    handle[..8].copy_from_slice(&number.to_le_bytes());
    Grant::new(NAME, format!("user-{number}"), NOW)
        .with_session(Some(SessionHandle::new(handle)))
        .with_client(Some("app".to_owned()))
        .with_lifetime(at(secs), Duration::MAX)
}

fn add<S: SessionStore + RefreshTokenStore>(store: &S, number: usize, secs: u64) {
    let session = SessionRecord::new(digest(number), grant(number, secs));
    wait(SessionStore::create(store, session)).unwrap();
    let family = RefreshFamily::new(digest(number), digest(number), grant(number, secs));
    wait(RefreshTokenStore::create(store, family)).unwrap();
}

fn is_live<S: SessionStore + RefreshTokenStore>(store: &S, number: usize) -> bool {
    let session = wait(SessionStore::find(store, digest(number))).unwrap();
    let family = wait(RefreshTokenStore::find(store, digest(number))).unwrap();
    let is_live = matches!(session, Lookup::Live(_));
    assert_eq!(is_live, matches!(family, Lookup::Live(_)));
    is_live
}

/// The numbers that the steps of a whole purge removed.
fn steps(store: &impl GrantStore, secs: u64) -> Vec<usize> {
    let step = || wait(store.purge(at(secs))).unwrap();
    std::iter::from_fn(|| Some(step()).filter(|removed| *removed > 0)).collect()
}

#[test]
fn what_has_expired_is_removed_in_steps_and_what_stays_is_found() {
    let store = MemoryGrantStore::new(10_000);
    (0..2_500).for_each(|number| add(&store, number, 10));
    (2_500..2_600).for_each(|number| add(&store, number, 11));
    assert!(steps(&store, 9).is_empty());
    assert_eq!(steps(&store, 10), [2 * STEP, 2 * STEP, STEP]);
    assert!(!is_live(&store, 0) && !is_live(&store, 2_499));
    assert!((2_500..2_600).all(|number| is_live(&store, number)));
    assert_eq!(steps(&store, 11), [200]);
}

/// Twice as many that end, or that stay, do not make more than twice as many steps.
#[test]
fn a_purge_of_twice_as_many_has_twice_as_many_steps() {
    let count = |ended: usize, stay: usize| {
        let store = MemoryGrantStore::new(100_000);
        (0..ended).for_each(|number| add(&store, number, 10));
        (ended..ended + stay).for_each(|number| add(&store, number, 11));
        wait(store.revoke(RevocationRecord::client(NAME, "app", NOW))).unwrap();
        let steps = steps(&store, 10);
        assert!(steps.iter().all(|step| *step <= 4 * STEP), "{steps:?}");
        assert_eq!(steps.iter().sum::<usize>(), 2 * (ended + stay));
        steps.len()
    };
    let [one, two] = [count(3_000, 3_000), count(6_000, 6_000)];
    assert!(two <= 2 * one + 1, "{one} and {two} steps");
}

#[test]
fn what_a_revocation_ended_is_removed_in_steps_and_what_was_granted_later_stays() {
    let store = MemoryGrantStore::new(10_000);
    (0..1_500).for_each(|number| add(&store, number, 100));
    wait(store.revoke(RevocationRecord::client(NAME, "app", NOW))).unwrap();
    (1_500..1_600).for_each(|number| add(&store, number, 100));
    assert_eq!(steps(&store, 1), [STEP, STEP, STEP]);
    assert!(!is_live(&store, 0) && !is_live(&store, 1_499));
    assert!((1_500..1_600).all(|number| is_live(&store, number)));
    // The same client again: now the others end too.
    wait(store.revoke(RevocationRecord::client(NAME, "app", NOW))).unwrap();
    assert_eq!(steps(&store, 1), [200]);
}

#[test]
fn revocations_that_end_nothing_are_passed_in_steps_that_let_other_tasks_run() {
    let store = MemoryGrantStore::new(10_000);
    for number in 0..2_500 {
        let subject = format!("nobody-{number}");
        let record = RevocationRecord::subject(NAME, subject, NOW).with_until(at(50));
        wait(store.revoke(record)).unwrap();
    }
    add(&store, 1, 100);
    wait(store.revoke(RevocationRecord::subject(NAME, "user-1", NOW))).unwrap();
    assert!(
        store.purge(at(1)).try_now().is_err(),
        "it waits between steps"
    );
    assert_eq!(steps(&store, 1), [2]);
    // Each is passed once: nothing is left to look at.
    assert!(matches!(store.purge(at(1)).try_now(), Ok(Ok(0))));
    assert_eq!(steps(&store, 50), [STEP, STEP, 500]);
}

#[test]
fn the_file_is_purged_in_short_transactions() {
    let folder = Folder::new();
    let longest = Arc::new(AtomicUsize::new(0));
    let seen = longest.clone();
    let store = SqliteStore::builder(folder.path("a.db")).before_each_write(move |done| {
        seen.fetch_max(done, Ordering::SeqCst);
        Ok(())
    });
    let store = store.open().unwrap();
    (0..600).for_each(|number| add(&store, number, 10 + 90 * (number as u64 % 2)));
    for number in 0..250 {
        let record = RevocationRecord::subject(NAME, format!("nobody-{number}"), NOW);
        wait(store.revoke(record.with_until(at(50)))).unwrap();
    }
    wait(store.revoke(RevocationRecord::client(NAME, "app", NOW))).unwrap();
    add(&store, 600, 100);
    longest.store(0, Ordering::SeqCst);
    let removed = steps(&store, 10);
    assert_eq!(removed.iter().sum::<usize>(), 1_200, "{removed:?}");
    assert!(removed.iter().all(|step| *step <= 2_000), "{removed:?}");
    assert!(is_live(&store, 600) && !is_live(&store, 1));
    // Three statements for what has expired, three for each of 100 revocations, one commit.
    let longest = longest.load(Ordering::SeqCst);
    assert!((100..=304).contains(&longest), "{longest}");
    assert_eq!(steps(&store, 50), [250]);
}

fn key(number: usize, end: Option<u64>) -> ApiKeyRecord {
    let id = format!("{number:016}").parse().unwrap();
    let owner = (NAME.into(), "robot".to_owned());
    let mut row = ApiKeyRow::new(id, PepperedDigest::sha256([7; 32]), owner, NOW);
    row.expires_at = end.map(at);
    ApiKeyRecord::from_row(row).unwrap()
}

#[test]
fn ended_keys_are_listed_whether_few_or_many_have_ended() {
    let store = MemoryApiKeyStore::new(100_000).unwrap();
    let ids = |first: usize, step: usize, count: usize| -> Vec<ApiKeyId> {
        let numbers = (first..).step_by(step).take(count);
        numbers.map(|number| key(number, None).id()).collect()
    };
    let list = |secs, after: Option<ApiKeyId>| {
        let mut query = ApiKeyQuery::new(NAME, ApiKeyFilter::EndedBy(at(secs)), 5);
        query.after = after;
        store.list(query)
    };
    let found = |secs, after| -> Vec<ApiKeyId> {
        let page = wait(list(secs, after)).unwrap();
        page.iter().map(ApiKeyRecord::id).collect()
    };
    // 20 000 keys: each tenth ends at 20, and some of these at 10.
    let changes: Vec<_> = (0..20_000)
        .map(|number| {
            let end = match number {
                n if n % 1_000 == 0 => Some(10),
                n if n % 10 == 0 => Some(20),
                _ => None,
            };
            ApiKeyChange::Insert(key(number, end))
        })
        .collect();
    wait(store.commit(changes)).unwrap();
    assert_eq!(found(10, None), ids(0, 1_000, 5));
    assert_eq!(found(10, Some(key(4_000, None).id())), ids(5_000, 1_000, 5));
    assert_eq!(found(20, None), ids(0, 10, 5));
    assert_eq!(found(20, Some(key(40, None).id())), ids(50, 10, 5));
    assert!(found(20, Some(key(19_990, None).id())).is_empty());
    // A page that needs many records lets other tasks run in between; the usual ones are ready.
    assert!(list(10, None).try_now().is_ok() && list(20, None).try_now().is_ok());
    let remove = |number| ApiKeyChange::Remove {
        id: key(number, None).id(),
        version: 1,
    };
    let early = (0..10_000).step_by(10).filter(|number| number % 1_000 > 0);
    wait(store.commit(early.map(remove).collect())).unwrap();
    let mut query = ApiKeyQuery::new(NAME, ApiKeyFilter::ExpiresBy(at(20)), 100);
    query.after = Some(key(9_000, None).id());
    let page = wait(store.list(query)).unwrap();
    let page: Vec<_> = page.iter().map(ApiKeyRecord::id).collect();
    assert_eq!(page, ids(10_000, 10, 100));
    // As a purge takes them: those that ended first.
    let ended = wait(store.ended(NAME.into(), at(20), 5_000)).unwrap();
    assert_eq!(ended.len(), STEP);
    assert_eq!(
        ended
            .iter()
            .filter(|key| key.ends_at() == Some(at(10)))
            .count(),
        20
    );
}
