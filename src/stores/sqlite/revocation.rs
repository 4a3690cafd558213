//! The revocations of a denylist in the database file.

use rusqlite::{Row, params};

use super::SqliteStore;
use super::column::{Columns, bound, some_time};
use super::error::{Fault, corrupt};
use super::transaction::read_all;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::revocation::{Revocation, RevocationStore};
use crate::revocation_list::{RevocationKind, RevocationTarget};

impl RevocationStore for SqliteStore {
    fn add(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        self.write(move |tx| {
            let target = revocation.target();
            let (kind, authority) = (target.kind().as_str(), target.authority());
            let issued_before = some_time(revocation.last_issued())?;
            let until = some_time(revocation.last_expiry())?;
            let row = params![kind, authority, target.id(), issued_before, until];
            tx.write_one(ADD, row)
        })
    }

    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
        self.read(|conn| read_all(conn, ALL, [], revocation))
    }

    fn remove(&self, target: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>> {
        self.write(move |tx| {
            let kind = target.kind().as_str();
            tx.write(REMOVE, params![kind, target.authority(), target.id()])?;
            Ok(())
        })
    }

    fn purge(&self, time: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.write(move |tx| tx.write(PURGE, [bound(time)]))
    }
}

// `max` of anything and NULL is NULL, which is later than any time.
const ADD: &str = "INSERT INTO revocation (kind, authority, id, issued_before, until) \
     VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (kind, authority, id) DO UPDATE SET \
     issued_before = max(issued_before, excluded.issued_before), \
     until = max(until, excluded.until)";

const ALL: &str = "SELECT kind, authority, id, issued_before, until FROM revocation";

const REMOVE: &str = "DELETE FROM revocation WHERE kind = ?1 AND authority = ?2 AND id = ?3";

const PURGE: &str = "DELETE FROM revocation WHERE until < ?1";

fn revocation(row: &Row<'_>) -> Result<Revocation, Fault> {
    let mut columns = Columns::of(row);
    let kind: String = columns.take()?;
    let kind = RevocationKind::from_name(&kind);
    let kind = kind.ok_or_else(|| corrupt("the kind of a revocation is unknown"))?;
    let (authority, id): (String, String) = (columns.take()?, columns.take()?);
    let mut revocation = Revocation::new(RevocationTarget::new(kind, authority, id));
    if let Some(time) = columns.some_time()? {
        revocation = revocation.issued_before(time);
    }
    if let Some(time) = columns.some_time()? {
        revocation = revocation.until(time);
    }
    Ok(revocation)
}
