use super::MemoryApiKeyStore;
use super::index::Index;
use crate::api_key::store::{ApiKeyChange, ApiKeyFilter, ApiKeyQuery, ApiKeyRow, Disabled};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, PepperedDigest};
use crate::clock::UnixTime;
use crate::error::StoreErrorKind;

fn id(n: u64) -> ApiKeyId {
    format!("{n:016}").parse().unwrap()
}

fn row(n: u64) -> ApiKeyRow {
    let digest = PepperedDigest::sha256([n.to_le_bytes(); 4].concat().try_into().unwrap());
    let owner = ("keys".into(), format!("subject-{n}"));
    ApiKeyRow::new(id(n), digest, owner, UnixTime::from_secs(1_000))
}

fn record(row: ApiKeyRow) -> ApiKeyRecord {
    ApiKeyRecord::from_row(row).unwrap()
}

fn insert(n: u64) -> ApiKeyChange {
    ApiKeyChange::Insert(record(row(n)))
}

fn replace(n: u64, version: u64) -> ApiKeyChange {
    let mut row = row(n);
    row.version = version;
    ApiKeyChange::Replace(record(row))
}

fn store(capacity: usize) -> MemoryApiKeyStore {
    MemoryApiKeyStore::new(capacity).unwrap()
}

fn commit(store: &MemoryApiKeyStore, changes: &[ApiKeyChange]) -> Option<StoreErrorKind> {
    let result = store.commit(changes.to_vec()).try_now().unwrap();
    result.err().map(|error| error.kind())
}

fn version(store: &MemoryApiKeyStore, n: u64) -> Option<u64> {
    let found = store.find(id(n)).try_now().unwrap().unwrap();
    found.map(|record| record.version())
}

fn list(store: &MemoryApiKeyStore, filter: ApiKeyFilter) -> Vec<ApiKeyId> {
    let query = ApiKeyQuery::new("keys", filter, 1_000);
    let page = store.list(query).try_now().unwrap().unwrap();
    page.iter().map(ApiKeyRecord::id).collect()
}

#[test]
fn any_capacity_is_kept() {
    for (capacity, second) in [
        (1, Some(StoreErrorKind::Full)),
        (2, None),
        (usize::MAX - 1, None),
        (usize::MAX, None),
    ] {
        let store = store(capacity);
        let remove = |n, version| ApiKeyChange::Remove { id: id(n), version };
        assert_eq!(commit(&store, &[insert(1)]), None, "{capacity}");
        assert_eq!(commit(&store, &[insert(2)]), second, "{capacity}");
        assert_eq!(commit(&store, &[remove(1, 1)]), None, "{capacity}");
        assert_eq!(version(&store, 1), None, "{capacity}");
        assert_eq!(commit(&store, &[insert(3)]), None, "{capacity}");
    }
}

#[test]
fn change_of_an_unexpected_state_changes_nothing() {
    let conflict = Some(StoreErrorKind::Conflict);
    let store = store(10);
    let remove = |n, version| ApiKeyChange::Remove { id: id(n), version };
    assert_eq!(commit(&store, &[insert(1)]), None);
    for rejected in [
        insert(1),
        replace(1, 1),
        replace(1, 3),
        replace(2, 1),
        replace(2, 2),
        remove(1, 2),
        remove(1, 0),
        remove(2, 0),
        remove(2, 1),
    ] {
        // A valid change next to an invalid one is not made either.
        for changes in [
            vec![rejected.clone()],
            vec![insert(9), rejected.clone()],
            vec![rejected.clone(), insert(9)],
        ] {
            assert_eq!(commit(&store, &changes), conflict, "{rejected:?}");
            assert_eq!((version(&store, 1), version(&store, 9)), (Some(1), None));
            assert_eq!(list(&store, ApiKeyFilter::All), [id(1)]);
        }
    }
    assert_eq!(commit(&store, &[replace(1, 2)]), None);
    assert_eq!(version(&store, 1), Some(2));
    assert_eq!(commit(&store, &[remove(1, 2)]), None);
    assert_eq!(version(&store, 1), None);
}

