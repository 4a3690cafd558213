//! The public suite, on every store of the crate.

use std::time::Duration;

use bearergate::error::{ConfigErrorKind, StoreErrorKind};
use bearergate::limit::{
    Credit, QuotaKey, QuotaWindow, Spend, SpendId, UsageBatch, UsageRow, UsageStore,
};
use bearergate::stores::MemoryUsageStore;
use bearergate::testing;

use crate::common::wait;
use crate::metering::{NOW, total};

#[test]
fn memory_keeps_the_contract_for_usage() {
    let store = MemoryUsageStore::new(1_000).unwrap();
    wait(testing::usage_store(&store)).unwrap();
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_keeps_the_contract_for_usage() {
    let folder = crate::common::Folder::new();
    let store = bearergate::stores::SqliteStore::open(folder.path("a.db")).unwrap();
    wait(testing::usage_store(&store)).unwrap();
}

#[test]
fn memory_is_bounded_and_refuses_what_it_has_no_space_for_whole() {
    let error = MemoryUsageStore::new(0).unwrap_err();
    assert_eq!(
        (error.field(), error.kind()),
        ("limit", ConfigErrorKind::OutOfRange)
    );
    let store = MemoryUsageStore::new(2).unwrap();
    let rows = |names: &[&str]| {
        let row = |name: &&str| UsageRow::new(("idp", *name), "m", NOW, 1);
        names.iter().map(row).collect::<Vec<_>>()
    };
    let add = |boot, number, names: &[&str]| {
        wait(store.add(&UsageBatch::new("n", boot, number, rows(names))))
    };
    add(1, 1, &["a", "b"]).unwrap();
    assert_eq!(
        add(1, 2, &["a", "c"]).unwrap_err().kind(),
        StoreErrorKind::Full
    );
    assert_eq!(total(&store), 2);
    // The number of a batch that was refused is free for the same batch.
    wait(store.purge(NOW.saturating_add(Duration::from_secs(3_600)))).unwrap();
    add(1, 2, &["a", "c"]).unwrap();
    add(2, 1, &["a"]).unwrap();
    assert_eq!(add(3, 1, &["a"]).unwrap_err().kind(), StoreErrorKind::Full);
    assert_eq!(total(&store), 3);
}

#[test]
fn memory_takes_a_new_holder_only_in_place_of_one_whose_windows_are_long_over() {
    let store = MemoryUsageStore::new(2).unwrap();
    let day = |number: u64| NOW.saturating_add(Duration::from_secs(number * 86_400));
    let spend = |id, holder: &str, start: u64| {
        let window = QuotaWindow::new(day(start), day(start + 1), 10);
        let key = QuotaKey::new("q", "idp", holder);
        let spend = Spend::new(SpendId::new(id), key, Some(window), 4, day(start));
        wait(store.spend(&spend))
            .map(|spent| spent.left)
            .map_err(|error| error.kind())
    };
    assert_eq!(spend(1, "a", 0), Ok(6));
    assert_eq!(spend(2, "b", 1), Ok(6));
    assert_eq!(spend(3, "c", 2), Err(StoreErrorKind::Full));
    assert_eq!(spend(4, "c", 3), Ok(6));
    assert_eq!(spend(5, "b", 1), Ok(2));
    assert_eq!(spend(6, "a", 3), Err(StoreErrorKind::Full));
    let credit = |id, holder: &str| {
        let key = QuotaKey::new("q", "idp", holder);
        wait(store.credit(&Credit::new(SpendId::new(id), key, 1)))
    };
    assert_eq!(credit(1, "a").unwrap(), 1);
    assert_eq!(credit(2, "a").unwrap(), 2);
    assert_eq!(credit(3, "a").unwrap_err().kind(), StoreErrorKind::Full);
}
