//! Removal of expired and revoked records from the database file.

use rusqlite::params;

use crate::clock::UnixTime;
use crate::limits;
use crate::stores::sqlite::column::bound;
use crate::stores::sqlite::error::Fault;
use crate::stores::sqlite::transaction::Change;

/// Removes some of the expired and some of the revoked records; returns 0 when none is left.
///
/// A revocation (table `mark`) is removed last: without it, the grants that it ends and that are
/// still stored would be valid again.
pub(super) fn purge(tx: &mut Change<'_>, now: UnixTime) -> Result<usize, Fault> {
    let now = bound(now);
    let most = i64::try_from(limits::SQLITE_PURGE).unwrap_or(i64::MAX);
    let mut removed = 0;
    for expired in [EXPIRED_SESSIONS, EXPIRED_FAMILIES] {
        removed += tx.write(expired, params![now, most])?;
    }
    for revoked in REVOKED {
        removed += tx.write(revoked, params![most])?;
    }
    if removed == 0 {
        removed = tx.write(EXPIRED_REVOCATIONS, params![now, most])?;
    }
    Ok(removed)
}

const EXPIRED_SESSIONS: &str = "DELETE FROM session WHERE digest IN \
     (SELECT digest FROM session WHERE ends <= ?1 LIMIT ?2)";

const EXPIRED_FAMILIES: &str = "DELETE FROM family WHERE id IN \
     (SELECT id FROM family WHERE ends <= ?1 LIMIT ?2)";

const EXPIRED_REVOCATIONS: &str = "DELETE FROM mark WHERE (kind, authority, id) IN \
     (SELECT kind, authority, id FROM mark WHERE until <= ?1 LIMIT ?2)";

/// The rule of [`RevocationRecord::revokes`](crate::grant::store::RevocationRecord::revokes). With `CROSS JOIN`
/// SQLite walks the table `mark`, which is short, and looks up what each row revokes.
macro_rules! revoked {
    ($table:literal, $key:literal, $mark:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT t.",
            $key,
            " FROM mark CROSS JOIN ",
            $table,
            " t ON t.authority = mark.authority AND t.",
            $mark,
            " = mark.id WHERE mark.kind = '",
            $mark,
            "' AND ",
            $condition,
            " LIMIT ?1)"
        )
    };
}

const REVOKED: [&str; 7] = [
    "DELETE FROM family WHERE id IN (SELECT id FROM family WHERE revoked IS NOT NULL LIMIT ?1)",
    revoked!("session", "digest", "subject", "t.since <= mark.moment"),
    revoked!("session", "digest", "client", "t.since <= mark.moment"),
    revoked!("session", "digest", "session", "true"),
    revoked!("family", "id", "subject", "t.since <= mark.moment"),
    revoked!("family", "id", "client", "t.since <= mark.moment"),
    revoked!("family", "id", "session", "true"),
];
