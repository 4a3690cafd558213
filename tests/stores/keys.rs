//! What the manager of API keys does alike in every store.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bearergate::api_key::{
    ApiKeyFormat, ApiKeyManager, ApiKeyScheme, ApiKeyStore, ApiKeyUpdate, NewApiKey, PepperSet,
};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::diagnosis::Severity;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::{Cached, MemoryApiKeyStore, SqliteStore};
use bearergate::{ApiKeyValidator, RejectionKind, TokenValidator};

use crate::common::{Folder, NAME, NOW, scheme, wait};

/// A store of each kind, with the clock of its cache.
fn stores(folder: &Folder, clock: &FakeClock) -> Vec<(&'static str, Arc<dyn ApiKeyStore>)> {
    let file = |name: &str| SqliteStore::open(folder.path(name)).unwrap();
    let cached = |store: Arc<dyn ApiKeyStore>| {
        let builder = Cached::builder(store).clock(clock.clone());
        Arc::new(builder.build().unwrap())
    };
    let memory = || Arc::new(MemoryApiKeyStore::new(1_000).unwrap());
    vec![
        ("memory", memory()),
        ("file", Arc::new(file("a"))),
        ("cached memory", cached(memory())),
        ("cached file", cached(Arc::new(file("b")))),
    ]
}

fn manager(store: &Arc<dyn ApiKeyStore>, clock: &FakeClock) -> ApiKeyManager {
    let builder = ApiKeyManager::builder(scheme(), store.clone());
    builder.clock(clock.clone()).build().unwrap()
}

fn validator(
    scheme: ApiKeyScheme,
    store: &Arc<dyn ApiKeyStore>,
    clock: &FakeClock,
) -> ApiKeyValidator {
    let builder = ApiKeyValidator::builder(scheme, store.clone());
    builder.clock(clock.clone()).build().unwrap()
}

fn kind(validator: &ApiKeyValidator, key: &str) -> Option<RejectionKind> {
    let validated = wait(validator.validate(&PresentedCredential::token(key)));
    validated.err().map(|rejection| rejection.kind())
}

/// The end of the year 9999.
const END: u64 = 253_402_300_799;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn lifetimes_have_the_same_bounds_in_every_store() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOW));
    let most = END - NOW.as_secs();
    for (name, store) in stores(&folder, &clock) {
        let keys = manager(&store, &clock);
        let create = |lifetime| {
            let draft = NewApiKey::new("robot").expires_in(lifetime);
            wait(keys.create(draft)).map_err(|error| error.field())
        };
        for lifetime in [
            Duration::ZERO,
            Duration::from_millis(999),
            secs(most + 1),
            secs(i64::MAX as u64),
            Duration::MAX,
        ] {
            let refused = create(lifetime).map(|issued| issued.record);
            assert_eq!(
                refused.err(),
                Some(Some("expires_in")),
                "{name} {lifetime:?}"
            );
        }
        for lifetime in [secs(1), Duration::from_millis(1_999), secs(most)] {
            let issued = create(lifetime).unwrap();
            let found = wait(keys.find(issued.record.id())).unwrap().unwrap();
            let end = NOW.saturating_add(lifetime);
            assert_eq!(found.expires_at(), Some(end), "{name} {lifetime:?}");
        }
        let id = create(secs(most)).unwrap().record.id();
        let at = UnixTime::from_secs;
        for time in [at(END + 1), at(u64::MAX)] {
            let update = ApiKeyUpdate::new().expires_at(time);
            let refused = wait(keys.update(id, update)).unwrap_err();
            assert_eq!(refused.field(), Some("expires_at"), "{name}");
            let refused = wait(keys.expire(id, time)).unwrap_err();
            assert_eq!(refused.field(), Some("at"), "{name}");
        }
        let refused = wait(keys.rotate(id, Duration::MAX)).unwrap_err();
        assert_eq!(refused.field(), Some("overlap"), "{name}");
        assert!(wait(keys.rotate(id, secs(1))).is_ok(), "{name}");
    }
}

#[test]
fn update_is_seen_by_a_validator_of_the_same_store_at_once() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOW));
    for (name, store) in stores(&folder, &clock) {
        let keys = manager(&store, &clock);
        let validator = validator(scheme(), &store, &clock);
        let issued = wait(keys.create(NewApiKey::new("robot").expires_in(secs(100)))).unwrap();
        let (id, key) = (issued.record.id(), issued.secret.reveal());
        assert_eq!(kind(&validator, &key), None, "{name}");
        let office = "192.0.2.0/24".parse().unwrap();
        let update = ApiKeyUpdate::new().addresses([office]);
        wait(keys.update(id, update)).unwrap();
        let denied = Some(RejectionKind::AddressDenied);
        assert_eq!(kind(&validator, &key), denied, "{name}");
        let update = ApiKeyUpdate::new().any_address().scopes(["a"]);
        wait(keys.update(id, update)).unwrap();
        assert_eq!(kind(&validator, &key), None, "{name}");
        let found = wait(keys.find(id)).unwrap().unwrap();
        assert_eq!(found.scopes().collect::<Vec<_>>(), ["a"], "{name}");
        assert_eq!(found.version(), 3, "{name}");
    }
}

