//! The public suites, on every store of the crate.

use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore, SqliteStore};
use bearergate::testing;

use crate::common::{Folder, wait};

const LIMIT: usize = 10_000;

#[test]
fn memory_keeps_the_contract_for_api_keys() {
    let store = MemoryApiKeyStore::new(LIMIT).unwrap();
    wait(testing::api_key_store(&store)).unwrap();
}

#[test]
fn memory_keeps_the_contract_for_sessions_and_refresh_tokens() {
    wait(testing::session_store(&MemoryGrantStore::new(LIMIT))).unwrap();
    wait(testing::refresh_token_store(&MemoryGrantStore::new(LIMIT))).unwrap();
    wait(testing::grant_store(&MemoryGrantStore::new(LIMIT))).unwrap();
}

#[test]
fn sqlite_keeps_the_contract_for_api_keys() {
    let folder = Folder::new();
    wait(testing::api_key_store(&open(&folder, "a"))).unwrap();
}

#[test]
fn sqlite_keeps_the_contract_for_sessions_and_refresh_tokens() {
    let folder = Folder::new();
    wait(testing::session_store(&open(&folder, "a"))).unwrap();
    wait(testing::refresh_token_store(&open(&folder, "b"))).unwrap();
    wait(testing::grant_store(&open(&folder, "c"))).unwrap();
}

#[test]
fn sqlite_keeps_the_contract_for_revocations() {
    let folder = Folder::new();
    wait(testing::revocation_store(&open(&folder, "a"))).unwrap();
}

fn open(folder: &Folder, name: &str) -> SqliteStore {
    SqliteStore::open(folder.path(name)).unwrap()
}
