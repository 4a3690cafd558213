//! Whether the database file can be read and written, and how much it has.

use rusqlite::Connection;

use super::column::Columns;
use super::error::Fault;
use super::store::SqliteStore;
use super::transaction::read_one;
use crate::diagnosis::{Finding, error_chain};
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

impl SqliteStore {
    /// Counts the API keys.
    pub(super) fn check_keys(&self) -> NowOrLater<'_, Vec<Finding>> {
        let counted = self.read(|conn| count(conn, KEYS));
        counted.map(|counted| {
            vec![match counted {
                Ok(keys) => Finding::ok(KEYS_SUBJECT, format!("keys: {}", shown(keys))),
                Err(error) => failed(KEYS_SUBJECT, "the file cannot be read", &error),
            }]
        })
    }

    /// Counts the sessions and refresh tokens, and writes a page that has what it had.
    pub(super) fn check_grants(&self) -> NowOrLater<'_, Vec<Finding>> {
        let counted = self.read(|conn| Ok([count(conn, SESSIONS)?, count(conn, FAMILIES)?]));
        counted.then(move |counted| {
            let written = self.write(|tx| tx.write(SAME, []).map(drop));
            written.map(move |written| vec![count_finding(counted), write_finding(written)])
        })
    }
}

fn count(conn: &Connection, sql: &str) -> Result<u64, Fault> {
    let found = read_one(conn, sql, [], |row| Columns::of(row).number())?;
    Ok(found.unwrap_or_default())
}

fn count_finding(counted: Result<[u64; 2], StoreError>) -> Finding {
    match counted {
        Ok(counted) => {
            let [sessions, families] = counted.map(shown);
            let text = format!("sessions: {sessions}; families of refresh tokens: {families}");
            Finding::ok(GRANTS_SUBJECT, text)
        }
        Err(error) => failed(GRANTS_SUBJECT, "the file cannot be read", &error),
    }
}

fn write_finding(written: Result<(), StoreError>) -> Finding {
    match written {
        Ok(()) => Finding::ok(GRANTS_SUBJECT, "the file can be written"),
        Err(error) => failed(GRANTS_SUBJECT, "the file cannot be written", &error),
    }
}

fn shown(count: u64) -> String {
    match count {
        COUNTED => "more than a million".to_owned(),
        count => count.to_string(),
    }
}

fn failed(subject: &str, what: &str, error: &StoreError) -> Finding {
    let hint = "check the disk, the permissions of the file and its folder, and other processes \
                that hold the file's lock";
    Finding::error(subject, format!("{what}: {}", error_chain(error))).hint(hint)
}

const KEYS_SUBJECT: &str = "API keys in SQLite";

const GRANTS_SUBJECT: &str = "sessions in SQLite";

/// What more than a million counts as, so that the count stays cheap.
const COUNTED: u64 = 1_000_001;

const KEYS: &str = "SELECT count(*) FROM (SELECT 1 FROM api_key LIMIT 1000001)";

const SESSIONS: &str = "SELECT count(*) FROM (SELECT 1 FROM session LIMIT 1000001)";

const FAMILIES: &str = "SELECT count(*) FROM (SELECT 1 FROM family LIMIT 1000001)";

const SAME: &str = "UPDATE moment SET last = last";
