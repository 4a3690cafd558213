//! The builder of SQLite stores: checks and opens the file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::misfit::Misfit;
use super::schema;
use super::store::SqliteStore;
use super::transaction::{Probe, Writer};
use super::worker_pool::WorkerPool;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;

/// Configures and opens a [`SqliteStore`].
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
#[must_use = "no file is opened before `open` is called"]
pub struct SqliteStoreBuilder {
    path: PathBuf,
    readers: usize,
    queue: usize,
    busy: Duration,
    probe: Probe,
}

impl SqliteStore {
    /// Opens the file at `path`, or creates it, with the default numbers of threads and waiting
    /// calls.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteStoreBuilder::open`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        Self::builder(path).open()
    }

    /// Starts the configuration of a store in the file at `path`. Nothing is opened or checked
    /// before [`SqliteStoreBuilder::open`].
    pub fn builder(path: impl Into<PathBuf>) -> SqliteStoreBuilder {
        SqliteStoreBuilder {
            path: path.into(),
            readers: limits::SQLITE_READERS,
            queue: limits::SQLITE_QUEUE,
            busy: limits::SQLITE_BUSY,
            probe: Probe::default(),
        }
    }
}

impl SqliteStoreBuilder {
    /// Sets the number of reading threads: 1 to [`limits::SQLITE_READERS_MAX`], by default 4. So
    /// many calls can read at the same time; one more thread writes.
    pub fn readers(mut self, threads: usize) -> Self {
        self.readers = threads;
        self
    }

    /// Sets how many calls may wait for the readers, and how many for the writer: 1 to
    /// [`limits::SQLITE_QUEUE_MAX`], by default 1024. One call more is
    /// [`Unavailable`](crate::error::StoreErrorKind::Unavailable) at once.
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// Sets how long one call waits for the locks of other processes: at most
    /// [`limits::SQLITE_BUSY_MAX`], by default 5 seconds. After that it is
    /// [`Unavailable`](crate::error::StoreErrorKind::Unavailable).
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy = timeout;
        self
    }

    /// Calls `hook` on the writing thread before each writing statement of a change and before its
    /// commit, with the number of statements done before.
    ///
    /// An error of the hook fails the change, and while the hook blocks the change is half done.
    /// With this a test can kill a process between any two statements, or let one of them fail.
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

    /// Opens the file, or creates one that only its owner may read and write.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for a number outside its range,
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for the path `:memory:`,
    /// [`Empty`](ConfigErrorKind::Empty) for an empty one;
    /// [`StoreUnusable`](ConfigErrorKind::StoreUnusable) if the path is a folder or its folder is
    /// missing, if the file cannot be read and written, is locked, is no SQLite file or one of
    /// another program, was written by a newer version of this crate, or (on Unix) may be read or
    /// written by all users. Such a file is not changed. The text says which, and what to do.
    pub fn open(self) -> Result<SqliteStore, ConfigError> {
        check_range("readers", self.readers, limits::SQLITE_READERS_MAX)?;
        check_range("queue", self.queue, limits::SQLITE_QUEUE_MAX)?;
        if self.busy > limits::SQLITE_BUSY_MAX {
            let range = ..=limits::SQLITE_BUSY_MAX;
            return Err(ConfigError::out_of_range("busy_timeout", self.busy, range));
        }
        let path = absolute(&self.path)?;
        prepare(&path).map_err(|misfit| unusable(&path, misfit))?;
        let conn = retry_while_busy(self.busy, || first_connection(&path, self.busy));
        let store = conn.and_then(|conn| self.connect(&path, conn));
        store.map_err(|misfit| unusable(&path, misfit))
    }

    fn connect(self, path: &Path, conn: Connection) -> Result<SqliteStore, Misfit> {
        let readers = (0..self.readers)
            .map(|_| retry_while_busy(self.busy, || reading_connection(path, self.busy)))
            .collect::<Result<Vec<_>, _>>()?;
        let writer = Writer {
            durable: conn,
            relaxed: retry_while_busy(self.busy, || relaxed_connection(path, self.busy))?,
            probe: self.probe,
        };
        Ok(SqliteStore::new(
            WorkerPool::start("sqlite-read", readers, self.queue).map_err(Misfit::NoThreads)?,
            WorkerPool::start("sqlite-write", [writer], self.queue).map_err(Misfit::NoThreads)?,
        ))
    }
}

fn check_range(field: &'static str, number: usize, most: usize) -> Result<(), ConfigError> {
    if (1..=most).contains(&number) {
        return Ok(());
    }
    Err(ConfigError::out_of_range(field, number, 1..=most))
}

