//! What lasts beyond a restart, and what a store that cannot answer means to a client.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bearergate::api_key::{ApiKeyErrorKind, ApiKeyStore, NewApiKey};
use bearergate::credential::PresentedCredential;
use bearergate::error::StoreErrorKind;
use bearergate::grant::store::TokenDigest;
use bearergate::grant::{GrantErrorKind, GrantStore};
use bearergate::refresh::{NewRefreshToken, RotateRequest};
use bearergate::session::{NewSession, SessionStore};
use bearergate::stores::SqliteStore;
use bearergate::{ApiKeyValidator, Gate, RejectionKind, TokenValidator};

use crate::common::CLIENT;
use crate::common::Folder;
use crate::common::NOW;
use crate::common::Service;
use crate::common::ring;
use crate::common::wait;

fn open(path: &Path) -> (Arc<SqliteStore>, Service) {
    let store = Arc::new(SqliteStore::open(path).unwrap());
    (store.clone(), Service::on(store))
}

fn rotate(service: &Service, token: &str) -> Result<String, RejectionKind> {
    let rotated = wait(service.refresh.rotate(RotateRequest::new(token, CLIENT)));
    let rotated = rotated.map_err(|rejection| rejection.kind())?;
    Ok(rotated.secret.reveal())
}

/// Defect I02 (replay after a restart): docs/defects.md
#[test]
fn a_token_spent_before_a_restart_is_a_replay_after_it() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (_, service) = open(&path);
    let create = service
        .refresh
        .create(NewRefreshToken::new("alice", CLIENT));
    let first = wait(create).unwrap().secret.reveal();
    let second = rotate(&service, &first).unwrap();
    drop(service);

    let (_, service) = open(&path);
    let third = rotate(&service, &second).unwrap();
    assert_eq!(rotate(&service, &first), Err(RejectionKind::RefreshReused));
    drop(service);

    let (_, service) = open(&path);
    assert_eq!(rotate(&service, &third), Err(RejectionKind::TokenRevoked));
}

#[test]
fn what_was_revoked_before_a_restart_is_revoked_after_it() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (_, service) = open(&path);
    let mut tokens = Vec::new();
    for subject in ["alice", "bob"] {
        let session = wait(service.sessions.create(NewSession::new(subject)))
            .unwrap()
            .record;
        let token = service
            .refresh
            .create(NewRefreshToken::for_session(&session, CLIENT));
        tokens.push(wait(token).unwrap().secret.reveal());
    }
    let keys = ["alice", "bob"].map(|subject| {
        let draft = NewApiKey::new(subject).never_expires();
        wait(service.keys.create(draft)).unwrap()
    });
    wait(service.sessions.revoke_subject("alice")).unwrap();
    wait(service.keys.revoke(keys[0].record.id(), "test")).unwrap();
    drop(service);

    let (store, service) = open(&path);
    assert_eq!(
        rotate(&service, &tokens[0]),
        Err(RejectionKind::TokenRevoked)
    );
    assert!(rotate(&service, &tokens[1]).is_ok());
    let [alice, bob] = keys.map(|issued| judge(&store, &issued.key.reveal()));
    assert_eq!(alice, Err(RejectionKind::ApiKeyDisabled));
    assert_eq!(bob, Ok(()));
}

#[test]
fn a_change_in_one_handle_is_seen_by_another_at_once() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (_, ours) = open(&path);
    let (theirs, _) = open(&path);
    for _ in 0..20 {
        let draft = NewApiKey::new("alice").never_expires();
        let issued = wait(ours.keys.create(draft)).unwrap();
        let id = issued.record.id();
        let key = issued.key.reveal();
        assert_eq!(judge(&theirs, &key), Ok(()));
        wait(ours.keys.revoke(id, "test")).unwrap();
        assert_eq!(judge(&theirs, &key), Err(RejectionKind::ApiKeyDisabled));
    }
}

fn judge(store: &Arc<SqliteStore>, key: &str) -> Result<(), RejectionKind> {
    let judge = ApiKeyValidator::builder(ring(), store.clone())
        .build()
        .unwrap();
    let presented = PresentedCredential::bearer(key).unwrap().at(NOW);
    let verdict = wait(judge.validate(&presented));
    verdict.map(drop).map_err(|rejection| rejection.kind())
}

