//! Mistakes with API keys, peppers and stores.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, NewApiKey, PepperSet};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::{MemoryApiKeyStore, SqliteStore};
use bearergate::{ApiKeyValidator, Gate};
use http::Request;

use crate::table::{NOW, Row, refusal, refused, row, worst};

const DAY: Duration = Duration::from_secs(86_400);

fn scheme(byte: u8) -> ApiKeyScheme {
    let pepper = SecretSource::from_fn("pepper", move || {
        Ok::<_, std::io::Error>(Secret::new(vec![byte; 32]))
    });
    let format = ApiKeyFormat::new("acme_live").unwrap();
    ApiKeyScheme::new("acme keys", format, PepperSet::new(1, &pepper).unwrap()).unwrap()
}

fn manager(byte: u8, store: &Arc<MemoryApiKeyStore>) -> ApiKeyManager {
    let keys = ApiKeyManager::builder(scheme(byte), Arc::<MemoryApiKeyStore>::clone(store));
    keys.clock(FakeClock::at(NOW)).build().unwrap()
}

fn gate(byte: u8, store: &Arc<MemoryApiKeyStore>) -> Gate {
    gate_at(NOW, byte, store)
}

fn gate_at(now: UnixTime, byte: u8, store: &Arc<MemoryApiKeyStore>) -> Gate {
    let keys = ApiKeyValidator::builder(scheme(byte), Arc::<MemoryApiKeyStore>::clone(store));
    let gate = Gate::builder()
        .validator(keys.build().unwrap())
        .allow_any_authenticated();
    gate.clock(FakeClock::at(now)).build().unwrap()
}

fn store() -> Arc<MemoryApiKeyStore> {
    Arc::new(MemoryApiKeyStore::new(100).unwrap())
}

pub(crate) async fn rows() -> Vec<Row> {
    let mut rows = drafts().await;
    rows.extend(requests().await);
    rows.extend(peppers().await);
    rows.extend(stores());
    rows
}

async fn drafts() -> Vec<Row> {
    let store = store();
    let keys = manager(1, &store);
    let create = async |draft| refused(keys.create(draft).await);
    vec![
        row(
            "an API key without a subject",
            create(NewApiKey::new("").expires_in(DAY)).await,
            [
                "`subject`: expected a text",
                "found an empty one",
                "name the caller",
            ],
        ),
        row(
            "an API key with a scope that has a space",
            create(NewApiKey::new("robot").expires_in(DAY).scopes(["a b"])).await,
            [
                "expected entries without spaces",
                "found a space at character 2 in entry 1",
                "remove it",
            ],
        ),
        row(
            "an API key that lasts for ever by its lifetime",
            create(NewApiKey::new("robot").expires_in(Duration::MAX)).await,
            [
                "`expires_in`: expected between",
                "found 18446744073709551615 seconds",
                "use `never_expires`",
            ],
        ),
        row(
            "a prefix of API keys with a space",
            refused(ApiKeyFormat::new("acme live")),
            [
                "expected ASCII letters",
                "found `acme live`",
                "remove the other characters",
            ],
        ),
        row(
            "a pepper of eight bytes",
            refused(PepperSet::new(
                1,
                &SecretSource::from_fn("pepper", || {
                    Ok::<_, std::io::Error>(Secret::new(vec![1; 8]))
                }),
            )),
            [
                "expected at least 32 bytes",
                "found 8",
                "use 32 random bytes",
            ],
        ),
    ]
}

async fn requests() -> Vec<Row> {
    let store = store();
    let keys = manager(1, &store);
    let gate = gate(1, &store);
    let sent = |key: &str| {
        let request = Request::get("/").header("authorization", format!("Bearer {key}"));
        refusal(&gate, &request.body(()).unwrap())
    };
    let issue = async |draft: NewApiKey| {
        let issued = keys.create(draft).await.unwrap();
        (issued.secret.reveal(), issued.record.id())
    };
    let (good, _) = issue(NewApiKey::new("robot").expires_in(DAY)).await;
    let elsewhere = manager(1, &self::store());
    let deleted = elsewhere
        .create(NewApiKey::new("robot").expires_in(DAY))
        .await;
    let deleted = deleted.unwrap().secret.reveal();
    let (disabled, id) = issue(NewApiKey::new("robot").expires_in(DAY)).await;
    keys.revoke(id, "leaked").await.unwrap();
    let (bound, _) = issue(
        NewApiKey::new("robot")
            .expires_in(DAY)
            .addresses(["10.0.0.0/8".parse().unwrap()]),
    )
    .await;
    // The id of a key is random.
    let id = deleted.split('_').nth(2).unwrap();
    let named = |text: String| text.replace(id, "0123456789abcdef");
    let cut: String = good.chars().take(good.len() - 1).collect();
    let later = gate_at(UnixTime::from_secs(NOW.as_secs() + 90_000), 1, &store);
    let request = Request::get("/").header("authorization", format!("Bearer {good}"));
    let expired = refusal(&later, &request.body(()).unwrap());
    vec![
        row(
            "an API key that is expired",
            expired,
            ["expected", "found", "hint:"],
        ),
        row(
            "an API key that was cut off",
            sent(&cut),
            ["expected", "found", "hint:"],
        ),
        row(
            "an API key of another environment",
            named(sent(&deleted)),
            ["expected", "found", "hint:"],
        ),
        row(
            "an API key that is disabled",
            sent(&disabled),
            ["expected", "found", "hint:"],
        ),
        row(
            "an API key from an address that is not known",
            sent(&bound),
            ["expected", "found", "hint:"],
        ),
    ]
}

async fn peppers() -> Vec<Row> {
    let store = store();
    manager(1, &store)
        .create(NewApiKey::new("robot").expires_in(DAY))
        .await
        .unwrap();
    gate(1, &store).warm_up().await.unwrap();
    let swapped = gate(2, &store);
    vec![
        row(
            "`warm_up` with a pepper that was swapped under its version",
            refused(swapped.warm_up().await),
            [
                "expected under version 1",
                "found another one",
                "give version 1 its former bytes",
            ],
        ),
        row(
            "the doctor's view of a pepper that was swapped under its version",
            worst(&swapped.doctor().await),
            ["version 1", "another", "hint:"],
        ),
    ]
}

fn stores() -> Vec<Row> {
    let folder = env::temp_dir().join(format!("bearergate-messages-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let other = folder.join("notes.txt");
    fs::write(&other, "these are notes, no database").unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    let named = |text: String| text.replace(&folder.display().to_string(), "/srv/orders");
    let rows = vec![
        row(
            "a SQLite path that is a folder",
            named(refused(SqliteStore::open(&folder))),
            [
                "expected a file",
                "found a folder",
                "add the name of a file",
            ],
        ),
        row(
            "a SQLite path in a folder that does not exist",
            named(refused(SqliteStore::open(folder.join("data/keys.db")))),
            [
                "expected its folder to exist",
                "found none",
                "create `/srv/orders/data`",
            ],
        ),
        row(
            "a SQLite path of a file of another kind",
            named(refused(SqliteStore::open(&other))),
            [
                "expected a SQLite database",
                "found another content",
                "give the path of a new file",
            ],
        ),
        row(
            "an empty SQLite path",
            refused(SqliteStore::open("")),
            ["`path`", "empty", "give"],
        ),
    ];
    fs::remove_dir_all(&folder).unwrap();
    rows
}
