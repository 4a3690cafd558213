//! Opening the file: whose it is, who may read it, how it is written.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use super::SqliteStore;
use super::schema;
use super::schema::Misfit;
use super::transaction::Probe;
use super::transaction::Writer;
use super::worker_pool::WorkerPool;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::limits;

/// How to open a [`SqliteStore`]: made by [`SqliteStore::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// use bearergate::stores::SqliteStore;
///
/// let store = SqliteStore::builder("credentials.db")
///     .readers(8)
///     .busy_timeout(Duration::from_secs(2))
///     .open()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is opened until `open` is called"]
pub struct SqliteStoreBuilder {
    path: PathBuf,
    readers: usize,
    queue: usize,
    busy: Duration,
    probe: Probe,
}

impl SqliteStoreBuilder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            readers: limits::SQLITE_READERS,
            queue: limits::SQLITE_QUEUE,
            busy: limits::SQLITE_BUSY,
            probe: Probe::default(),
        }
    }

    /// Sets how many threads read: 1 to [`limits::SQLITE_READERS_MAX`]. One more writes.
    pub fn readers(mut self, threads: usize) -> Self {
        self.readers = threads;
        self
    }

    /// Sets how many calls may wait for the readers, and how many for the writer: 1 to
    /// [`limits::SQLITE_QUEUE_MAX`]. The next one is answered `unavailable` at once.
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// Sets how long one call waits for other processes' locks on the file: at most
    /// [`limits::SQLITE_BUSY_MAX`].
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy = timeout;
        self
    }

    /// Has `hook` called on the writing thread before each writing statement of a change and
    /// before its commit, with the number of statements done before it.
    ///
    /// An error that it returns fails the change; while it blocks, the change stands half done.
    /// So a test can kill a process between any two statements, or have any of them fail.
    #[cfg(feature = "testing")]
    #[cfg_attr(bearergate_docsrs, doc(cfg(feature = "testing")))]
    pub fn before_each_write<F>(mut self, hook: F) -> Self
    where
        F: Fn(usize) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        self.probe = Probe::new(hook);
        self
    }

    /// Opens the file, or makes a new one that only its owner may read and write.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if a number is out of range, if the file cannot be opened, holds
    /// something else, was written by a newer version of this crate, or (on Unix) may be read or
    /// written by everybody. Such a file is left as it is.
    pub fn open(self) -> Result<SqliteStore, ConfigError> {
        self.check()?;
        let path = located(&self.path)?;
        prepare(&path).map_err(|error| unusable(&path, error))?;
        let conn = patiently(self.busy, || first(&path, self.busy));
        let store = conn.and_then(|conn| self.connect(&path, conn));
        store.map_err(|misfit| unusable(&path, misfit))
    }

    fn check(&self) -> Result<(), ConfigError> {
        within("readers", self.readers, limits::SQLITE_READERS_MAX)?;
        within("queue", self.queue, limits::SQLITE_QUEUE_MAX)?;
        if self.busy > limits::SQLITE_BUSY_MAX {
            let range = ..=limits::SQLITE_BUSY_MAX;
            return Err(ConfigError::out_of_range("busy_timeout", self.busy, range));
        }
        Ok(())
    }

    fn connect(self, path: &Path, conn: Connection) -> Result<SqliteStore, Misfit> {
        let readers = (0..self.readers)
            .map(|_| patiently(self.busy, || reader(path, self.busy)))
            .collect::<Result<Vec<_>, _>>()?;
        let writer = Writer {
            durable: conn,
            hasty: patiently(self.busy, || hasty(path, self.busy))?,
            probe: self.probe,
        };
        Ok(SqliteStore::new(
            WorkerPool::start("sqlite-read", readers, self.queue)?,
            WorkerPool::start("sqlite-write", [writer], self.queue)?,
        ))
    }
}

