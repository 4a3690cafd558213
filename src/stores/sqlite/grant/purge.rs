//! Removal of expired and revoked records from the database file.

use rusqlite::params;

use crate::clock::UnixTime;
use crate::limits;
use crate::stores::sqlite::column::bound;
use crate::stores::sqlite::error::Fault;
use crate::stores::sqlite::transaction::Change;

/// What one transaction of a purge did.
pub(super) struct Step {
    pub(super) removed: usize,
    /// Nothing is left to remove.
    pub(super) is_done: bool,
}

/// Removes some of the expired and some of the revoked records.
///
/// A revocation (table `mark`) is removed last: without it, the grants that it ends and that are
/// still stored would be valid again.
pub(super) fn purge(tx: &mut Change<'_>, now: UnixTime) -> Result<Step, Fault> {
    let now = bound(now);
    let most = i64::try_from(limits::SQLITE_PURGE).unwrap_or(i64::MAX);
    let mut removed = 0;
    for expired in [EXPIRED_SESSIONS, EXPIRED_FAMILIES] {
        removed += tx.write(expired, params![now, most])?;
    }
    removed += tx.write(REVOKED_FAMILIES, params![most])?;
    let swept = sweep(tx)?;
    removed += swept.removed;
    if removed == 0 && swept.is_done {
        removed = tx.write(EXPIRED_REVOCATIONS, params![now, most])?;
    }
    let is_done = removed == 0 && swept.is_done;
    Ok(Step { removed, is_done })
}

/// Removes what the next revocations end.
fn sweep(tx: &mut Change<'_>) -> Result<Step, Fault> {
    let mut removed = 0;
    for _ in 0..MARKS {
        let next = tx.read_one(UNSWEPT, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        let Some(mark) = next else {
            return Ok(Step {
                removed,
                is_done: true,
            });
        };
        let (kind, authority, id, moment): (String, String, String, i64) = mark;
        let left = limits::SQLITE_PURGE.saturating_sub(removed);
        let most = i64::try_from(left).unwrap_or(i64::MAX);
        let mut own = 0;
        for statement in statements(&kind) {
            own += match kind.as_str() {
                "session" => tx.write(statement, params![authority, id, most])?,
                _ => tx.write(statement, params![authority, id, most, moment])?,
            };
        }
        removed += own;
        if own >= left {
            break;
        }
        tx.write(SWEPT, params![kind, authority, id])?;
    }
    Ok(Step {
        removed,
        is_done: false,
    })
}

/// Revocations of which one transaction removes what they end.
const MARKS: usize = 100;

const EXPIRED_SESSIONS: &str = "DELETE FROM session WHERE digest IN \
     (SELECT digest FROM session WHERE ends <= ?1 LIMIT ?2)";

const EXPIRED_FAMILIES: &str = "DELETE FROM family WHERE id IN \
     (SELECT id FROM family WHERE ends <= ?1 LIMIT ?2)";

const EXPIRED_REVOCATIONS: &str = "DELETE FROM mark WHERE (kind, authority, id) IN \
     (SELECT kind, authority, id FROM mark WHERE until <= ?1 LIMIT ?2)";

const REVOKED_FAMILIES: &str =
    "DELETE FROM family WHERE id IN (SELECT id FROM family WHERE revoked IS NOT NULL LIMIT ?1)";

const UNSWEPT: &str = "SELECT kind, authority, id, moment FROM mark WHERE is_swept = 0 LIMIT 1";

const SWEPT: &str = "UPDATE mark SET is_swept = 1 WHERE kind = ?1 AND authority = ?2 AND id = ?3";

/// The rule of [`RevocationRecord::revokes`](crate::grant::store::RevocationRecord::revokes).
macro_rules! revoked {
    ($table:literal, $key:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE authority = ?1 AND ",
            $condition,
            " LIMIT ?3)"
        )
    };
}

