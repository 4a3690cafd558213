//! The public suites, on every store of the crate.

use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore, SqliteStore};
use bearergate::testing;

use crate::common::{Folder, wait};

const LIMIT: usize = 10_000;
const SMALL: usize = 300;

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

/// In so small a store the suite revokes more sessions of one subject than it keeps.
#[test]
fn memory_keeps_the_contract_where_it_revokes_a_subject_in_place_of_many_sessions() {
    let store = || MemoryGrantStore::new(SMALL);
    wait(testing::session_store(&store())).unwrap();
    wait(testing::refresh_token_store(&store())).unwrap();
    wait(testing::grant_store(&store())).unwrap();
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
