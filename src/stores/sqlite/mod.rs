//! A durable store in one SQLite file.

mod api_key;
mod column;
mod error;
mod grant;
mod last_used;
mod oneshot;
mod open;
mod revocation;
mod schema;
mod transaction;
mod worker_pool;

pub use open::SqliteStoreBuilder;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;

use self::error::Fault;
use self::last_used::Notes;
use self::transaction::Change;
use self::transaction::Writer;
use self::worker_pool::WorkerPool;
use crate::api_key::ApiKeyId;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// API keys, sessions, refresh tokens and revocations in one SQLite file.
///
/// Several processes of one machine may share the file, which lies on a local disk. Every change
/// is one transaction that is written to disk before it is answered; a process that is killed in
/// the middle of one leaves the state before it. That a key or a session was used is written
/// without waiting for the disk, so a loss of power may lose it.
///
/// Calls are done by the store's own threads, one that writes and some that read, so its answers
/// need no runtime and never block the caller. The queue before the threads is bounded, and a call
/// that finds it full is `unavailable`. Dropping an answer never stops a change that was begun;
/// dropping the store lets its threads finish what is queued.
///
/// The file holds no secret that can be used: see [`KeyDigest`](crate::api_key::KeyDigest).
///
/// ```no_run
/// use bearergate::stores::SqliteStore;
///
/// let store = SqliteStore::open("credentials.db")?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub struct SqliteStore {
    readers: WorkerPool<Connection>,
    writer: WorkerPool<Writer>,
    notes: Arc<Notes>,
}

impl SqliteStore {
    /// Opens the file at `path`, or makes it, with the default numbers of threads and waiting
    /// calls.
    ///
    /// # Errors
    ///
    /// As [`SqliteStoreBuilder::open`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        Self::builder(path).open()
    }

    /// Starts a store of other numbers.
    pub fn builder(path: impl Into<PathBuf>) -> SqliteStoreBuilder {
        SqliteStoreBuilder::new(path.into())
    }

    fn new(readers: WorkerPool<Connection>, writer: WorkerPool<Writer>) -> Self {
        let notes = Arc::default();
        Self {
            readers,
            writer,
            notes,
        }
    }

    /// Reads from one state of the file.
    fn read<'a, T, F>(&'a self, read: F) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.readers
            .ask(move |conn| Ok(transaction::snapshot(conn, read)?))
    }

    /// Does all of `steps` or nothing.
    fn write<'a, T, F>(&'a self, steps: F) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Change<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.ask(move |writer| writer.change(steps))
    }

    /// Does all of `steps` or nothing; they may be lost with the power.
    fn write_relaxed<'a, T, F>(&'a self, steps: F) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Change<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.ask(move |writer| writer.note(steps))
    }

    /// Notes a use of an API key, to be written when the writer comes to it.
    fn note(&self, id: ApiKeyId, now: UnixTime) {
        if !self.notes.add(id, now) {
            return;
        }
        let notes = Arc::clone(&self.notes);
        let is_sent = self.writer.send(move |writer| {
            let taken = notes.take();
            // A note may be lost: nobody waits for it, and the next use brings another.
            let _ = writer.note(|tx| api_key::touch_all(tx, taken));
        });
        if !is_sent {
            self.notes.give_up();
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
