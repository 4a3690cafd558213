//! The whole life of an API key on a SQLite file: made, used, mistyped, rotated, digested anew
//! under another pepper, revoked, purged; and a key that another system issued before.
//!
//! ```text
//! cargo run --features sqlite --example api_keys
//! ```
//!
//! Time is moved by hand. It ends with success only if every request got the verdict that it
//! should, and if no key is found in the file.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bearergate::api_key::store::ApiKeyFilter;
use bearergate::api_key::{
    ApiKeyFormat, ApiKeyId, ApiKeyManager, ApiKeyScheme, LegacyFormat, NewApiKey, PepperSet,
};
use bearergate::clock::{Clock, FakeClock, UnixTime};
use bearergate::http_response::Refusal;
use bearergate::secret_source::SecretSource;
use bearergate::stores::SqliteStore;
use bearergate::{ApiKeyValidator, Gate, RejectionKind, require_scope};
use http::Request;
use ring::digest;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;

type Outcome<T> = Result<T, Box<dyn Error>>;

const DAY: Duration = Duration::from_secs(86_400);

/// What another system issued, and of which only the SHA-256 digest was kept.
const FOREIGN: &str = "legacy-7f3a9c51e0d24b86";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<ExitCode> {
    let folder = env::temp_dir().join(format!("bearergate-api-keys-{}", process::id()));
    fs::create_dir(&folder)?;
    let mut transcript = Transcript::default();
    let lived = live(&folder, &mut transcript).await;
    fs::remove_dir_all(&folder)?;
    lived?;
    Ok(if transcript.surprises == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn live(folder: &Path, transcript: &mut Transcript) -> Outcome<()> {
    for version in [1, 2] {
        fs::write(pepper(folder, version), random()?)?;
    }
    let clock = FakeClock::at(UnixTime::from_secs(1_800_000_000));
    let service = Service::open(folder, &[1], &clock)?;
    let key = make(&service, transcript).await?;
    mistake(&service, &key, transcript).await?;
    let successor = rotate(&service, &key, transcript).await?;
    // As if the process had ended and another one began.
    drop(service);
    let service = Service::open(folder, &[2, 1], &clock)?;
    digest_anew(&service, &successor, transcript).await?;
    import(&service, transcript).await?;
    revoke(&service, &successor, transcript).await?;
    purge(&service, &key, transcript).await?;
    drop(service);
    search(folder, &[key, successor], transcript)
}

/// What a service needs: keys to manage, and a gate that judges them.
struct Service {
    keys: ApiKeyManager,
    gate: Gate,
    clock: FakeClock,
}

impl Service {
    /// Opens the file, with the first of these peppers as the current one.
    fn open(folder: &Path, peppers: &[u32], clock: &FakeClock) -> Outcome<Self> {
        let ring = ring(folder, peppers)?;
        let store = Arc::new(SqliteStore::open(folder.join("credentials.db"))?);
        let judge = ApiKeyValidator::builder(ring.clone(), store.clone()).build()?;
        let gate = Gate::builder()
            .validator(judge)
            .authorizer(require_scope("orders:read"))
            .clock(clock.clone())
            .build()?;
        Ok(Self {
            keys: ApiKeyManager::builder(ring, store)
                .clock(clock.clone())
                .build()?,
            gate,
            clock: clock.clone(),
        })
    }

    fn now(&self) -> Outcome<UnixTime> {
        Ok(self.clock.now().ok_or("the clock stands still")?)
    }
}

fn ring(folder: &Path, peppers: &[u32]) -> Outcome<ApiKeyScheme> {
    let source = |version| SecretSource::file(pepper(folder, version));
    let (current, older) = peppers.split_first().ok_or("no pepper")?;
    let mut set = PepperSet::new(*current, &source(*current))?;
    for version in older {
        set = set.with_older(*version, &source(*version))?;
    }
    let ring = ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme_live")?, set)?;
    Ok(ring.with_legacy(LegacyFormat::new(20)?.with_imported_sha256()))
}

fn pepper(folder: &Path, version: u32) -> PathBuf {
    folder.join(format!("pepper-{version}"))
}

fn random() -> Outcome<[u8; 32]> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| "no random numbers")?;
    Ok(bytes)
}

