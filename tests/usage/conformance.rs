//! The public suite, on every store of the crate.

use bearergate::stores::MemoryUsageStore;
use bearergate::testing;

use crate::common::wait;

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
