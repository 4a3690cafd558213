//! What stores of sessions and refresh tokens say about themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bearergate::diagnosis::Severity;
use bearergate::grant::GrantStore;
use bearergate::refresh::{NewRefreshToken, RefreshManager};
use bearergate::session::{NewSession, SessionManager};
use bearergate::stores::{Cached, MemoryGrantStore, SqliteStore};

use crate::common::{CLIENT, Folder, NAME, wait};

#[test]
fn the_file_is_counted_and_a_write_that_fails_is_an_error() {
    let folder = Folder::new();
    let is_broken = Arc::new(AtomicBool::new(false));
    let fails = is_broken.clone();
    let store = SqliteStore::builder(folder.path("a.db")).before_each_write(move |_| {
        match fails.load(Ordering::SeqCst) {
            true => Err("the disk is full".into()),
            false => Ok(()),
        }
    });
    let store = Arc::new(store.open().unwrap());
    let sessions = SessionManager::builder(store.clone(), NAME)
        .build()
        .unwrap();
    let tokens = RefreshManager::builder(store.clone(), NAME)
        .build()
        .unwrap();
    for _ in 0..3 {
        wait(sessions.create(NewSession::new("alice"))).unwrap();
    }
    wait(tokens.create(NewRefreshToken::new("alice", CLIENT))).unwrap();
    let diagnose = || wait(GrantStore::diagnose(&*store));
    let found = diagnose();
    assert!(found.iter().all(|finding| finding.severity == Severity::Ok));
    assert_eq!(found[0].text, "sessions: 3; families of refresh tokens: 1");
    assert_eq!(found[1].text, "the file can be written");
    is_broken.store(true, Ordering::SeqCst);
    let found = diagnose();
    assert_eq!(
        [found[0].severity, found[1].severity],
        [Severity::Ok, Severity::Error]
    );
    let text = found[1].to_string();
    assert!(
        text.contains("the file cannot be written") && text.contains("disk is full"),
        "{text}"
    );
    assert!(found[1].hint.is_some());
}

#[test]
fn the_room_in_memory_is_reported_also_behind_a_cache() {
    let store = Arc::new(MemoryGrantStore::new(10));
    let sessions = SessionManager::builder(store.clone(), NAME)
        .build()
        .unwrap();
    for number in 0..9 {
        let found = wait(store.diagnose());
        assert!(
            found.iter().all(|finding| finding.severity == Severity::Ok),
            "{found:?}"
        );
        wait(sessions.create(NewSession::new(format!("user-{number}")))).unwrap();
    }
    let cached = Cached::builder(store).build().unwrap();
    let found = wait(cached.diagnose());
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(found[0].text, "9 of at most 10");
    assert_eq!(found.len(), 3);
}