async fn make(service: &Service, transcript: &mut Transcript) -> Outcome<String> {
    transcript.chapter("A key is made for 90 days and shown once")?;
    let draft = NewApiKey::new("robot-7")
        .expires_in(90 * DAY)
        .tenant("acme")
        .scopes(["orders:read"])
        .name("nightly export");
    let issued = service.keys.create(draft).await?;
    let key = issued.secret.reveal();
    transcript.note(&format!("its id: {}", issued.record.id()))?;
    transcript.ask(service, "in x-api-key", &key, None).await?;
    transcript
        .ask_bearer(service, "as a bearer", &key, None)
        .await?;
    Ok(key)
}

async fn mistake(service: &Service, key: &str, transcript: &mut Transcript) -> Outcome<()> {
    transcript.chapter("What is not quite the key")?;
    let typo = key.replacen("_live_", "_1ive_", 1);
    let unknown = Some(RejectionKind::ApiKeyUnknown);
    let malformed = Some(RejectionKind::ApiKeyMalformed);
    let half = key.rsplit_once('_').map_or("", |(half, _)| half);
    let swapped = swapped(service, key).await?;
    // Without its prefix it is no key of ours, so it is looked up as a foreign one.
    transcript
        .ask(service, "mistyped prefix", &typo, unknown)
        .await?;
    transcript
        .ask(service, "without its secret", half, malformed)
        .await?;
    transcript
        .ask(service, "mistyped secret", &mistyped(key), malformed)
        .await?;
    transcript
        .ask(service, "id of one, secret of another", &swapped, malformed)
        .await?;
    let writer = NewApiKey::new("robot-8")
        .expires_in(DAY)
        .scopes(["orders:write"]);
    let writer = service.keys.create(writer).await?.secret.reveal();
    let scope = Some(RejectionKind::ScopeInsufficient);
    transcript
        .ask(service, "a key without the scope", &writer, scope)
        .await
}

fn mistyped(key: &str) -> String {
    let other = if key.ends_with('0') { '1' } else { '0' };
    let mut text = key.to_owned();
    text.pop();
    text.push(other);
    text
}

async fn swapped(service: &Service, key: &str) -> Outcome<String> {
    let other = NewApiKey::new("robot-9").expires_in(DAY);
    let other = service.keys.create(other).await?.secret.reveal();
    let (front, _) = key.rsplit_once('_').ok_or("a key has parts")?;
    let (_, secret) = other.rsplit_once('_').ok_or("a key has parts")?;
    Ok(format!("{front}_{secret}"))
}

async fn rotate(service: &Service, key: &str, transcript: &mut Transcript) -> Outcome<String> {
    transcript.chapter("80 days later it is due, and rotated with a day of overlap")?;
    service.clock.advance(80 * DAY);
    let soon = service.now()?.saturating_add(14 * DAY);
    let due = service
        .keys
        .list(ApiKeyFilter::ExpiresBy(soon), None)
        .await?;
    let id = id(key)?;
    let is_due = due.iter().any(|record| record.id() == id);
    transcript.expect("the key is listed as due", is_due)?;
    let rotated = service.keys.rotate(id, DAY).await?;
    let successor = rotated.secret.reveal();
    transcript.ask(service, "the old key", key, None).await?;
    transcript
        .ask(service, "its successor", &successor, None)
        .await?;
    service.clock.advance(DAY);
    let expired = Some(RejectionKind::ApiKeyExpired);
    transcript
        .ask(service, "the old key, a day later", key, expired)
        .await?;
    transcript
        .ask(service, "its successor", &successor, None)
        .await?;
    Ok(successor)
}

async fn digest_anew(service: &Service, key: &str, transcript: &mut Transcript) -> Outcome<()> {
    transcript.chapter("The service starts again, with a new pepper beside the old one")?;
    let before = version(service, id(key)?).await?;
    transcript.ask(service, "the successor", key, None).await?;
    let after = version(service, id(key)?).await?;
    transcript.note(&format!("pepper of its digest: {before}, then {after}"))?;
    transcript.expect("it was digested anew", (before, after) == (1, 2))
}

async fn version(service: &Service, id: ApiKeyId) -> Outcome<u32> {
    let record = service.keys.find(id).await?.ok_or("the key is gone")?;
    Ok(record.digest().pepper_version())
}

async fn import(service: &Service, transcript: &mut Transcript) -> Outcome<()> {
    transcript.chapter("A key that another system issued is taken over by its SHA-256 digest")?;
    let unknown = Some(RejectionKind::ApiKeyUnknown);
    transcript.ask(service, "before", FOREIGN, unknown).await?;
    let hash = digest::digest(&digest::SHA256, FOREIGN.as_bytes());
    let draft = NewApiKey::new("robot-3")
        .expires_in(90 * DAY)
        .scopes(["orders:read"]);
    let imported = service
        .keys
        .import_sha256(draft, hash.as_ref().try_into()?)
        .await?;
    transcript.ask(service, "after", FOREIGN, None).await?;
    let after = version(service, imported.id()).await?;
    transcript.expect("its digest has a pepper now", after == 2)?;
    transcript.ask(service, "once more", FOREIGN, None).await
}