fn within(field: &'static str, number: usize, most: usize) -> Result<(), ConfigError> {
    if (1..=most).contains(&number) {
        return Ok(());
    }
    Err(ConfigError::out_of_range(field, number, 1..=most))
}

/// The path from the root, so that SQLite takes none for a URI or a name of its own.
fn located(path: &Path) -> Result<PathBuf, ConfigError> {
    if path.as_os_str() == ":memory:" {
        let detail = "expected a file, found `:memory:`, which several threads cannot share; give \
                      a file, or use the stores in memory";
        return Err(ConfigError::malformed("path", detail));
    }
    std::path::absolute(path).map_err(|error| unusable(path, error))
}

/// Makes a missing file with rights for its owner alone, and refuses one that is open to all.
///
/// SQLite gives the files beside it (`-wal`, `-shm`) the rights of the file itself.
fn prepare(path: &Path) -> io::Result<()> {
    let mut new = fs::OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => guarded(path),
        made => made.map(|_| ()),
    }
}

#[cfg(unix)]
fn guarded(path: &Path) -> io::Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions());
    if mode & 0o007 != 0 {
        let detail = "everybody may read or write it; take these rights away (`chmod o=`)";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, detail));
    }
    Ok(())
}

#[cfg(not(unix))]
fn guarded(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens what another process may be about to open too: SQLite does not wait for every lock that
/// the change to its write-ahead log takes.
fn patiently<T>(most: Duration, mut open: impl FnMut() -> Result<T, Misfit>) -> Result<T, Misfit> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(misfit) if misfit.is_busy() && begun.elapsed() < most => thread::sleep(PAUSE),
            opened => return opened,
        }
    }
}

const PAUSE: Duration = Duration::from_millis(5);

/// The connection that makes the file ready, and then writes.
fn first(path: &Path, busy: Duration) -> Result<Connection, Misfit> {
    let mut conn = connection(path, busy)?;
    schema::inspect(&mut conn)?;
    make_durable(&conn)?;
    schema::migrate(&mut conn)?;
    Ok(conn)
}

fn reader(path: &Path, busy: Duration) -> Result<Connection, Misfit> {
    let conn = connection(path, busy)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn hasty(path: &Path, busy: Duration) -> Result<Connection, Misfit> {
    let conn = connection(path, busy)?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(conn)
}

fn connection(path: &Path, busy: Duration) -> rusqlite::Result<Connection> {
    // The file is there; each connection stays with one thread.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(busy)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // What was answered as done must outlive a loss of power: a revocation above all.
    conn.pragma_update(None, "synchronous", "FULL")?;
    Ok(conn)
}

/// More than this door has statements.
const STATEMENTS: usize = 128;

/// Readers do not wait for a writer, nor it for them.
fn make_durable(conn: &Connection) -> Result<(), Misfit> {
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Misfit::NoWal(mode));
    }
    Ok(())
}

fn unusable(path: &Path, reason: impl std::error::Error + Send + Sync + 'static) -> ConfigError {
    let detail = format!(
        "`{}` cannot be opened as a store: {reason}; give a new path, or a store of this crate",
        path.display()
    );
    ConfigError::new(ConfigErrorKind::StoreUnusable, "path", detail).with_source(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_wait_for_the_disk_and_uses_do_not() {
        let name = format!("bearergate-open-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        prepare(&path).unwrap();
        let waits = |conn: Connection| {
            let synchronous = |row: &rusqlite::Row<'_>| row.get::<_, i32>(0);
            conn.pragma_query_value(None, "synchronous", synchronous)
        };
        let (full, normal) = (2, 1);
        let busy = limits::SQLITE_BUSY;
        assert_eq!(waits(first(&path, busy).unwrap()), Ok(full));
        assert_eq!(waits(hasty(&path, busy).unwrap()), Ok(normal));
        let reader = reader(&path, busy).unwrap();
        assert!(reader.execute("DELETE FROM mark", []).is_err());
        drop(reader);
        fs::remove_file(&path).unwrap();
    }
}