/// Defect I05 (error of a store swallowed): docs/defects.md
#[test]
fn a_store_that_cannot_answer_is_neither_a_yes_nor_a_no() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (store, service) = open(&path);
    let key = wait(service.keys.create(NewApiKey::new("alice").never_expires())).unwrap();
    let id = key.record.id();
    let key = key.key.reveal();
    let session = wait(service.sessions.create(NewSession::new("alice")))
        .unwrap()
        .record;
    let token = wait(
        service
            .refresh
            .create(NewRefreshToken::for_session(&session, CLIENT)),
    )
    .unwrap()
    .secret
    .reveal();
    let gate = || {
        let judge = ApiKeyValidator::builder(ring(), store.clone())
            .build()
            .unwrap();
        Gate::builder()
            .validator(judge)
            .allow_any_authenticated()
            .build()
            .unwrap()
    };
    let request = http::Request::get("/").header("authorization", format!("Bearer {key}"));
    let (request, ()) = request.body(()).unwrap().into_parts();
    assert!(wait(gate().check(&request)).is_ok());

    let conn = rusqlite::Connection::open(&path).unwrap();
    for table in ["api_key", "session", "family", "mark"] {
        conn.execute_batch(&format!("ALTER TABLE {table} RENAME TO {table}_away"))
            .unwrap();
    }
    assert_eq!(judge(&store, &key), Err(RejectionKind::Unavailable));
    let refusal = wait(gate().check(&request)).unwrap_err();
    assert_eq!(refusal.status(), 503);
    let away = wait(service.keys.revoke(id, "test")).unwrap_err();
    assert_eq!(away.kind(), ApiKeyErrorKind::Unavailable);
    for away in [
        wait(service.sessions.revoke(&session)),
        wait(service.sessions.revoke_subject("alice")),
        wait(service.sessions.purge()).map(drop),
    ] {
        assert_eq!(away.unwrap_err().kind(), GrantErrorKind::Unavailable);
    }
    assert_eq!(rotate(&service, &token), Err(RejectionKind::Unavailable));
    let revoked = wait(service.refresh.revoke(RotateRequest::new(&token, CLIENT)));
    assert_eq!(revoked.unwrap_err().kind(), RejectionKind::Unavailable);

    for table in ["api_key", "session", "family", "mark"] {
        conn.execute_batch(&format!("ALTER TABLE {table}_away RENAME TO {table}"))
            .unwrap();
    }
    assert_eq!(judge(&store, &key), Ok(()));
    assert!(rotate(&service, &token).is_ok());
    assert!(wait(gate().check(&request)).is_ok());
}

#[test]
fn a_file_that_another_process_locks_is_unavailable_in_the_end() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let builder = SqliteStore::builder(&path).busy_timeout(Duration::from_millis(20));
    let store = Arc::new(builder.open().unwrap());
    let service = Service::on(store.clone());
    let draft = || NewApiKey::new("alice").never_expires();
    let id = wait(service.keys.create(draft())).unwrap().record.id();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = wait(service.keys.create(draft())).unwrap_err();
    assert_eq!(refused.kind(), ApiKeyErrorKind::Unavailable);
    ApiKeyStore::touch(&*store, id, NOW);
    let also = wait(service.keys.revoke(id, "test")).unwrap_err();
    assert_eq!(also.kind(), ApiKeyErrorKind::Unavailable);
    // Who reads does not wait for who writes.
    assert!(wait(service.keys.find(id)).unwrap().is_some());
    other.execute_batch("ROLLBACK").unwrap();
    assert!(wait(service.keys.create(draft())).is_ok());
    // A note that was lost is not the last one.
    ApiKeyStore::touch(&*store, id, NOW);
    assert!(wait(service.keys.create(draft())).is_ok());
    let found = wait(service.keys.find(id)).unwrap().unwrap();
    assert_eq!(found.last_used(), Some(NOW));
}

