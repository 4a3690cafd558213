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
