//! The life of an API key in a SQLite file: created, used, mistyped, rotated, digested with a new
//! pepper, revoked and purged; and the import of a key that another system issued.
//!
//! ```text
//! cargo run --features sqlite --example api_keys
//! ```
//!
//! A fake clock is moved from step to step. The exit code is 0 only if every request has the
//! expected result and the files hold no key.

#[path = "../common/report.rs"]
mod report;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io, process};

use bearergate::api_key::store::ApiKeyFilter;
use bearergate::api_key::{
    ApiKeyFormat, ApiKeyId, ApiKeyManager, ApiKeyScheme, LegacyFormat, NewApiKey, PepperSet,
};
use bearergate::clock::{Clock, FakeClock, UnixTime};
use bearergate::secret_source::SecretSource;
use bearergate::stores::SqliteStore;
use bearergate::{ApiKeyValidator, Gate, require_scope};
use http::Request;
use report::{Report, outcome};
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

type Outcome<T> = Result<T, Box<dyn Error>>;

const DAY: Duration = Duration::from_secs(86_400);
const PREFIX: &str = "acme_live";

/// A key that another system issued. Only its SHA-256 digest is known here.
const LEGACY_KEY: &str = "legacy-7f3a9c51e0d24b86";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<ExitCode> {
    let folder = env::temp_dir().join(format!("bearergate-api-keys-{}", process::id()));
    fs::create_dir(&folder)?;
    let done = run(&folder).await;
    fs::remove_dir_all(&folder)?;
    done
}

async fn run(folder: &Path) -> Outcome<ExitCode> {
    for version in [1, 2] {
        let mut pepper = [0; 32];
        SystemRandom::new().fill(&mut pepper).map_err(|_| "no random numbers")?;
        fs::write(pepper_file(folder, version), pepper)?;
    }
    let mut service = Service::open(folder, &[1], Report::default())?;
    let key = service.create().await?;
    service.mistype(&key).await?;
    let successor = service.rotate(&key).await?;
    // The service restarts with a new pepper. Digests with the old one are still verified.
    let (now, report) = (service.now()?, service.report);
    service = Service::open(folder, &[2, 1], report)?;
    service.clock.set(now);
    service.expect("the successor, after the restart", &successor, "accepted").await?;
    service.expect_pepper_version(id(&successor)?, 2).await?;
    service.import().await?;
    service.revoke_and_purge(&key, &successor).await?;
    let mut report = service.report;
    report.step("keys in the files", keys_in_files(folder, &[&key, &successor])?, 0)?;
    Ok(report.exit_code())
}

struct Service {
    keys: ApiKeyManager,
    gate: Gate,
    clock: FakeClock,
    report: Report,
}

impl Service {
    /// Opens the store. The first pepper is the current one.
    fn open(folder: &Path, versions: &[u32], report: Report) -> Outcome<Self> {
        let clock = FakeClock::at(UnixTime::from_secs(1_800_000_000));
        let source = |version| SecretSource::file(pepper_file(folder, version));
        let (current, older) = versions.split_first().ok_or("no pepper")?;
        let mut peppers = PepperSet::new(*current, &source(*current))?;
        for version in older {
            peppers = peppers.with_older(*version, &source(*version))?;
        }
        let legacy = LegacyFormat::new(20)?.with_imported_sha256();
        let scheme = ApiKeyScheme::new("acme keys", ApiKeyFormat::new(PREFIX)?, peppers)?;
        let scheme = scheme.with_legacy(legacy);
        let store = Arc::new(SqliteStore::open(folder.join("credentials.db"))?);
        let gate = Gate::builder()
            .validator(ApiKeyValidator::builder(scheme.clone(), store.clone()).build()?)
            .authorizer(require_scope("orders:read"))
            .clock(clock.clone())
            .build()?;
        let keys = ApiKeyManager::builder(scheme, store).clock(clock.clone()).build()?;
        Ok(Self { keys, gate, clock, report })
    }

    /// Sends a request with a key.
    async fn expect(&mut self, step: &str, key: &str, expected: &str) -> Outcome<()> {
        let request = Request::get("/orders").header("x-api-key", key).body(())?;
        let checked = self.gate.check(&request).await;
        let checked = checked.map_err(|refusal| refusal.kind());
        Ok(self.report.step(step, outcome(checked), expected)?)
    }

