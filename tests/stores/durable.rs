//! What survives a restart, and what clients get if the store fails.

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

use crate::common::{CLIENT, Folder, NOW, Service, scheme, wait};

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
fn token_spent_before_a_restart_is_a_replay_after_it() {
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
fn revocations_survive_a_restart() {
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
    let [alice, bob] = keys.map(|issued| validate(&store, &issued.secret.reveal()));
    assert_eq!(alice, Err(RejectionKind::ApiKeyDisabled));
    assert_eq!(bob, Ok(()));
}

#[test]
fn change_of_one_handle_is_seen_by_another_at_once() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (_, writer) = open(&path);
    let (reader, _) = open(&path);
    for _ in 0..20 {
        let draft = NewApiKey::new("alice").never_expires();
        let issued = wait(writer.keys.create(draft)).unwrap();
        let id = issued.record.id();
        let key = issued.secret.reveal();
        assert_eq!(validate(&reader, &key), Ok(()));
        wait(writer.keys.revoke(id, "test")).unwrap();
        assert_eq!(validate(&reader, &key), Err(RejectionKind::ApiKeyDisabled));
    }
}

fn validate(store: &Arc<SqliteStore>, key: &str) -> Result<(), RejectionKind> {
    let validator = ApiKeyValidator::builder(scheme(), store.clone())
        .build()
        .unwrap();
    let presented = PresentedCredential::bearer(key).unwrap().at(NOW);
    let result = wait(validator.validate(&presented));
    result.map(drop).map_err(|rejection| rejection.kind())
}

/// Defect I05 (error of a store swallowed): docs/defects.md
#[test]
fn store_failure_is_unavailable_everywhere() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (store, service) = open(&path);
    let key = wait(service.keys.create(NewApiKey::new("alice").never_expires())).unwrap();
    let id = key.record.id();
    let key = key.secret.reveal();
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
        let validator = ApiKeyValidator::builder(scheme(), store.clone())
            .build()
            .unwrap();
        Gate::builder()
            .validator(validator)
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
    assert_eq!(validate(&store, &key), Err(RejectionKind::Unavailable));
    let refusal = wait(gate().check(&request)).unwrap_err();
    assert_eq!(refusal.status(), 503);
    let failed = wait(service.keys.revoke(id, "test")).unwrap_err();
    assert_eq!(failed.kind(), ApiKeyErrorKind::Unavailable);
    for failed in [
        wait(service.sessions.revoke(&session)),
        wait(service.sessions.revoke_subject("alice")),
        wait(service.sessions.purge()).map(drop),
    ] {
        assert_eq!(failed.unwrap_err().kind(), GrantErrorKind::Unavailable);
    }
    assert_eq!(rotate(&service, &token), Err(RejectionKind::Unavailable));
    let revoked = wait(service.refresh.revoke(RotateRequest::new(&token, CLIENT)));
    assert_eq!(revoked.unwrap_err().kind(), RejectionKind::Unavailable);

    for table in ["api_key", "session", "family", "mark"] {
        conn.execute_batch(&format!("ALTER TABLE {table}_away RENAME TO {table}"))
            .unwrap();
    }
    assert_eq!(validate(&store, &key), Ok(()));
    assert!(rotate(&service, &token).is_ok());
    assert!(wait(gate().check(&request)).is_ok());
}

#[test]
fn file_locked_by_another_process_is_unavailable_after_the_timeout() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let builder = SqliteStore::builder(&path).busy_timeout(Duration::from_millis(20));
    let store = Arc::new(builder.open().unwrap());
    let service = Service::on(store.clone());
    let draft = || NewApiKey::new("alice").never_expires();
    let id = wait(service.keys.create(draft())).unwrap().record.id();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let failed = wait(service.keys.create(draft())).unwrap_err();
    assert_eq!(failed.kind(), ApiKeyErrorKind::Unavailable);
    ApiKeyStore::touch(&*store, id, NOW);
    let failed = wait(service.keys.revoke(id, "test")).unwrap_err();
    assert_eq!(failed.kind(), ApiKeyErrorKind::Unavailable);
    // Readers do not wait for a writer.
    assert!(wait(service.keys.find(id)).unwrap().is_some());
    other.execute_batch("ROLLBACK").unwrap();
    assert!(wait(service.keys.create(draft())).is_ok());
    // After a lost use, later uses are still noted.
    ApiKeyStore::touch(&*store, id, NOW);
    assert!(wait(service.keys.create(draft())).is_ok());
    let found = wait(service.keys.find(id)).unwrap().unwrap();
    assert_eq!(found.last_used(), Some(NOW));
}

#[test]
fn corrupt_record_is_unavailable_and_not_unknown() {
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
        let (id, key) = (issued.record.id(), issued.secret.reveal());
        assert_eq!(validate(&store, &key), Ok(()));
        let tamper = format!("UPDATE api_key SET {change} WHERE id = ?1");
        assert_eq!(conn.execute(&tamper, [id.as_str()]).unwrap(), 1);
        let found = wait(ApiKeyStore::find(&*store, id));
        assert_eq!(
            found.unwrap_err().kind(),
            StoreErrorKind::Corrupt,
            "{change}"
        );
        assert_eq!(
            validate(&store, &key),
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
fn purge_in_parts_keeps_a_revocation_until_all_its_sessions_are_removed() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let (store, service) = open(&path);
    let create = || wait(service.sessions.create(NewSession::new("alice"))).unwrap();
    let session = create().record;
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
    // The revocation may be removed when its sessions have expired; these have not.
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
fn last_uses_are_written_together_and_never_go_back() {
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
    // The writer does one call after the other.
    wait(service.sessions.purge()).unwrap();
    for id in &ids {
        let found = wait(service.keys.find(*id)).unwrap().unwrap();
        assert_eq!(found.last_used(), Some(after(100)));
        assert_eq!(found.version(), 1);
    }
}

/// No secret is stored, and nothing from which one could be computed.
#[test]
fn file_holds_no_usable_secret() {
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
        "the search finds stored text"
    );
    for secret in [issued.secret.reveal(), session.secret.reveal(), token, next] {
        // Not even a fourth of it.
        let chars: Vec<char> = secret.chars().collect();
        let secrets = chars.windows(secret.len() / 4).map(String::from_iter);
        let public = issued.record.id();
        for part in secrets.filter(|part| !part.contains(public.as_str().split_at(8).0)) {
            assert!(!holds(&part), "{part}");
        }
    }
}
