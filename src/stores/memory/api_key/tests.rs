use super::*;
use crate::api_key::ApiKeyFilter;
use crate::api_key::ApiKeyRow;
use crate::api_key::Disabled;
use crate::api_key::PepperedDigest;

fn id(n: u64) -> ApiKeyId {
    format!("{n:016}").parse().unwrap()
}

fn parts(n: u64) -> ApiKeyRow {
    let digest = PepperedDigest::sha256([n.to_le_bytes(); 4].concat().try_into().unwrap());
    let owner = ("ring".into(), format!("subject-{n}"));
    ApiKeyRow::new(id(n), digest, owner, UnixTime::from_secs(1_000))
}

fn record(parts: ApiKeyRow) -> ApiKeyRecord {
    ApiKeyRecord::from_parts(parts).unwrap()
}

fn insert(n: u64) -> ApiKeyChange {
    ApiKeyChange::Insert(record(parts(n)))
}

fn replace(n: u64, version: u64) -> ApiKeyChange {
    let mut parts = parts(n);
    parts.version = version;
    ApiKeyChange::Replace(record(parts))
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
    let query = ApiKeyQuery::new("ring", filter, 1_000);
    let page = store.list(query).try_now().unwrap().unwrap();
    page.iter().map(ApiKeyRecord::id).collect()
}

#[test]
fn a_change_that_does_not_meet_the_state_it_expects_changes_nothing() {
    let conflict = Some(StoreErrorKind::Conflict);
    let store = store(10);
    let remove = |n, version| ApiKeyChange::Remove { id: id(n), version };
    assert_eq!(commit(&store, &[insert(1)]), None);
    for refused in [
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
        // A good change beside a bad one is not made either.
        for changes in [
            vec![refused.clone()],
            vec![insert(9), refused.clone()],
            vec![refused.clone(), insert(9)],
        ] {
            assert_eq!(commit(&store, &changes), conflict, "{refused:?}");
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
fn one_record_is_changed_once_in_a_commit() {
    let store = store(10);
    let twice = [insert(1), replace(1, 2)];
    assert_eq!(commit(&store, &twice), Some(StoreErrorKind::Conflict));
    assert_eq!(version(&store, 1), None);
}

#[test]
fn a_full_store_refuses_and_forgets_nothing() {
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
fn the_later_note_of_use_survives_a_change() {
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
    let mut later = parts(1);
    (later.version, later.last_used) = (3, Some(UnixTime::from_secs(60)));
    commit(&store, &[ApiKeyChange::Replace(record(later))]);
    assert_eq!(used(1), Some(60));
}

#[test]
fn a_foreign_key_is_found_by_its_digest_and_no_other_key_is() {
    let store = store(10);
    let foreign = |n, digest: u8| {
        let mut parts = parts(n);
        parts.is_legacy = true;
        parts.digest = PepperedDigest::sha256([digest; 32]);
        parts
    };
    let found = |digest: u8| {
        let digest = KeyDigest::from_bytes([digest; 32]);
        let found = store.find_by_digest(digest).try_now().unwrap().unwrap();
        found.map(|record| record.id())
    };
    let mut own = foreign(1, 1);
    own.is_legacy = false;
    let first = ApiKeyChange::Insert(record(foreign(2, 2)));
    assert_eq!(
        commit(&store, &[ApiKeyChange::Insert(record(own)), first]),
        None
    );
    assert_eq!((found(1), found(2)), (None, Some(id(2))));
    let taken = [insert(4), ApiKeyChange::Insert(record(foreign(3, 2)))];
    assert_eq!(commit(&store, &taken), Some(StoreErrorKind::Conflict));
    assert_eq!(version(&store, 4), None);
    let mut anew = foreign(2, 3);
    anew.version = 2;
    assert_eq!(commit(&store, &[ApiKeyChange::Replace(record(anew))]), None);
    assert_eq!((found(2), found(3)), (None, Some(id(2))));
    let remove = ApiKeyChange::Remove {
        id: id(2),
        version: 2,
    };
    assert_eq!(commit(&store, &[remove]), None);
    assert_eq!(found(3), None);
}

#[test]
fn lists_give_what_the_query_asks_for_in_pages() {
    let at = UnixTime::from_secs;
    let store = store(10);
    let mut all: Vec<_> = (0..6).map(parts).collect();
    all[0].subject = "alice".to_owned();
    all[1].subject = "alice".to_owned();
    all[1].tenant = Some("acme".to_owned());
    all[2].tenant = Some("acme".to_owned());
    all[2].expires_at = Some(at(2_000));
    all[3].expires_at = Some(at(2_001));
    all[4].expires_at = Some(at(9_000));
    all[4].disabled = Some(Disabled::new(at(1_500), "leaked"));
    all[5].authority = "another ring".into();
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
    let mut query = ApiKeyQuery::new("ring", ApiKeyFilter::All, 2);
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
fn places_of_removed_records_are_used_again() {
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
fn a_record_takes_at_most_320_bytes_beside_its_strings_and_indexes() {
    // Right after the table of a part has grown is when it has most room to spare.
    for count in [1_000_u64, 120_000] {
        let made: Vec<_> = (0..count)
            .map(|n| {
                let mut parts = parts(n);
                parts.expires_at = Some(UnixTime::from_secs(2_000));
                parts.scopes = vec!["orders:read".to_owned(), "orders:write".to_owned()];
                parts.name = Some("nightly export".to_owned());
                parts
            })
            .collect();
        let text = |parts: &ApiKeyRow| {
            let scopes = parts.scopes.iter().map(String::len).sum::<usize>();
            parts.subject.len() + scopes + parts.name.as_ref().map_or(0, String::len)
        };
        let strings: usize = made.iter().map(text).sum();
        let mut kept = None;
        let all = allocation_counter::measure(|| {
            let store = store(1_000_000);
            for parts in &made {
                let change = ApiKeyChange::Insert(record(parts.clone()));
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
