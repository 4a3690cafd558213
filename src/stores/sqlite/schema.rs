//! The tables, by version, and how an older file becomes one of today.

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;

/// Marks a file as this crate's: `bgat` in ASCII. Never changed.
const APPLICATION: i32 = 0x6267_6174;

/// What turns a file of version `n` into one of version `n + 1`, in order.
///
/// A step that was released is never changed; a change of the tables is a step of its own.
const STEPS: &[&str] = &[include_str!("v1.sql"), include_str!("v2.sql")];

/// Why a file cannot serve as a store.
#[derive(Debug, thiserror::Error)]
pub(super) enum Misfit {
    #[error("it holds tables of another program")]
    Foreign,
    #[error("it was written by a newer version, with schema {found}; this one knows {known}")]
    Newer { found: i32, known: i32 },
    #[error("its journal mode stays `{0}`, and its file system may be unable to do better")]
    NoWal(String),
    #[error("its threads cannot be started")]
    NoThreads(#[from] std::io::Error),
    #[error("it cannot be read or written")]
    Sqlite(#[from] rusqlite::Error),
}

impl Misfit {
    /// Returns true if only another process is in the way.
    pub(super) fn is_busy(&self) -> bool {
        let Self::Sqlite(error) = self else {
            return false;
        };
        let busy = [ErrorCode::DatabaseBusy, ErrorCode::DatabaseLocked];
        error
            .sqlite_error_code()
            .is_some_and(|code| busy.contains(&code))
    }
}

/// Returns only if the file is new or this crate's, and no newer than this code. Writes nothing.
pub(super) fn inspect(conn: &mut Connection) -> Result<(), Misfit> {
    // In one state of the file: another process may be at making it.
    let state = conn.transaction()?;
    version(&state, STEPS).map(|_| ())
}

/// Brings the tables up to date, all steps in one transaction. A file of today is not written.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), Misfit> {
    migrate_by(conn, STEPS)
}

fn migrate_by(conn: &mut Connection, steps: &[&str]) -> Result<(), Misfit> {
    let state = conn.transaction()?;
    if missing(&state, steps)?.is_empty() {
        return Ok(());
    }
    drop(state);
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have migrated while this one waited for the lock.
    for step in missing(&tx, steps)? {
        tx.execute_batch(step)?;
    }
    mark(&tx, steps)?;
    Ok(tx.commit()?)
}

fn mark(tx: &Transaction<'_>, steps: &[&str]) -> rusqlite::Result<()> {
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", known(steps))
}

/// The steps that the file has not seen yet.
fn missing<'a>(conn: &Connection, steps: &'a [&'a str]) -> Result<&'a [&'a str], Misfit> {
    let seen = usize::try_from(version(conn, steps)?).unwrap_or_default();
    Ok(steps.get(seen..).unwrap_or_default())
}

/// The file's version: 0 for a new one.
fn version(conn: &Connection, steps: &[&str]) -> Result<i32, Misfit> {
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application == 0 && found == 0 && is_empty(conn)? {
        return Ok(0);
    }
    if application != APPLICATION || found < 1 {
        return Err(Misfit::Foreign);
    }
    let known = known(steps);
    if found > known {
        return Err(Misfit::Newer { found, known });
    }
    Ok(found)
}

fn is_empty(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| row.get(0),
    )
}

fn known(steps: &[&str]) -> i32 {
    i32::try_from(steps.len()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE a (x); INSERT INTO a VALUES (1);";
    const SECOND: &str = "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;";

    fn memory() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    #[test]
    fn an_older_file_is_brought_up_to_date_and_keeps_what_it_holds() {
        let mut conn = memory();
        migrate_by(&mut conn, &[FIRST]).unwrap();
        migrate_by(&mut conn, &[FIRST, SECOND]).unwrap();
        migrate_by(&mut conn, &[FIRST, SECOND]).unwrap();
        let row = conn.query_row("SELECT x, y FROM a", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        assert_eq!(row.unwrap(), (1, 2));
        assert_eq!(version(&conn, &[FIRST, SECOND]).unwrap(), 2);
    }

    #[test]
    fn a_migration_that_fails_leaves_the_old_version() {
        let mut conn = memory();
        migrate_by(&mut conn, &[FIRST]).unwrap();
        let fails = "ALTER TABLE a ADD COLUMN y; SELECT 1 FROM missing;";
        assert!(migrate_by(&mut conn, &[FIRST, fails]).is_err());
        assert_eq!(version(&conn, &[FIRST]).unwrap(), 1);
        assert!(conn.prepare("SELECT y FROM a").is_err());
        assert!(conn.prepare("SELECT x FROM a").is_ok());
    }

    #[test]
    fn a_newer_file_is_refused_and_left_alone() {
        let mut conn = memory();
        migrate_by(&mut conn, &[FIRST, SECOND]).unwrap();
        let refusal = migrate_by(&mut conn, &[FIRST]);
        assert!(matches!(refusal, Err(Misfit::Newer { found: 2, known: 1 })));
    }

    #[test]
    fn a_foreign_file_is_refused_and_left_alone() {
        for foreign in [
            "CREATE TABLE a (x)",
            "PRAGMA user_version = 1",
            "PRAGMA application_id = 7",
            "PRAGMA application_id = 0x62676174",
        ] {
            let mut conn = memory();
            conn.execute_batch(foreign).unwrap();
            let refusal = migrate(&mut conn);
            assert!(matches!(refusal, Err(Misfit::Foreign)), "{foreign}");
        }
        assert!(migrate(&mut memory()).is_ok());
    }

    #[test]
    fn the_tables_of_today_can_be_made() {
        let mut conn = memory();
        migrate(&mut conn).unwrap();
        inspect(&mut conn).unwrap();
    }
}
