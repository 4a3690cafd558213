//! Families of refresh tokens in the database file.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::{created, grant, grant_columns, kept, lookup, next_version, numbered, surplus, values};
use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::store::{Created, Lookup, Sequence, SubjectLimit, TokenDigest};
use crate::now_or_later::NowOrLater;
use crate::refresh::{RefreshFamily, RefreshTokenStore};
use crate::stores::sqlite::SqliteStore;
use crate::stores::sqlite::column::{Columns, number, some_time};
use crate::stores::sqlite::error::{Fault, corrupt};
use crate::stores::sqlite::transaction::read_one;

impl RefreshTokenStore for SqliteStore {
    fn create(&self, mut family: RefreshFamily) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.write(move |tx| {
            let (grant, sequence) = numbered(tx, &family.grant)?;
            (family.grant, family.version) = (grant, 1);
            tx.write_one(INSERT, params_from_iter(row(&family)?))?;
            Ok(sequence)
        })
    }

    fn create_within(
        &self,
        mut family: RefreshFamily,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        self.write(move |tx| {
            let (grant, sequence) = numbered(tx, &family.grant)?;
            (family.grant, family.version) = (grant, 1);
            tx.write_one(INSERT, params_from_iter(row(&family)?))?;
            let new = (family.id, &family.grant);
            let leaving = surplus(tx, new, limit, [COUNT, HELD], |row| {
                let held = record(row)?;
                // A revoked family is over, like an expired one.
                let end = held.revoked.map(|_| UnixTime::from_secs(0));
                let grant = match end {
                    Some(end) => held.grant.with_lifetime(end, Duration::ZERO),
                    None => held.grant,
                };
                Ok((held.id, grant))
            })?;
            for id in leaving.over.iter().chain(&leaving.ended) {
                tx.write(DELETE, [id.as_bytes()])?;
            }
            Ok(created(sequence, leaving.ended))
        })
    }

    fn find(
        &self,
        id: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<RefreshFamily>>, StoreError>> {
        self.read(move |conn| {
            let found = read_one(conn, FIND, [id.as_bytes()], record)?;
            lookup(conn, found.map(Arc::new), |family| &family.grant)
        })
    }

    fn update(&self, mut new: RefreshFamily) -> NowOrLater<'_, Result<u64, StoreError>> {
        self.write(move |tx| {
            let stored = read_one(tx.conn(), FIND, [new.id.as_bytes()], record)?;
            let stored = stored.ok_or(StoreErrorKind::Conflict)?;
            let version = next_version(tx, (&stored.grant, stored.version), new.version)?;
            new.grant = kept(&stored.grant, &new.grant);
            new.version = version;
            tx.write_one(UPDATE, params_from_iter(row(&new)?))?;
            Ok(version)
        })
    }
}

macro_rules! columns {
    () => {
        concat!(
            "id, version, current, spent, spent_at, sealed, thumbprint, revoked, ",
            grant_columns!()
        )
    };
}

const FIND: &str = concat!("SELECT ", columns!(), " FROM family WHERE id = ?1");

const INSERT: &str = concat!(
    "INSERT INTO family (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
     ?19, ?20)"
);

const COUNT: &str = "SELECT count(*) FROM \
     (SELECT 1 FROM family WHERE authority = ?1 AND subject = ?2 LIMIT ?3)";

const HELD: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM family WHERE authority = ?1 AND subject = ?2 ORDER BY since LIMIT ?3"
);

const DELETE: &str = "DELETE FROM family WHERE id = ?1";

const UPDATE: &str = "UPDATE family SET version = ?2, current = ?3, spent = ?4, spent_at = ?5, \
     sealed = ?6, thumbprint = ?7, revoked = ?8, authority = ?9, subject = ?10, client = ?11, \
     session = ?12, scopes = ?13, claims = ?14, created = ?15, since = ?16, last_used = ?17, \
     expires = ?18, idle = ?19, ends = ?20 WHERE id = ?1";

fn row(family: &RefreshFamily) -> Result<impl Iterator<Item = Value> + use<>, Fault> {
    let is_partial = family.spent.is_some() != family.spent_at.is_some()
        || (family.spent.is_none() && !family.sealed.is_empty());
    if is_partial {
        // It could not be read again.
        return Err(corrupt("a spent token is given only in part"));
    }
    let blob = |bytes: &[u8]| Value::Blob(bytes.to_vec());
    let own = [
        blob(family.id.as_bytes()),
        number(family.version)?.into(),
        blob(family.current.as_bytes()),
        family.spent.map(|spent| blob(spent.as_bytes())).into(),
        some_time(family.spent_at)?,
        family.spent.map(|_| blob(&family.sealed)).into(),
        family.thumbprint.map(|print| blob(&print)).into(),
        some_time(family.revoked)?,
    ];
    Ok(own.into_iter().chain(values(&family.grant)?))
}

fn record(row: &Row<'_>) -> Result<RefreshFamily, Fault> {
    let mut columns = Columns::of(row);
    let id = TokenDigest::new(columns.take()?);
    let version = columns.number()?;
    let current = TokenDigest::new(columns.take()?);
    let spent = columns.take::<Option<[u8; 32]>>()?.map(TokenDigest::new);
    let (spent_at, sealed) = (columns.some_time()?, columns.take::<Option<Vec<u8>>>()?);
    if spent.is_some() != spent_at.is_some() || spent.is_some() != sealed.is_some() {
        return Err(corrupt("a spent token is stored only in part"));
    }
    let thumbprint = columns.take()?;
    let revoked = columns.some_time()?;
    let mut family = RefreshFamily::new(id, current, grant(&mut columns)?);
    family.version = version;
    (family.spent, family.spent_at) = (spent, spent_at);
    family.sealed = sealed.unwrap_or_default();
    (family.thumbprint, family.revoked) = (thumbprint, revoked);
    Ok(family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::grant::Grant;

    #[test]
    fn a_spent_token_that_is_given_in_part_is_not_written() {
        let now = UnixTime::from_secs(1_700_000_000);
        let digest = TokenDigest::new([7; 32]);
        let family = |spent, spent_at, sealed: &[u8]| {
            let grant =
                Grant::new("service", "alice", now).with_sequence(Some(Sequence::next(None, now)));
            let mut family = RefreshFamily::new(TokenDigest::new([1; 32]), digest, grant);
            (family.spent, family.spent_at) = (spent, spent_at);
            family.sealed = sealed.to_vec();
            row(&family).is_ok()
        };
        assert!(family(None, None, &[]) && family(Some(digest), Some(now), &[]));
        assert!(family(Some(digest), Some(now), &[1]));
        assert!(!family(Some(digest), None, &[1]) && !family(None, Some(now), &[]));
        assert!(!family(None, None, &[1]));
    }
}
