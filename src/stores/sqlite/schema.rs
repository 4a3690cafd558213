//! The tables, and the migration of older files.

use rusqlite::{Connection, TransactionBehavior};

use super::misfit::Misfit;

/// Identifies a file of this crate: `bgat` in ASCII. It never changes.
const APPLICATION: i32 = 0x6267_6174;

/// The statements that migrate a file of version `n` to version `n + 1`, in order.
///
/// A released step never changes; each change of the tables is a new step.
const STEPS: &[&str] = &[
    include_str!("v1.sql"),
    include_str!("v2.sql"),
    include_str!("v3.sql"),
    include_str!("v4.sql"),
    include_str!("v5.sql"),
    include_str!("v6.sql"),
];

/// Succeeds only if the file is new, or of this crate and of a supported version. Writes nothing.
pub(super) fn inspect(conn: &mut Connection) -> Result<(), Misfit> {
    // From one state of the file: another process may be creating it.
    let state = conn.transaction()?;
    version(&state, STEPS).map(|_| ())
}

/// Migrates the tables to the current version in one transaction. A current file is not written.
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
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", latest(steps))?;
    Ok(tx.commit()?)
}

/// Returns the steps that the file still needs.
fn missing<'a>(conn: &Connection, steps: &'a [&'a str]) -> Result<&'a [&'a str], Misfit> {
    let seen = usize::try_from(version(conn, steps)?).unwrap_or_default();
    Ok(steps.get(seen..).unwrap_or_default())
}

/// Returns the version of the file, 0 for a new one.
fn version(conn: &Connection, steps: &[&str]) -> Result<i32, Misfit> {
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application == 0 && found == 0 && is_empty(conn)? {
        return Ok(0);
    }
    if application != APPLICATION || found < 1 {
        return Err(Misfit::OtherProgram);
    }
    let known = latest(steps);
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

fn latest(steps: &[&str]) -> i32 {
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
    fn older_file_is_migrated_and_keeps_its_rows() {
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
    fn failed_migration_leaves_the_old_version() {
        let mut conn = memory();
        migrate_by(&mut conn, &[FIRST]).unwrap();
        let fails = "ALTER TABLE a ADD COLUMN y; SELECT 1 FROM missing;";
        assert!(migrate_by(&mut conn, &[FIRST, fails]).is_err());
        assert_eq!(version(&conn, &[FIRST]).unwrap(), 1);
        assert!(conn.prepare("SELECT y FROM a").is_err());
        assert!(conn.prepare("SELECT x FROM a").is_ok());
    }

    #[test]
    fn newer_file_is_rejected_and_not_changed() {
        let mut conn = memory();
        migrate_by(&mut conn, &[FIRST, SECOND]).unwrap();
        let result = migrate_by(&mut conn, &[FIRST]);
        assert!(matches!(result, Err(Misfit::Newer { found: 2, known: 1 })));
    }

    #[test]
    fn file_of_another_program_is_rejected_and_not_changed() {
        for other in [
            "CREATE TABLE a (x)",
            "PRAGMA user_version = 1",
            "PRAGMA application_id = 7",
            "PRAGMA application_id = 0x62676174",
        ] {
            let mut conn = memory();
            conn.execute_batch(other).unwrap();
            let result = migrate(&mut conn);
            assert!(matches!(result, Err(Misfit::OtherProgram)), "{other}");
        }
        assert!(migrate(&mut memory()).is_ok());
    }

    #[test]
    fn what_marks_of_an_older_file_end_is_still_to_be_removed() {
        let mut conn = memory();
        migrate_by(&mut conn, &STEPS[..2]).unwrap();
        conn.execute_batch("INSERT INTO mark VALUES ('subject', 'a', 's', 1, 2, 3)")
            .unwrap();
        migrate(&mut conn).unwrap();
        let swept = conn.query_row("SELECT is_swept, until FROM mark", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        assert_eq!(swept.unwrap(), (0, 3));
        // A mark of an older process that still runs is to be swept too.
        let older = "INSERT INTO mark (kind, authority, id, at, moment, until) \
             VALUES ('client', 'a', 'c', 1, 2, 3)";
        assert_eq!(conn.execute(older, []).unwrap(), 1);
    }

    #[test]
    fn families_of_an_older_file_have_no_earlier_tokens() {
        let mut conn = memory();
        migrate_by(&mut conn, &STEPS[..4]).unwrap();
        let family = "INSERT INTO family (id, version, current, authority, subject, created, \
             since, last_used, expires, idle, ends) \
             VALUES (x'07', 1, x'08', 'a', 's', 1, 2, 1, 9, 9, 9)";
        assert_eq!(conn.execute(family, []).unwrap(), 1);
        migrate(&mut conn).unwrap();
        let found = conn.query_row("SELECT since, earlier FROM family", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
        });
        assert_eq!(found.unwrap(), (2, None));
    }

    #[test]
    fn older_file_has_no_usage_and_takes_some() {
        let mut conn = memory();
        migrate_by(&mut conn, &STEPS[..5]).unwrap();
        assert!(conn.prepare("SELECT 1 FROM usage").is_err());
        migrate(&mut conn).unwrap();
        let tables = ["usage", "usage_sender", "quota", "spend", "credit"];
        for table in tables {
            let count = format!("SELECT count(*) FROM {table}");
            assert_eq!(conn.query_row(&count, [], |row| row.get(0)), Ok(0));
        }
        let row = "INSERT INTO usage VALUES ('s', 'a', 'm', 3600, -1)";
        assert_eq!(conn.execute(row, []).unwrap(), 1);
    }

    #[test]
    fn file_of_each_older_version_is_migrated_and_keeps_its_rows() {
        for version_before in 1..STEPS.len() {
            let mut conn = memory();
            migrate_by(&mut conn, &STEPS[..version_before]).unwrap();
            conn.execute_batch(
                "INSERT INTO api_key (id, version, is_foreign, digest, pepper, authority, subject, \
                 created_at, scopes, roles, metadata, addresses) \
                 VALUES ('k', 1, 0, x'01', 1, 'a', 's', 1, '[]', '[]', '{}', '[]'); \
                 INSERT INTO family (id, version, current, authority, subject, created, since, \
                 last_used, expires, idle, ends) VALUES (x'07', 1, x'08', 'a', 's', 1, 2, 1, 9, 9, 9)",
            )
            .unwrap();
            migrate(&mut conn).unwrap();
            migrate(&mut conn).unwrap();
            assert_eq!(version(&conn, STEPS).unwrap(), latest(STEPS));
            let kept = "SELECT (SELECT count(*) FROM api_key WHERE id = 'k'), \
                 (SELECT count(*) FROM family WHERE id = x'07' AND earlier IS NULL), \
                 (SELECT count(*) FROM pepper)";
            let counts =
                conn.query_row(kept, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            assert_eq!(counts.unwrap(), (1, 1, 0), "from version {version_before}");
        }
    }

    /// Everything that a purge or a login looks for is found by an index.
    #[test]
    fn no_statement_of_a_purge_or_a_login_walks_over_a_table() {
        let mut conn = memory();
        migrate(&mut conn).unwrap();
        let wanted = [
            "SELECT 1 FROM session WHERE ends <= 1",
            "SELECT 1 FROM family WHERE ends <= 1",
            "SELECT 1 FROM family WHERE revoked IS NOT NULL",
            "SELECT 1 FROM mark WHERE until <= 1",
            "SELECT 1 FROM session WHERE authority = 1 AND subject = 2 AND since <= 4",
            "SELECT 1 FROM session WHERE authority = 1 AND client = 2 AND since <= 4",
            "SELECT 1 FROM session WHERE authority = 1 AND session = 2",
            "SELECT 1 FROM family WHERE authority = 1 AND subject = 2 AND since <= 4",
            "SELECT 1 FROM family WHERE authority = 1 AND client = 2 AND since <= 4",
            "SELECT 1 FROM family WHERE authority = 1 AND session = 2",
            "SELECT 1 FROM session WHERE authority = 1 AND subject = 2 ORDER BY since",
            "SELECT 1 FROM family WHERE authority = 1 AND subject = 2 ORDER BY since",
            "SELECT data FROM session WHERE authority = 1 AND subject = 2 \
             AND (since, digest) < (3, 4) ORDER BY since DESC, digest DESC LIMIT 5",
            "SELECT sealed FROM family WHERE authority = 1 AND subject = 2 \
             AND (since, id) < (3, 4) ORDER BY since DESC, id DESC LIMIT 5",
            "SELECT 1 FROM mark WHERE is_swept = 0 LIMIT 1",
            "SELECT 1 FROM api_key WHERE authority = 1 AND ends_at <= 2 LIMIT 100",
            "SELECT 1 FROM api_key WHERE authority = 1 AND pepper = 2 LIMIT 1",
            "SELECT 1 FROM usage WHERE subject = 1",
            "SELECT 1 FROM usage WHERE hour < 1",
            "SELECT 1 FROM quota WHERE start >= 0 AND ends <= 1",
            "SELECT 1 FROM quota WHERE quota = 1 AND authority = 2 AND holder = 3 AND start = 4",
            "SELECT id FROM spend WHERE at < 1 AND (lapses IS NULL OR phase > 0) ORDER BY at LIMIT 2",
            "SELECT id FROM spend WHERE quota = 1 AND authority = 2 AND holder = 3 AND start = 4 \
             AND lapses IS NOT NULL AND phase = 0 AND lapses <= 5",
        ];
        for statement in wanted {
            let plan = format!("EXPLAIN QUERY PLAN {statement}");
            let mut plan = conn.prepare(&plan).unwrap();
            let steps = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
            for step in steps {
                let step = step.unwrap();
                let is_indexed = step.starts_with("SEARCH") || step.contains("mark_unswept");
                assert!(is_indexed, "{statement}: {step}");
            }
        }
    }

    #[test]
    fn current_tables_can_be_created() {
        let mut conn = memory();
        migrate(&mut conn).unwrap();
        inspect(&mut conn).unwrap();
    }
}