#[test]
fn a_record_that_was_tampered_with_is_unavailable_and_not_unknown() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (store, service) = open(&path);
    let conn = rusqlite::Connection::open(&path).unwrap();
    for change in [
        "subject = ''",
        "scopes = '{'",
        "digest = x'00'",
        "version = -1",
    ] {
        let issued = wait(service.keys.create(NewApiKey::new("alice").never_expires())).unwrap();
        let (id, key) = (issued.record.id(), issued.key.reveal());
        assert_eq!(judge(&store, &key), Ok(()));
        let tamper = format!("UPDATE api_key SET {change} WHERE id = ?1");
        assert_eq!(conn.execute(&tamper, [id.as_str()]).unwrap(), 1);
        let found = wait(ApiKeyStore::find(&*store, id));
        assert_eq!(
            found.unwrap_err().kind(),
            StoreErrorKind::Corrupt,
            "{change}"
        );
        assert_eq!(
            judge(&store, &key),
            Err(RejectionKind::Unavailable),
            "{change}"
        );
    }
    let _session = wait(service.sessions.create(NewSession::new("alice"))).unwrap();
    let digest = "UPDATE session SET session = 'handle' RETURNING digest";
    let digest = conn.query_row(digest, [], |row| row.get(0)).unwrap();
    let found = wait(SessionStore::find(&*store, TokenDigest::new(digest)));
    assert_eq!(found.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[test]
fn a_purge_in_parts_never_forgets_a_mark_before_all_that_it_ends() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (store, service) = open(&path);
    let begin = || wait(service.sessions.create(NewSession::new("alice"))).unwrap();
    let session = begin().record;
    // More than the 500 records that one transaction of a purge removes.
    let many = 500 * 2 + 1;
    let columns = "version, data, authority, subject, client, session, scopes, claims, created, \
         since, last_used, expires, idle, ends";
    let copies = format!(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {many}) \
         INSERT INTO session (digest, {columns}) SELECT randomblob(32), {columns} \
         FROM session CROSS JOIN number"
    );
    let conn = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(conn.execute(&copies, []).unwrap(), many);
    wait(service.sessions.revoke(&session)).unwrap();
    // The mark may be forgotten when its sessions are over; so late they are not.
    conn.execute("UPDATE mark SET until = 0", []).unwrap();
    let count = |table| {
        let count = format!("SELECT count(*) FROM {table}");
        let count: u32 = conn.query_row(&count, [], |row| row.get(0)).unwrap();
        count
    };
    let mut rounds = 0;
    while wait(GrantStore::purge(&*store, NOW)).unwrap() > 0 {
        rounds += 1;
        assert!(
            count("mark") == 1 || count("session") == 0,
            "round {rounds}"
        );
    }
    assert!(rounds > 2);
    assert_eq!((count("session"), count("mark")), (0, 0));
}

#[test]
fn uses_of_keys_are_written_together_and_only_forward() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (store, service) = open(&path);
    let create = || wait(service.keys.create(NewApiKey::new("alice").never_expires()));
    let ids: Vec<_> = (0..50).map(|_| create().unwrap().record.id()).collect();
    let after = |secs| NOW.saturating_add(Duration::from_secs(secs));
    for secs in [100, 50, 70] {
        ids.iter()
            .for_each(|id| ApiKeyStore::touch(&*store, *id, after(secs)));
    }
    // The writer takes one call after the other.
    wait(service.sessions.purge()).unwrap();
    for id in &ids {
        let found = wait(service.keys.find(*id)).unwrap().unwrap();
        assert_eq!(found.last_used(), Some(after(100)));
        assert_eq!(found.version(), 1);
    }
}

/// Nothing that opens anything is at rest, and nothing that could be turned back into it.
#[test]
fn the_file_holds_no_key_no_session_id_and_no_refresh_token() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (_store, service) = open(&path);
    let issued = wait(service.keys.create(NewApiKey::new("alice").never_expires())).unwrap();
    let session = wait(service.sessions.create(NewSession::new("alice"))).unwrap();
    let token = wait(
        service
            .patient
            .create(NewRefreshToken::for_session(&session.record, CLIENT)),
    );
    let token = token.unwrap().secret.reveal();
    let next = wait(service.patient.rotate(RotateRequest::new(&token, CLIENT)));
    let next = next.unwrap().secret.reveal();
    let mut file = Vec::new();
    for name in ["a.db", "a.db-wal"] {
        file.extend(fs::read(folder.path(name)).unwrap());
    }
    let holds = |text: &str| file.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(
        holds(issued.record.id().as_str()),
        "what is looked for can be found"
    );
    for secret in [issued.key.reveal(), session.secret.reveal(), token, next] {
        // Any fourth part of it would be too much.
        let chars: Vec<char> = secret.chars().collect();
        let secrets = chars.windows(secret.len() / 4).map(String::from_iter);
        let public = issued.record.id();
        for part in secrets.filter(|part| !part.contains(public.as_str().split_at(8).0)) {
            assert!(!holds(&part), "{part}");
        }
    }
}
