//! The store and its threads.

use std::fmt;
use std::sync::Arc;

use rusqlite::Connection;

use super::error::Fault;
use super::last_used::PendingUses;
use super::transaction::{Change, Writer, snapshot};
use super::worker_pool::WorkerPool;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// API keys, sessions, refresh tokens, revocations, usage and quotas in one SQLite file.
///
/// Several processes of one machine may share the file, which must be on a local disk. Every
/// change is one transaction and is on disk before it is answered; a process that is killed during
/// a change leaves the state before it. The last use of a key or a session is written without
/// waiting for the disk, so a loss of power may lose it; the same is true of what is spent of the windows
/// of a quota, but not of credits.
///
/// Calls run on the store's own threads, one that writes and several that read, so they need no
/// runtime and never block the caller. The queue of waiting calls is bounded, and a call that finds
/// it full is [`Unavailable`](crate::error::StoreErrorKind::Unavailable). A change that has begun
/// is completed even if its answer is dropped, and after the store is dropped its threads complete
/// the queued calls.
///
/// The file holds no secret that can be used: see
/// [`PepperedDigest`](crate::api_key::PepperedDigest).
///
/// ```no_run
/// use bearergate::stores::SqliteStore;
///
/// let store = SqliteStore::open("credentials.db")?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub struct SqliteStore {
    pub(super) readers: WorkerPool<Connection>,
    pub(super) writer: WorkerPool<Writer>,
    pub(super) uses: Arc<PendingUses>,
}

impl SqliteStore {
    pub(super) fn new(readers: WorkerPool<Connection>, writer: WorkerPool<Writer>) -> Self {
        let uses = Arc::default();
        Self {
            readers,
            writer,
            uses,
        }
    }

    /// Reads from one state of the file.
    pub(super) fn read<'a, T, F>(&'a self, read: F) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.readers.ask(move |conn| Ok(snapshot(conn, read)?))
    }

    /// Does all of `steps` or nothing.
    pub(super) fn write<'a, T, F>(&'a self, steps: F) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Change<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.ask(move |writer| writer.write(steps))
    }

    /// Does all of `steps` or nothing; a loss of power may undo them.
    pub(super) fn write_relaxed<'a, T, F>(
        &'a self,
        steps: F,
    ) -> NowOrLater<'a, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Change<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.ask(move |writer| writer.write_relaxed(steps))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