#[test]
fn update_by_another_process_is_seen_behind_a_cache_after_the_staleness() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOW));
    let file: Arc<dyn ApiKeyStore> = Arc::new(SqliteStore::open(folder.path("a")).unwrap());
    let cached = Cached::builder(file.clone()).clock(clock.clone());
    let cached: Arc<dyn ApiKeyStore> = Arc::new(cached.staleness(secs(5)).build().unwrap());
    let validator = validator(scheme(), &cached, &clock);
    let other = manager(&file, &clock);
    let issued = wait(other.create(NewApiKey::new("robot").never_expires())).unwrap();
    let (id, key) = (issued.record.id(), issued.secret.reveal());
    assert_eq!(kind(&validator, &key), None);
    let update = ApiKeyUpdate::new().addresses(["192.0.2.0/24".parse().unwrap()]);
    wait(other.update(id, update)).unwrap();
    clock.advance(secs(4));
    assert_eq!(kind(&validator, &key), None);
    clock.advance(secs(1));
    assert_eq!(kind(&validator, &key), Some(RejectionKind::AddressDenied));
}

/// The scheme of the tests with another pepper of the same version.
fn swapped() -> ApiKeyScheme {
    let source = SecretSource::from_fn("test pepper", || {
        Ok::<_, std::io::Error>(Secret::new(vec![8; 32]))
    });
    let peppers = PepperSet::new(1, &source).unwrap();
    ApiKeyScheme::new(NAME, ApiKeyFormat::new("acme_test").unwrap(), peppers).unwrap()
}

#[test]
fn swapped_pepper_is_noticed_in_every_store() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOW));
    for (name, store) in stores(&folder, &clock) {
        let keys = manager(&store, &clock);
        let issued = wait(keys.create(NewApiKey::new("robot").never_expires())).unwrap();
        let key = issued.secret.reveal();
        let wrong = validator(swapped(), &store, &clock);
        assert!(wait(wrong.warm_up()).is_err(), "{name}");
        assert_eq!(
            kind(&wrong, &key),
            Some(RejectionKind::Unavailable),
            "{name}"
        );
        let findings = wait(wrong.diagnose());
        let worst = findings.iter().map(|finding| finding.severity).max();
        assert_eq!(worst, Some(Severity::Error), "{name}: {findings:?}");
        let right = validator(scheme(), &store, &clock);
        assert_eq!(kind(&right, &key), None, "{name}");
        let findings = wait(right.diagnose());
        let worst = findings.iter().map(|finding| finding.severity).max();
        assert_eq!(worst, Some(Severity::Ok), "{name}: {findings:?}");
    }
}

#[test]
fn check_value_in_a_file_survives_a_restart() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOW));
    let open =
        || -> Arc<dyn ApiKeyStore> { Arc::new(SqliteStore::open(folder.path("a")).unwrap()) };
    wait(validator(scheme(), &open(), &clock).warm_up()).unwrap();
    assert!(wait(validator(swapped(), &open(), &clock).warm_up()).is_err());
    assert!(wait(validator(scheme(), &open(), &clock).warm_up()).is_ok());
}

/// The keys of a file from before check values are accepted, and the first one proves the pepper.
#[test]
fn file_without_check_values_is_migrated_and_its_keys_stay_valid() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOW));
    let path = folder.path("a");
    let open = || -> Arc<dyn ApiKeyStore> { Arc::new(SqliteStore::open(&path).unwrap()) };
    let issued = {
        let keys = manager(&open(), &clock);
        wait(keys.create(NewApiKey::new("robot").never_expires())).unwrap()
    };
    let key = issued.secret.reveal();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let older = "DROP TABLE pepper; DROP INDEX api_key_by_pepper; \
         ALTER TABLE family DROP COLUMN earlier; DROP TABLE usage; DROP TABLE usage_sender; \
         DROP TABLE quota; DROP TABLE spend; DROP TABLE credit; PRAGMA user_version = 3;";
    conn.execute_batch(older).unwrap();
    drop(conn);
    let wrong = validator(swapped(), &open(), &clock);
    assert_eq!(kind(&wrong, &key), Some(RejectionKind::ApiKeyUnknown));
    let right = validator(scheme(), &open(), &clock);
    assert_eq!(kind(&right, &key), None);
    let wrong = validator(swapped(), &open(), &clock);
    assert_eq!(kind(&wrong, &key), Some(RejectionKind::Unavailable));
    assert!(fs::metadata(&path).is_ok());
}

#[test]
fn doctor_counts_the_keys_of_a_file() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOW));
    let store: Arc<dyn ApiKeyStore> = Arc::new(SqliteStore::open(folder.path("a")).unwrap());
    let keys = manager(&store, &clock);
    for _ in 0..3 {
        let _ = wait(keys.create(NewApiKey::new("robot").never_expires())).unwrap();
    }
    let findings = wait(store.diagnose());
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].to_string(),
        "ok       API keys in SQLite: keys: 3"
    );
    let conn = rusqlite::Connection::open(folder.path("a")).unwrap();
    conn.execute_batch("DROP TABLE api_key").unwrap();
    let findings = wait(store.diagnose());
    assert_eq!(findings[0].severity, Severity::Error);
    assert!(findings[0].hint.is_some());
}