async fn revoke(service: &Service, key: &str, transcript: &mut Transcript) -> Outcome<()> {
    transcript.chapter("The successor leaks and is revoked")?;
    service
        .keys
        .revoke(id(key)?, "found in a public repository")
        .await?;
    let disabled = Some(RejectionKind::ApiKeyDisabled);
    transcript
        .ask(service, "the successor", key, disabled)
        .await?;
    let filter = ApiKeyFilter::Subject("robot-7".to_owned());
    for record in service.keys.list(filter, None).await? {
        let why = record
            .disabled()
            .map_or("expired", |disabled| &disabled.reason);
        transcript.note(&format!("{} of robot-7: {why}", record.id()))?;
    }
    Ok(())
}

async fn purge(service: &Service, old: &str, transcript: &mut Transcript) -> Outcome<()> {
    transcript.chapter("A month later what has ended is forgotten")?;
    service.clock.advance(30 * DAY);
    let purged = service.keys.purge(service.now()?).await?;
    transcript.note(&format!("{purged} keys"))?;
    let unknown = Some(RejectionKind::ApiKeyUnknown);
    transcript
        .ask(service, "the first key", old, unknown)
        .await?;
    transcript
        .ask(service, "the imported key", FOREIGN, None)
        .await
}

fn search(folder: &Path, keys: &[String], transcript: &mut Transcript) -> Outcome<()> {
    transcript.chapter("The file holds no key")?;
    let mut is_clean = true;
    for entry in fs::read_dir(folder)? {
        let bytes = match fs::read(entry?.path()) {
            // SQLite removes its journal when the last handle closes.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let mut secrets = keys.iter().filter_map(|key| key.rsplit('_').next());
        is_clean &= !secrets.any(holds) && !holds(FOREIGN);
    }
    transcript.expect("nothing was found", is_clean)
}

fn id(key: &str) -> Outcome<ApiKeyId> {
    Ok(ApiKeyFormat::new("acme_live")?.key_id(key)?)
}

/// What is printed, and how often it was not what it should have been.
#[derive(Default)]
struct Transcript {
    chapters: usize,
    surprises: usize,
}

impl Transcript {
    fn chapter(&mut self, title: &str) -> Outcome<()> {
        self.chapters += 1;
        Ok(writeln!(io::stdout(), "{}. {title}", self.chapters)?)
    }

    fn note(&self, text: &str) -> Outcome<()> {
        Ok(writeln!(io::stdout(), "   {text}")?)
    }

    fn expect(&mut self, what: &str, is_so: bool) -> Outcome<()> {
        self.surprises += usize::from(!is_so);
        self.note(&format!("{what}: {}", if is_so { "yes" } else { "NO" }))
    }

    /// Sends a request with this key in its own header.
    async fn ask(
        &mut self,
        service: &Service,
        what: &str,
        key: &str,
        wanted: Option<RejectionKind>,
    ) -> Outcome<()> {
        let request = Request::get("/orders").header("x-api-key", key).body(())?;
        self.answer(service, what, (request, wanted)).await
    }

    async fn ask_bearer(
        &mut self,
        service: &Service,
        what: &str,
        key: &str,
        wanted: Option<RejectionKind>,
    ) -> Outcome<()> {
        let request = Request::get("/orders");
        let request = request.header("authorization", format!("Bearer {key}"));
        self.answer(service, what, (request.body(())?, wanted))
            .await
    }

    async fn answer(
        &mut self,
        service: &Service,
        what: &str,
        (request, wanted): (Request<()>, Option<RejectionKind>),
    ) -> Outcome<()> {
        let refusal = service.gate.check(&request).await.err();
        let kind = refusal.as_ref().map(Refusal::kind);
        let status = refusal.map_or(200, |refusal| refusal.status().as_u16());
        let (verdict, shown) = match kind {
            Some(kind) => ("reject", kind.as_str()),
            None => ("accept", "-"),
        };
        self.note(&format!("{what:30} {verdict}  {shown:20} {status}"))?;
        if kind != wanted {
            self.surprises += 1;
            let wanted = wanted.map_or("accept", RejectionKind::as_str);
            self.note(&format!("{:30} expected: {wanted}", ""))?;
        }
        Ok(())
    }
}
