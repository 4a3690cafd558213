//! Shared helpers.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;
use std::{fs, process, thread};

use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, ApiKeyStore, PepperSet};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::refresh::{RefreshManager, RefreshTokenStore};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::session::{SessionManager, SessionStore};

/// Waits for a future on this thread, without a runtime.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// A new folder, removed when dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("stores-{}-{number}", process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that remains is in the build's own folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The time at which the tests begin.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// The managers of one service, on one clock.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) keys: ApiKeyManager,
    pub(crate) sessions: SessionManager,
    pub(crate) refresh: RefreshManager,
    pub(crate) patient: RefreshManager,
}

impl Service {
    pub(crate) fn on<S>(store: Arc<S>) -> Self
    where
        S: ApiKeyStore + SessionStore + RefreshTokenStore + 'static,
    {
        Self::of(store.clone(), store.clone(), store)
    }

    pub(crate) fn of(
        keys: Arc<dyn ApiKeyStore>,
        sessions: Arc<dyn SessionStore>,
        refresh: Arc<dyn RefreshTokenStore>,
    ) -> Self {
        Self::with_clock(&FakeClock::at(NOW), (keys, sessions, refresh))
    }

    pub(crate) fn with_clock(clock: &FakeClock, stores: Stores) -> Self {
        let (keys, sessions, refresh) = stores;
        let (lifetime, idle) = (
            Duration::from_secs(GRANT_LIFETIME),
            Duration::from_secs(GRANT_IDLE),
        );
        let tokens = || {
            let tokens = RefreshManager::builder(refresh.clone(), NAME).clock(clock.clone());
            tokens.lifetime(lifetime).idle(idle)
        };
        let sessions = SessionManager::builder(sessions, NAME).clock(clock.clone());
        let sessions = sessions.lifetime(lifetime).idle(idle);
        Self {
            keys: ApiKeyManager::builder(scheme(), keys)
                .clock(clock.clone())
                .build()
                .unwrap(),
            sessions: sessions.build().unwrap(),
            refresh: tokens().build().unwrap(),
            patient: tokens()
                .reuse_window(Duration::from_secs(60))
                .build()
                .unwrap(),
        }
    }
}

/// A store of each kind; one store may be all of them.
pub(crate) type Stores = (
    Arc<dyn ApiKeyStore>,
    Arc<dyn SessionStore>,
    Arc<dyn RefreshTokenStore>,
);

/// How long sessions and families last, in seconds.
pub(crate) const GRANT_LIFETIME: u64 = 400;

/// How long they last unused, in seconds.
pub(crate) const GRANT_IDLE: u64 = 100;

/// The name of the service.
pub(crate) const NAME: &str = "the service";

/// The client that refresh tokens are for.
pub(crate) const CLIENT: &str = "mobile app";

/// The scheme of the API keys, the same in every process.
pub(crate) fn scheme() -> ApiKeyScheme {
    let pepper = || Ok::<_, std::io::Error>(Secret::new(vec![7; 32]));
    let source = SecretSource::from_fn("test pepper", pepper);
    let peppers = PepperSet::new(1, &source).unwrap();
    ApiKeyScheme::new(NAME, ApiKeyFormat::new("acme_test").unwrap(), peppers).unwrap()
}

/// Returns the content of all tables of a file.
pub(crate) fn dump(path: &Path) -> String {
    let conn = rusqlite::Connection::open(path).unwrap();
    let check: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = conn.prepare(tables).unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    names.map(|name| rows(&conn, &name.unwrap())).collect()
}

fn rows(conn: &rusqlite::Connection, table: &str) -> String {
    let mut all = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = all.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let values = (0..columns).map(|at| format!("{:?}", row.get_ref_unwrap(at)));
        Ok(values.collect::<Vec<_>>().join("|"))
    };
    let mut rows: Vec<String> = all
        .query_map([], row)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    rows.sort();
    format!("{table}: {rows:#?}\n")
}
