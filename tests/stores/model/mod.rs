//! Random lives of keys, sessions and refresh tokens, held against a naive model, on every store.

mod grants;
mod keys;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bearergate::api_key::ApiKeyStore;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::session::SessionCookie;
use bearergate::stores::{
    CachedApiKeyStore, CachedSessionStore, MemoryApiKeyStore, MemoryGrantStore, ReadCache,
    SqliteStore,
};
use bearergate::{ApiKeyValidator, RejectionKind, TokenValidator};
use proptest::test_runner::Config;

use crate::common::Folder;
use crate::common::NOW;
use crate::common::Service;
use crate::common::Stores;
use crate::common::ring;
use crate::common::wait;

/// A kind of store.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Cached,
    CachedFile,
    File,
    Memory,
}

/// How many lives to try.
fn cases(number: u32) -> Config {
    Config {
        cases: number,
        // A failure is to be made into a test of its own.
        failure_persistence: None,
        ..Config::default()
    }
}

/// A service on some store, which can be stopped and started again.
struct World {
    clock: FakeClock,
    service: Service,
    // What the service works on, perhaps through a cache.
    stores: Stores,
    keys: Arc<dyn ApiKeyStore>,
    file: Option<(Folder, PathBuf)>,
    kind: Kind,
}

impl World {
    fn new(kind: Kind) -> Self {
        let clock = FakeClock::at(NOW);
        let file = matches!(kind, Kind::File | Kind::CachedFile).then(|| {
            let folder = Folder::new();
            let path = folder.path("a.db");
            (folder, path)
        });
        let stores = match &file {
            Some((_, path)) => opened(path),
            None => in_memory(),
        };
        let (service, keys) = start(kind, &clock, &stores);
        Self {
            clock,
            service,
            stores,
            keys,
            file,
            kind,
        }
    }

    /// Stops everything and starts it again, on what the store kept.
    fn restart(&mut self) {
        if let Some((_, path)) = &self.file {
            self.stores = opened(path);
        }
        (self.service, self.keys) = start(self.kind, &self.clock, &self.stores);
    }

    fn now(&self) -> u64 {
        bearergate::clock::Clock::now(&self.clock)
            .unwrap()
            .as_secs()
    }

    fn judge_key(&self, key: &str) -> Result<(), RejectionKind> {
        let store = self.keys.clone();
        self.judge(
            &ApiKeyValidator::builder(ring(), store).build().unwrap(),
            key,
        )
    }

    fn judge_session(&self, id: &str) -> Result<(), RejectionKind> {
        let cookie = SessionCookie::new("__Host-session").unwrap();
        self.judge(&self.service.sessions.validator(&cookie), id)
    }

    fn judge(&self, judge: &dyn TokenValidator, credential: &str) -> Result<(), RejectionKind> {
        let now = UnixTime::from_secs(self.now());
        let presented = PresentedCredential::bearer(credential).unwrap().at(now);
        let verdict = wait(judge.validate(&presented));
        verdict.map(drop).map_err(|rejection| rejection.kind())
    }
}

fn start(kind: Kind, clock: &FakeClock, stores: &Stores) -> (Service, Arc<dyn ApiKeyStore>) {
    let (mut keys, mut sessions, tokens) = stores.clone();
    if matches!(kind, Kind::Cached | Kind::CachedFile) {
        let cache = || ReadCache::new().clock(clock.clone());
        keys = Arc::new(CachedApiKeyStore::new(keys, cache()).unwrap());
        sessions = Arc::new(CachedSessionStore::new(sessions, cache()).unwrap());
    }
    let service = Service::by(clock, (keys.clone(), sessions, tokens));
    (service, keys)
}

fn opened(path: &Path) -> Stores {
    let store = Arc::new(SqliteStore::open(path).unwrap());
    (store.clone(), store.clone(), store)
}

fn in_memory() -> Stores {
    let grants = Arc::new(MemoryGrantStore::new(10_000));
    let keys = Arc::new(MemoryApiKeyStore::new(10_000).unwrap());
    (keys, grants.clone(), grants)
}

const fn span(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
