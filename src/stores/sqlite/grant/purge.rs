//! Removing what is over from the file.

use rusqlite::params;

use crate::clock::UnixTime;
use crate::limits;
use crate::stores::sqlite::column::bound;
use crate::stores::sqlite::error::Fault;
use crate::stores::sqlite::transaction::Change;

/// Removes some of what is over, and of what marks have ended; returns 0 when nothing is left.
///
/// A mark goes last: were it gone before all that it ends, the rest would be good again.
pub(super) fn purge(tx: &mut Change<'_>, now: UnixTime) -> Result<usize, Fault> {
    let now = bound(now);
    let most = i64::try_from(limits::SQLITE_PURGE).unwrap_or(i64::MAX);
    let mut removed = 0;
    for over in [SESSIONS_OVER, FAMILIES_OVER] {
        removed += tx.write(over, params![now, most])?;
    }
    for ended in ENDED {
        removed += tx.write(ended, params![most])?;
    }
    if removed == 0 {
        removed = tx.write(MARKS_OVER, params![now, most])?;
    }
    Ok(removed)
}

const SESSIONS_OVER: &str = "DELETE FROM session WHERE digest IN \
     (SELECT digest FROM session WHERE ends <= ?1 LIMIT ?2)";

const FAMILIES_OVER: &str = "DELETE FROM family WHERE id IN \
     (SELECT id FROM family WHERE ends <= ?1 LIMIT ?2)";

const MARKS_OVER: &str = "DELETE FROM mark WHERE (kind, authority, id) IN \
     (SELECT kind, authority, id FROM mark WHERE until <= ?1 LIMIT ?2)";

/// As [`Mark::ends`](crate::grant::Mark::ends) says. `CROSS JOIN` has SQLite go through the marks, which
/// are few, and look up what each one ends.
macro_rules! ended {
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

const ENDED: [&str; 7] = [
    "DELETE FROM family WHERE id IN (SELECT id FROM family WHERE revoked IS NOT NULL LIMIT ?1)",
    ended!("session", "digest", "subject", "t.since <= mark.moment"),
    ended!("session", "digest", "client", "t.since <= mark.moment"),
    ended!("session", "digest", "session", "true"),
    ended!("family", "id", "subject", "t.since <= mark.moment"),
    ended!("family", "id", "client", "t.since <= mark.moment"),
    ended!("family", "id", "session", "true"),
];