/// What a mark of a kind ends; a mark of another kind, which none has, ends nothing.
fn statements(kind: &str) -> &'static [&'static str] {
    match kind {
        "subject" => &[
            revoked!("session", "digest", "subject = ?2 AND since <= ?4"),
            revoked!("family", "id", "subject = ?2 AND since <= ?4"),
        ],
        "client" => &[
            revoked!("session", "digest", "client = ?2 AND since <= ?4"),
            revoked!("family", "id", "client = ?2 AND since <= ?4"),
        ],
        "session" => &[
            revoked!("session", "digest", "session = ?2"),
            revoked!("family", "id", "session = ?2"),
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;
    use rusqlite::{Connection, StatementStatus, params_from_iter};

    use super::*;
    use crate::stores::sqlite::schema;

    /// What a statement did until nothing was left for it.
    struct Cost {
        removed: usize,
        runs: usize,
        vm_steps: i32,
        full_scans: i32,
    }

    fn exhaust(conn: &Connection, sql: &str, row: &[Value]) -> Cost {
        let mut statement = conn.prepare(sql).unwrap();
        let mut cost = Cost {
            removed: 0,
            runs: 0,
            vm_steps: 0,
            full_scans: 0,
        };
        loop {
            let removed = statement.execute(params_from_iter(row)).unwrap();
            assert!(removed <= limits::SQLITE_PURGE);
            cost.runs += 1;
            cost.removed += removed;
            if removed == 0 {
                cost.vm_steps = statement.get_status(StatementStatus::VmStep);
                cost.full_scans = statement.get_status(StatementStatus::FullscanStep);
                return cost;
            }
        }
    }

    /// A file with this many records of each kind that have ended, and as many that stay.
    fn file(records: usize) -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        schema::migrate(&mut conn).unwrap();
        let series = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})",
            2 * records
        );
        let of_grant = "'a', 's' || i, 'app', NULL, NULL, NULL, 1, i, 1, 9, 9, \
                        CASE i % 2 WHEN 0 THEN 10 ELSE 99 END FROM n";
        let batch = format!(
            "{series} INSERT INTO session SELECT CAST(i AS BLOB), 1, x'', {of_grant};
             {series} INSERT INTO family (id, version, current, authority, subject, client, \
                session, scopes, claims, created, since, last_used, expires, idle, ends) \
                SELECT CAST(i AS BLOB), 1, x'', {of_grant};
             UPDATE family SET revoked = 5 WHERE ends = 99 AND since % 4 = 1;
             {series} INSERT INTO mark (kind, authority, id, at, moment, until, is_swept) \
                SELECT 'subject', 'a', 's' || i, 1, i, CASE i % 2 WHEN 0 THEN 10 ELSE 99 END, 1 \
                FROM n;"
        );
        conn.execute_batch(&batch).unwrap();
        conn
    }

    /// Twice the records cost about twice the work, and nothing is read that stays.
    #[test]
    fn the_work_of_a_purge_grows_with_what_it_removes_and_not_faster() {
        let most = i64::try_from(limits::SQLITE_PURGE).unwrap();
        let ended = || vec![Value::from(10), Value::from(most)];
        let mut of_client = vec!["a".to_owned().into(), "app".to_owned().into(), most.into()];
        of_client.push(Value::from(i64::MAX));
        let [of_sessions, of_families] = [0, 1].map(|at| statements("client")[at]);
        let all = [
            (EXPIRED_SESSIONS, ended(), 1.0),
            (EXPIRED_FAMILIES, ended(), 1.0),
            (REVOKED_FAMILIES, vec![Value::from(most)], 0.5),
            (EXPIRED_REVOCATIONS, ended(), 1.0),
            (of_sessions, of_client.clone(), 1.0),
            (of_families, of_client, 0.5),
        ];
        let count = 4 * limits::SQLITE_PURGE;
        let (small, large) = (file(count), file(2 * count));
        for (sql, row, part) in all {
            let [one, two] = [&small, &large].map(|conn| exhaust(conn, sql, &row));
            let wanted = (count as f64 * part) as usize;
            assert_eq!([one.removed, two.removed], [wanted, 2 * wanted], "{sql}");
            assert_eq!([one.full_scans, two.full_scans], [0, 0], "{sql}");
            assert!(two.runs <= 2 * one.runs, "{sql}");
            let growth = f64::from(two.vm_steps) / f64::from(one.vm_steps);
            assert!((1.8..2.2).contains(&growth), "{sql}: {growth}");
        }
    }
}
