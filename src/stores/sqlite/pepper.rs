//! Check values of peppers in SQLite.

use rusqlite::{Connection, params};

use super::column::Columns;
use super::error::Fault;
use super::store::SqliteStore;
use super::transaction::{read_all, read_one};
use crate::api_key::store::{KeptCheck, PepperCheck, PepperProof, PepperUse};
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;

impl SqliteStore {
    /// Keeps a check value unless there is one, or records leave it in doubt. Writes only if there is
    /// something to write.
    pub(super) fn keep_check(
        &self,
        authority: Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> NowOrLater<'_, Result<KeptCheck, StoreError>> {
        let asked = authority.clone();
        let known = self.read(move |conn| known_check(conn, &asked, check.version(), proof));
        known.then(move |known| match known.transpose() {
            Some(known) => NowOrLater::now(known),
            None => self.write(move |tx| {
                // Another process may have kept one since.
                if let Some(known) = known_check(tx.conn(), &authority, check.version(), proof)? {
                    return Ok(known);
                }
                let values = params![authority.as_str(), check.version(), check.as_bytes()];
                tx.write_one(KEEP, values)?;
                Ok(KeptCheck::Kept(check))
            }),
        })
    }
}

/// Returns each version of which the file has a record or a check value.
pub(super) fn uses(conn: &Connection, authority: &Authority) -> Result<Vec<PepperUse>, Fault> {
    let authority = [authority.as_str()];
    let mut uses = read_all(conn, COUNT_BY_VERSION, authority, |row| {
        let mut columns = Columns::of(row);
        let mut used = PepperUse::new(columns.take()?);
        used.keys = columns.number()?;
        Ok(used)
    })?;
    let checks = read_all(conn, CHECKS, authority, |row| {
        let mut columns = Columns::of(row);
        let version = columns.take()?;
        Ok(PepperCheck::from_stored(columns.take()?, version))
    })?;
    for check in checks {
        let known = uses.iter_mut().find(|used| used.version == check.version());
        if let Some(known) = known {
            known.check = Some(check);
            continue;
        }
        let mut used = PepperUse::new(check.version());
        used.check = Some(check);
        uses.push(used);
    }
    Ok(uses)
}

/// Returns the answer that needs no change; `None` if the given value is to be kept.
fn known_check(
    conn: &Connection,
    authority: &Authority,
    version: u32,
    proof: PepperProof,
) -> Result<Option<KeptCheck>, Fault> {
    let of = params![authority.as_str(), version];
    let kept = read_one(conn, CHECK, of, |row| Columns::of(row).take())?;
    if let Some(kept) = kept {
        return Ok(Some(KeptCheck::Kept(PepperCheck::from_stored(
            kept, version,
        ))));
    }
    if proof == PepperProof::Validated {
        return Ok(None);
    }
    let used: Option<bool> = read_one(conn, IS_USED, of, |row| Columns::of(row).take())?;
    Ok(used.map(|_| KeptCheck::Unproven))
}

const CHECK: &str = "SELECT check_value FROM pepper WHERE authority = ?1 AND version = ?2";
const CHECKS: &str = "SELECT version, check_value FROM pepper WHERE authority = ?1";
const COUNT_BY_VERSION: &str =
    "SELECT pepper, count(*) FROM api_key WHERE authority = ?1 GROUP BY pepper";
const IS_USED: &str = "SELECT 1 FROM api_key WHERE authority = ?1 AND pepper = ?2 LIMIT 1";
const KEEP: &str = "INSERT INTO pepper (authority, version, check_value) VALUES (?1, ?2, ?3)";
