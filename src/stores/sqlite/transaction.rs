//! Transactions: changes of several statements, made whole or not at all. A transaction holds the
//! file's write lock, against all processes, from its start.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior};

use super::error::Fault;
use crate::error::{StoreError, StoreErrorKind};

/// The writing connections of a store. One thread owns both, so they never wait for each other.
pub(super) struct Writer {
    pub(super) durable: Connection,
    /// Does not wait for the disk: its changes survive the end of the process, but perhaps not a
    /// loss of power.
    pub(super) relaxed: Connection,
    pub(super) probe: Probe,
}

impl Writer {
    /// Does all of `steps` or nothing.
    pub(super) fn write<T, F>(&mut self, steps: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Change<'_>) -> Result<T, Fault>,
    {
        Ok(transact(&mut self.durable, &self.probe, steps)?)
    }

    /// Does all of `steps` or nothing; a loss of power may undo them.
    pub(super) fn write_relaxed<T, F>(&mut self, steps: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Change<'_>) -> Result<T, Fault>,
    {
        Ok(transact(&mut self.relaxed, &self.probe, steps)?)
    }
}

fn transact<T, F>(conn: &mut Connection, probe: &Probe, steps: F) -> Result<T, Fault>
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

/// A transaction in progress; it is rolled back unless it is committed.
pub(super) struct Change<'c> {
    tx: Transaction<'c>,
    probe: &'c Probe,
    done: usize,
}

impl Change<'_> {
    /// Runs one writing statement, and returns the number of changed rows.
    pub(super) fn write(&mut self, sql: &str, params: impl Params) -> Result<usize, Fault> {
        self.call_probe()?;
        Ok(self.tx.prepare_cached(sql)?.execute(params)?)
    }

    /// Runs one writing statement that must change exactly one row.
    ///
    /// Any other number is a conflict: the row was removed, or has another version.
    pub(super) fn write_one(&mut self, sql: &str, params: impl Params) -> Result<(), Fault> {
        match self.write(sql, params)? {
            1 => Ok(()),
            _ => Err(StoreErrorKind::Conflict.into()),
        }
    }

    /// Returns the connection, which reads the state inside this transaction.
    pub(super) fn conn(&self) -> &Connection {
        &self.tx
    }

    /// Reads at most one row of the state inside this transaction.
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
        self.call_probe()?;
        Ok(self.tx.commit()?)
    }

    fn call_probe(&mut self) -> Result<(), Fault> {
        if let Some(hook) = &self.probe.0 {
            hook(self.done)
                .map_err(|error| StoreError::new(StoreErrorKind::Unavailable).with_source(error))?;
        }
        self.done += 1;
        Ok(())
    }
}

/// Reads from one state of the file, whatever others commit at the same time.
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

/// The hook that is called before each writing statement and before each commit, if there is one.
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
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Probe" } else { "None" })
    }
}