    async fn expect_pepper_version(&mut self, id: ApiKeyId, expected: u32) -> Outcome<()> {
        let record = self.keys.find(id).await?.ok_or("there is no such key")?;
        let version = record.digest().pepper_version();
        Ok(self.report.step("its digest has the pepper of version", version, expected)?)
    }

    async fn create(&mut self) -> Outcome<String> {
        let draft = NewApiKey::new("robot-7").expires_in(90 * DAY).scopes(["orders:read"]);
        let key = self.keys.create(draft).await?.secret.reveal();
        self.expect("a new key", &key, "accepted").await?;
        Ok(key)
    }

    async fn mistype(&mut self, key: &str) -> Outcome<()> {
        // Without the prefix it may be a legacy key, so it is looked up.
        let prefix = key.replacen("_live_", "_1ive_", 1);
        self.expect("a mistyped prefix", &prefix, "api_key_unknown").await?;
        let (half, _) = key.rsplit_once('_').ok_or("a key has parts")?;
        self.expect("a key without its secret", half, "api_key_malformed").await?;
        let (start, last) = key.split_at(key.len() - 1);
        let secret = format!("{start}{}", if last == "0" { '1' } else { '0' });
        self.expect("a mistyped secret", &secret, "api_key_malformed").await
    }

    async fn rotate(&mut self, key: &str) -> Outcome<String> {
        self.clock.advance(80 * DAY);
        let soon = ApiKeyFilter::ExpiresBy(self.now()?.saturating_add(14 * DAY));
        let due = self.keys.list(soon, None).await?.len();
        self.report.step("keys that are due for rotation after 80 days", due, 1)?;
        let successor = self.keys.rotate(id(key)?, DAY).await?.secret.reveal();
        self.expect("the old key, within the overlap", key, "accepted").await?;
        self.expect("its successor", &successor, "accepted").await?;
        self.clock.advance(DAY);
        self.expect("the old key, a day later", key, "api_key_expired").await?;
        Ok(successor)
    }

    async fn import(&mut self) -> Outcome<()> {
        self.expect("a legacy key, before its import", LEGACY_KEY, "api_key_unknown").await?;
        let hash = digest::digest(&digest::SHA256, LEGACY_KEY.as_bytes());
        let draft = NewApiKey::new("robot-3").expires_in(90 * DAY).scopes(["orders:read"]);
        let imported = self.keys.import_sha256(draft, hash.as_ref().try_into()?).await?;
        self.expect("the legacy key, imported", LEGACY_KEY, "accepted").await?;
        self.expect_pepper_version(imported.id(), 2).await
    }

    async fn revoke_and_purge(&mut self, key: &str, successor: &str) -> Outcome<()> {
        self.keys.revoke(id(successor)?, "found in a public repository").await?;
        self.expect("the revoked successor", successor, "api_key_disabled").await?;
        self.clock.advance(30 * DAY);
        self.keys.purge(self.now()?).await?;
        self.expect("the old key, after the purge", key, "api_key_unknown").await?;
        self.expect("the legacy key, after the purge", LEGACY_KEY, "accepted").await
    }

    fn now(&self) -> Outcome<UnixTime> {
        Ok(self.clock.now().ok_or("the clock has no time")?)
    }
}

/// Returns how many of the keys are in a file of the folder, by their secret part.
fn keys_in_files(folder: &Path, keys: &[&str]) -> Outcome<usize> {
    let secrets = keys.iter().filter_map(|key| key.rsplit('_').next()).chain([LEGACY_KEY]);
    let mut found = 0;
    for entry in fs::read_dir(folder)? {
        let bytes = match fs::read(entry?.path()) {
            // SQLite removes its journal when the last handle closes.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        let holds = |secret: &str| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
        found += secrets.clone().filter(|secret| holds(secret)).count();
    }
    Ok(found)
}

fn pepper_file(folder: &Path, version: u32) -> PathBuf {
    folder.join(format!("pepper-{version}"))
}

fn id(key: &str) -> Outcome<ApiKeyId> {
    Ok(ApiKeyFormat::new(PREFIX)?.key_id(key)?)
}