/// Returns the absolute path, which SQLite cannot mistake for a URI or a special name.
fn absolute(path: &Path) -> Result<PathBuf, ConfigError> {
    if path.as_os_str() == ":memory:" {
        let detail = "expected a file, found `:memory:`, which threads cannot share; give a \
                      file, or use the stores in memory";
        return Err(ConfigError::malformed("path", detail));
    }
    if path.as_os_str().is_empty() {
        let remedy = "give the path of a file, like `credentials.db`";
        return Err(ConfigError::empty("path", remedy));
    }
    std::path::absolute(path).map_err(|error| unusable(path, Misfit::of_file(path, error)))
}

/// Creates a missing file with permissions for its owner only, and rejects a file that all users
/// may read or write. SQLite gives its additional files (`-wal`, `-shm`) the same permissions.
fn prepare(path: &Path) -> Result<(), Misfit> {
    let mut new = fs::OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_file(path),
        // A path that ends with a separator, and on some systems every folder.
        Err(_) if path.is_dir() => Err(Misfit::Folder),
        Err(error) => Err(Misfit::of_file(path, error)),
        Ok(_) => Ok(()),
    }
}

/// Rejects what is there but is no file of one owner. SQLite would create what a link to nothing
/// names, with permissions of its own, and would wait for the other end of a pipe.
fn check_file(path: &Path) -> Result<(), Misfit> {
    let found = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Misfit::DanglingLink,
        _ => Misfit::of_file(path, error),
    })?;
    if found.is_dir() {
        return Err(Misfit::Folder);
    }
    if !found.is_file() {
        return Err(Misfit::Special);
    }
    check_permissions(&found)?;
    // SQLite opens a file that it must not write for reading.
    let opened = fs::OpenOptions::new().read(true).write(true).open(path);
    opened.map(|_| ()).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied if fs::File::open(path).is_ok() => {
            Misfit::ReadOnly(error.into())
        }
        _ => Misfit::of_file(path, error),
    })
}

#[cfg(unix)]
fn check_permissions(found: &fs::Metadata) -> Result<(), Misfit> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions());
    if mode & 0o007 != 0 {
        return Err(Misfit::AllUsers);
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_permissions(_found: &fs::Metadata) -> Result<(), Misfit> {
    Ok(())
}

/// Repeats `open` while another process has the file locked: SQLite does not wait by itself for
/// every lock that the change to a write-ahead log needs.
fn retry_while_busy<T>(
    most: Duration,
    mut open: impl FnMut() -> Result<T, Misfit>,
) -> Result<T, Misfit> {
    let start = Instant::now();
    loop {
        match open() {
            Err(misfit) if misfit.is_busy() && start.elapsed() < most => thread::sleep(PAUSE),
            opened => return opened.map_err(|misfit| misfit.after(most)),
        }
    }
}

const PAUSE: Duration = Duration::from_millis(5);

/// Opens the connection that prepares the file, and writes to it later.
fn first_connection(path: &Path, busy: Duration) -> Result<Connection, Misfit> {
    let mut conn = connection(path, busy)?;
    schema::inspect(&mut conn)?;
    // With a write-ahead log, readers and the writer do not wait for each other.
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Misfit::NoWal(mode));
    }
    schema::migrate(&mut conn)?;
    Ok(conn)
}

fn reading_connection(path: &Path, busy: Duration) -> Result<Connection, Misfit> {
    let conn = connection(path, busy)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn relaxed_connection(path: &Path, busy: Duration) -> Result<Connection, Misfit> {
    let conn = connection(path, busy)?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(conn)
}

fn connection(path: &Path, busy: Duration) -> rusqlite::Result<Connection> {
    // The file exists; each connection is used by one thread.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(busy)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // An answered change must survive a loss of power; above all a revocation.
    conn.pragma_update(None, "synchronous", "FULL")?;
    Ok(conn)
}

/// More than this store has statements.
const STATEMENTS: usize = 128;

fn unusable(path: &Path, misfit: Misfit) -> ConfigError {
    let detail = format!("`{}`: {misfit}", path.display());
    let error = ConfigError::new(ConfigErrorKind::StoreUnusable, "path", detail);
    // The text has that of the misfit already.
    match misfit.into_cause() {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_wait_for_the_disk() {
        let name = format!("bearergate-open-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        prepare(&path).unwrap();
        let waits = |conn: Connection| {
            let synchronous = |row: &rusqlite::Row<'_>| row.get::<_, i32>(0);
            conn.pragma_query_value(None, "synchronous", synchronous)
        };
        let (full, normal) = (2, 1);
        let busy = limits::SQLITE_BUSY;
        assert_eq!(waits(first_connection(&path, busy).unwrap()), Ok(full));
        assert_eq!(waits(relaxed_connection(&path, busy).unwrap()), Ok(normal));
        let reader = reading_connection(&path, busy).unwrap();
        assert!(reader.execute("DELETE FROM mark", []).is_err());
        drop(reader);
        fs::remove_file(&path).unwrap();
    }
}
