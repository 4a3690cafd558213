//! Whether the database file can be written, and how many sessions and refresh tokens it has.

use std::error::Error;

use rusqlite::Connection;

use crate::diagnosis::Finding;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::stores::sqlite::SqliteStore;
use crate::stores::sqlite::column::Columns;
use crate::stores::sqlite::error::Fault;
use crate::stores::sqlite::transaction::read_one;

impl SqliteStore {
    /// Counts, and writes a page that has what it had.
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
            let [sessions, families] = counted.map(|count| match count {
                COUNTED => "more than a million".to_owned(),
                count => count.to_string(),
            });
            let text = format!("sessions: {sessions}; families of refresh tokens: {families}");
            Finding::ok(SUBJECT, text)
        }
        Err(error) => failed("the file cannot be read", &error),
    }
}

fn write_finding(written: Result<(), StoreError>) -> Finding {
    match written {
        Ok(()) => Finding::ok(SUBJECT, "the file can be written"),
        Err(error) => failed("the file cannot be written", &error),
    }
}

fn failed(what: &str, error: &StoreError) -> Finding {
    let cause = error
        .source()
        .map_or(String::new(), |cause| format!(": {cause}"));
    let hint = "check the disk, the permissions of the file and its folder, and other processes \
                that hold the file's lock";
    Finding::error(SUBJECT, format!("{what}: {error}{cause}")).hint(hint)
}

const SUBJECT: &str = "sessions in SQLite";

/// What more than a million counts as, so that the count stays cheap.
const COUNTED: u64 = 1_000_001;

const SESSIONS: &str = "SELECT count(*) FROM (SELECT 1 FROM session LIMIT 1000001)";

const FAMILIES: &str = "SELECT count(*) FROM (SELECT 1 FROM family LIMIT 1000001)";

const SAME: &str = "UPDATE moment SET last = last";