#[test]
fn commit_changes_each_record_at_most_once() {
    let store = store(10);
    let twice = [insert(1), replace(1, 2)];
    assert_eq!(commit(&store, &twice), Some(StoreErrorKind::Conflict));
    assert_eq!(version(&store, 1), None);
}

#[test]
fn full_store_rejects_new_records_and_drops_none() {
    let store = store(2);
    assert_eq!(commit(&store, &[insert(1), insert(2)]), None);
    assert_eq!(commit(&store, &[insert(3)]), Some(StoreErrorKind::Full));
    assert_eq!(list(&store, ApiKeyFilter::All), [id(1), id(2)]);
    let swap = [
        ApiKeyChange::Remove {
            id: id(1),
            version: 1,
        },
        insert(3),
    ];
    assert_eq!(commit(&store, &swap), None);
    assert_eq!(list(&store, ApiKeyFilter::All), [id(2), id(3)]);
    assert!(MemoryApiKeyStore::new(0).is_err());
}

#[test]
fn later_last_use_survives_a_change() {
    let store = store(10);
    let used = |n| {
        let found = store.find(id(n)).try_now().unwrap().unwrap();
        found.unwrap().last_used().map(UnixTime::as_secs)
    };
    commit(&store, &[insert(1)]);
    assert_eq!(used(1), None);
    store.touch(id(1), UnixTime::from_secs(50));
    store.touch(id(1), UnixTime::from_secs(40));
    store.touch(id(2), UnixTime::from_secs(40));
    assert_eq!(used(1), Some(50));
    commit(&store, &[replace(1, 2)]);
    assert_eq!((used(1), version(&store, 1)), (Some(50), Some(2)));
    let mut later = row(1);
    (later.version, later.last_used) = (3, Some(UnixTime::from_secs(60)));
    commit(&store, &[ApiKeyChange::Replace(record(later))]);
    assert_eq!(used(1), Some(60));
}

#[test]
fn only_legacy_keys_are_found_by_digest() {
    let store = store(10);
    let legacy = |n, digest: u8| {
        let mut row = row(n);
        row.is_legacy = true;
        row.digest = PepperedDigest::sha256([digest; 32]);
        row
    };
    let found = |digest: u8| {
        let digest = PepperedDigest::sha256([digest; 32]);
        let found = store.find_by_digest(digest).try_now().unwrap().unwrap();
        found.map(|record| record.id())
    };
    let mut own = legacy(1, 1);
    own.is_legacy = false;
    let first = ApiKeyChange::Insert(record(legacy(2, 2)));
    assert_eq!(
        commit(&store, &[ApiKeyChange::Insert(record(own)), first]),
        None
    );
    assert_eq!((found(1), found(2)), (None, Some(id(2))));
    let taken = [insert(4), ApiKeyChange::Insert(record(legacy(3, 2)))];
    assert_eq!(commit(&store, &taken), Some(StoreErrorKind::Conflict));
    assert_eq!(version(&store, 4), None);
    let mut changed = legacy(2, 3);
    changed.version = 2;
    assert_eq!(
        commit(&store, &[ApiKeyChange::Replace(record(changed))]),
        None
    );
    assert_eq!((found(2), found(3)), (None, Some(id(2))));
    let remove = ApiKeyChange::Remove {
        id: id(2),
        version: 2,
    };
    assert_eq!(commit(&store, &[remove]), None);
    assert_eq!(found(3), None);
}

