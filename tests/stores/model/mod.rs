//! Random sequences of changes to keys, sessions and refresh tokens on every store, compared with a
//! simple model.

mod grants;
mod keys;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bearergate::api_key::ApiKeyStore;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::session::SessionCookie;
use bearergate::stores::{Cached, MemoryApiKeyStore, MemoryGrantStore, SqliteStore};
use bearergate::{ApiKeyValidator, RejectionKind, TokenValidator};
use proptest::test_runner::Config;

use crate::common::{Folder, NOW, Service, Stores, scheme, wait};

/// A kind of store.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Cached,
    CachedFile,
    File,
    Memory,
}

/// How many sequences to try.
fn cases(number: u32) -> Config {
    Config {
        cases: number,
        // Write a separate test for each failure instead.
        failure_persistence: None,
        ..Config::default()
    }
}

/// A service on one kind of store, which can be stopped and started again.
struct World {
    clock: FakeClock,
    service: Service,
    // The stores of the service, without the cache.
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

    /// Stops everything and starts it again with what the store kept.
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

    fn validate_key(&self, key: &str) -> Result<(), RejectionKind> {
        let store = self.keys.clone();
        self.validate(
            &ApiKeyValidator::builder(scheme(), store).build().unwrap(),
            key,
        )
    }

    fn validate_session(&self, id: &str) -> Result<(), RejectionKind> {
        let cookie = SessionCookie::new("__Host-session").unwrap();
        self.validate(&self.service.sessions.validator(&cookie), id)
    }

    fn validate(
        &self,
        validator: &dyn TokenValidator,
        credential: &str,
    ) -> Result<(), RejectionKind> {
        let now = UnixTime::from_secs(self.now());
        let presented = PresentedCredential::bearer(credential).unwrap().at(now);
        let result = wait(validator.validate(&presented));
        result.map(drop).map_err(|rejection| rejection.kind())
    }
}

fn start(kind: Kind, clock: &FakeClock, stores: &Stores) -> (Service, Arc<dyn ApiKeyStore>) {
    let (mut keys, mut sessions, tokens) = stores.clone();
    if matches!(kind, Kind::Cached | Kind::CachedFile) {
        keys = Arc::new(Cached::builder(keys).clock(clock.clone()).build().unwrap());
        sessions = Arc::new(
            Cached::builder(sessions)
                .clock(clock.clone())
                .build()
                .unwrap(),
        );
    }
    let service = Service::with_clock(clock, (keys.clone(), sessions, tokens));
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
