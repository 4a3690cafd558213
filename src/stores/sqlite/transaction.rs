//! A change of several steps as one: a transaction that holds the file's write lock from its
//! begin, across all processes.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Params;
use rusqlite::Row;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;

use super::error::Fault;
use crate::error::StoreError;
use crate::error::StoreErrorKind;

/// The connections of this handle that write. One thread has both, so they never wait for each
/// other.
pub(super) struct Writer {
    pub(super) durable: Connection,
    /// Its changes are not on disk when they are answered: they outlive the process, but perhaps
    /// not a loss of power.
    pub(super) hasty: Connection,
    pub(super) probe: Probe,
}

impl Writer {
    /// Does all of `steps` or nothing.
    pub(super) fn change<T, F>(&mut self, steps: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Change<'_>) -> Result<T, Fault>,
    {
        Ok(change(&mut self.durable, &self.probe, steps)?)
    }

    /// Does all of `steps` or nothing, where it does no harm if they are lost with the power.
    pub(super) fn note<T, F>(&mut self, steps: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Change<'_>) -> Result<T, Fault>,
    {
        Ok(change(&mut self.hasty, &self.probe, steps)?)
    }
}

fn change<T, F>(conn: &mut Connection, probe: &Probe, steps: F) -> Result<T, Fault>
where
    F: FnOnce(&mut Change<'_>) -> Result<T, Fault>,
{
    let mut change = Change {
        tx: conn.transaction_with_behavior(TransactionBehavior::Immediate)?,
        probe,
        done: 0,
    };
    let value = steps(&mut change)?;
    change.commit()?;
    Ok(value)
}

/// A transaction that was begun; dropped without a commit, it leaves nothing behind.
pub(super) struct Change<'c> {
    tx: Transaction<'c>,
    probe: &'c Probe,
    done: usize,
}

impl Change<'_> {
    /// Runs one writing statement, and returns how many rows it touched.
    pub(super) fn write(&mut self, sql: &str, params: impl Params) -> Result<usize, Fault> {
        self.pass()?;
        Ok(self.tx.prepare_cached(sql)?.execute(params)?)
    }

    /// Runs one writing statement that must touch exactly one row.
    ///
    /// Another number is a conflict: the row is gone, or of another version.
    pub(super) fn write_one(&mut self, sql: &str, params: impl Params) -> Result<(), Fault> {
        match self.write(sql, params)? {
            1 => Ok(()),
            _ => Err(StoreErrorKind::Conflict.into()),
        }
    }

    /// What to read by, as it is inside this change.
    pub(super) fn conn(&self) -> &Connection {
        &self.tx
    }

    /// Reads at most one row, as it is inside this change.
    pub(super) fn read_one<T, F>(
        &self,
        sql: &str,
        params: impl Params,
        read: F,
    ) -> Result<Option<T>, Fault>
    where
        F: FnOnce(&Row<'_>) -> Result<T, Fault>,
    {
        read_one(&self.tx, sql, params, read)
    }

    fn commit(mut self) -> Result<(), Fault> {
        self.pass()?;
        Ok(self.tx.commit()?)
    }

    fn pass(&mut self) -> Result<(), Fault> {
        self.probe.pass(self.done)?;
        self.done += 1;
        Ok(())
    }
}

/// Reads from one state of the file, whatever is committed meanwhile.
pub(super) fn snapshot<T, F>(conn: &mut Connection, read: F) -> Result<T, Fault>
where
    F: FnOnce(&Connection) -> Result<T, Fault>,
{
    let tx = conn.transaction()?;
    read(&tx)
}

/// Reads at most one row.
pub(super) fn read_one<T, F>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: F,
) -> Result<Option<T>, Fault>
where
    F: FnOnce(&Row<'_>) -> Result<T, Fault>,
{
    let mut statement = conn.prepare_cached(sql)?;
    let row = statement
        .query_row(params, |row| Ok(read(row)))
        .optional()?;
    row.transpose()
}

/// Reads every row.
pub(super) fn read_all<T, F>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: F,
) -> Result<Vec<T>, Fault>
where
    F: Fn(&Row<'_>) -> Result<T, Fault>,
{
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// What is called before each writing statement of a change and before its commit, if anything.
#[derive(Clone, Default)]
pub(super) struct Probe(Option<Arc<Hook>>);

type Hook = dyn Fn(usize) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync;

impl Probe {
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn new<F>(hook: F) -> Self
    where
        F: Fn(usize) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    {
        Self(Some(Arc::new(hook)))
    }

    fn pass(&self, done: usize) -> Result<(), StoreError> {
        let Some(hook) = &self.0 else {
            return Ok(());
        };
        hook(done).map_err(|error| StoreError::new(StoreErrorKind::Unavailable).with_source(error))
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Probe" } else { "None" })
    }
}