#[test]
fn list_returns_the_matching_records_in_pages() {
    let at = UnixTime::from_secs;
    let store = store(10);
    let mut all: Vec<_> = (0..6).map(row).collect();
    all[0].subject = "alice".to_owned();
    all[1].subject = "alice".to_owned();
    all[1].tenant = Some("acme".to_owned());
    all[2].tenant = Some("acme".to_owned());
    all[2].expires_at = Some(at(2_000));
    all[3].expires_at = Some(at(2_001));
    all[4].expires_at = Some(at(9_000));
    all[4].disabled = Some(Disabled::new(at(1_500), "leaked"));
    all[5].authority = "other keys".into();
    all[5].subject = "alice".to_owned();
    let changes: Vec<_> = all
        .into_iter()
        .map(|p| ApiKeyChange::Insert(record(p)))
        .collect();
    assert_eq!(commit(&store, &changes), None);
    let ids = |ns: &[u64]| ns.iter().map(|n| id(*n)).collect::<Vec<_>>();
    assert_eq!(list(&store, ApiKeyFilter::All), ids(&[0, 1, 2, 3, 4]));
    assert_eq!(
        list(&store, ApiKeyFilter::Subject("alice".to_owned())),
        ids(&[0, 1])
    );
    assert_eq!(
        list(&store, ApiKeyFilter::Subject("ali".to_owned())),
        ids(&[])
    );
    assert_eq!(
        list(&store, ApiKeyFilter::Tenant("acme".to_owned())),
        ids(&[1, 2])
    );
    assert_eq!(list(&store, ApiKeyFilter::EndedBy(at(2_000))), ids(&[2, 4]));
    assert_eq!(list(&store, ApiKeyFilter::ExpiresBy(at(2_000))), ids(&[2]));
    assert_eq!(
        list(&store, ApiKeyFilter::ExpiresBy(at(9_000))),
        ids(&[2, 3])
    );
    let mut query = ApiKeyQuery::new("keys", ApiKeyFilter::All, 2);
    let mut pages = Vec::new();
    loop {
        let page = store.list(query.clone()).try_now().unwrap().unwrap();
        let Some(last) = page.last() else { break };
        query = query.after(last.id());
        pages.push(page.iter().map(ApiKeyRecord::id).collect::<Vec<_>>());
    }
    assert_eq!(pages, [ids(&[0, 1]), ids(&[2, 3]), ids(&[4])]);
}

#[test]
fn places_of_removed_records_are_reused() {
    let store = store(10_000);
    for round in 0..3 {
        for n in 0..5_000 {
            assert_eq!(commit(&store, &[insert(n)]), None, "{round} {n}");
        }
        for n in 0..5_000 {
            assert_eq!(version(&store, n), Some(1));
            let remove = ApiKeyChange::Remove {
                id: id(n),
                version: 1,
            };
            assert_eq!(commit(&store, &[remove]), None);
        }
    }
    assert_eq!(list(&store, ApiKeyFilter::All), []);
}

#[test]
fn record_takes_at_most_320_bytes_in_addition_to_strings_and_indexes() {
    // A table has most unused space right after it has grown.
    for count in [1_000_u64, 120_000] {
        let made: Vec<_> = (0..count)
            .map(|n| {
                let mut row = row(n);
                row.expires_at = Some(UnixTime::from_secs(2_000));
                row.scopes = vec!["orders:read".to_owned(), "orders:write".to_owned()];
                row.name = Some("nightly export".to_owned());
                row
            })
            .collect();
        let text = |row: &ApiKeyRow| {
            let scopes = row.scopes.iter().map(String::len).sum::<usize>();
            row.subject.len() + scopes + row.name.as_ref().map_or(0, String::len)
        };
        let strings: usize = made.iter().map(text).sum();
        let mut kept = None;
        let all = allocation_counter::measure(|| {
            let store = store(1_000_000);
            for row in &made {
                let change = ApiKeyChange::Insert(record(row.clone()));
                store.commit(vec![change]).try_now().unwrap().unwrap();
            }
            kept = Some(store);
        });
        let store = kept.unwrap();
        let mut index = store.index.lock().unwrap();
        let indexes = allocation_counter::measure(|| *index = Index::default());
        let bytes = all.bytes_current + indexes.bytes_current - strings as i64;
        let each = bytes as f64 / count as f64;
        assert!((200.0..=320.0).contains(&each), "{each}");
    }
}
