//! Families of refresh tokens in the database file.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::list::{Listed, page};
use super::{created, grant, grant_columns, kept, lookup, next_version, numbered, surplus, values};
use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::Grant;
use crate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, Sequence, SubjectLimit, TokenDigest,
};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::refresh::{RefreshFamily, RefreshTokenStore, SpentToken};
use crate::stores::sqlite::SqliteStore;
use crate::stores::sqlite::column::{Columns, number, some_time, time};
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

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<RefreshFamily>>, StoreError>> {
        self.read(move |conn| page(conn, LIST, &query, record))
    }
}

impl Listed for RefreshFamily {
    fn grant(&self) -> &Grant {
        &self.grant
    }

    fn digest(&self) -> &TokenDigest {
        &self.id
    }
}

macro_rules! columns {
    () => {
        concat!(
            "id, version, current, spent, spent_at, sealed, thumbprint, revoked, earlier, ",
            grant_columns!()
        )
    };
}

const FIND: &str = concat!("SELECT ", columns!(), " FROM family WHERE id = ?1");

const INSERT: &str = concat!(
    "INSERT INTO family (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
     ?19, ?20, ?21)"
);

const COUNT: &str = "SELECT count(*) FROM \
     (SELECT 1 FROM family WHERE authority = ?1 AND subject = ?2 LIMIT ?3)";

const HELD: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM family WHERE authority = ?1 AND subject = ?2 ORDER BY since LIMIT ?3"
);

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM family WHERE authority = ?1 AND subject = ?2 AND (since, id) < (?3, ?4) \
     ORDER BY since DESC, id DESC LIMIT ?5"
);

const DELETE: &str = "DELETE FROM family WHERE id = ?1";

const UPDATE: &str = "UPDATE family SET version = ?2, current = ?3, spent = ?4, spent_at = ?5, \
     sealed = ?6, thumbprint = ?7, revoked = ?8, earlier = ?9, authority = ?10, subject = ?11, \
     client = ?12, session = ?13, scopes = ?14, claims = ?15, created = ?16, since = ?17, \
     last_used = ?18, expires = ?19, idle = ?20, ends = ?21 WHERE id = ?1";

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
        earlier(family)?,
    ];
    Ok(own.into_iter().chain(values(&family.grant)?))
}

/// The earlier tokens one after the other, each its time and its digest; null for none.
fn earlier(family: &RefreshFamily) -> Result<Value, Fault> {
    if family.earlier.is_empty() {
        return Ok(Value::Null);
    }
    if family.earlier.len() > limits::REFRESH_EARLIER {
        return Err(corrupt("a family has too many earlier tokens"));
    }
    let parts = family.earlier.iter().map(|spent| {
        let at = time(spent.at)?.to_be_bytes();
        Ok([&at[..], spent.digest.as_bytes()].concat())
    });
    let parts: Vec<_> = parts.collect::<Result<_, Fault>>()?;
    Ok(Value::Blob(parts.concat()))
}

fn read_earlier(bytes: &[u8]) -> Result<Vec<SpentToken>, Fault> {
    let malformed = || corrupt("the earlier tokens of a family are malformed");
    let (parts, rest) = bytes.as_chunks::<{ 8 + 32 }>();
    if !rest.is_empty() || parts.len() > limits::REFRESH_EARLIER {
        return Err(malformed());
    }
    let read = |part: &[u8; 40]| {
        let (at, digest) = part.split_first_chunk()?;
        let at = u64::try_from(i64::from_be_bytes(*at)).ok()?;
        let digest = TokenDigest::new(*digest.first_chunk()?);
        Some(SpentToken::new(digest, UnixTime::from_secs(at)))
    };
    let read = |part| read(part).ok_or_else(malformed);
    parts.iter().map(read).collect()
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
    let earlier = columns.take::<Option<Vec<u8>>>()?;
    let mut family = RefreshFamily::new(id, current, grant(&mut columns)?);
    family.version = version;
    (family.spent, family.spent_at) = (spent, spent_at);
    family.sealed = sealed.unwrap_or_default();
    (family.thumbprint, family.revoked) = (thumbprint, revoked);
    family.earlier = read_earlier(&earlier.unwrap_or_default())?;
    Ok(family)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn earlier_tokens_are_read_as_they_were_written_and_only_whole() {
        let now = UnixTime::from_secs(1_700_000_000);
        let digest = |byte| TokenDigest::new([byte; 32]);
        let mut family = RefreshFamily::new(digest(1), digest(2), Grant::new("a", "s", now));
        assert_eq!(earlier(&family).unwrap(), Value::Null);
        for byte in 0..limits::REFRESH_EARLIER {
            family
                .earlier
                .push(SpentToken::new(digest(byte as u8), now));
            let Value::Blob(bytes) = earlier(&family).unwrap() else {
                panic!("it is not a blob");
            };
            assert_eq!(read_earlier(&bytes).unwrap(), family.earlier);
            assert!(read_earlier(&bytes[1..]).is_err());
            assert!(read_earlier(&[&bytes[..], &[0; 40 * 3]].concat()).is_err());
            assert!(read_earlier(&[&[0xff; 8], &bytes[8..]].concat()).is_err());
        }
        family.earlier.push(SpentToken::new(digest(9), now));
        assert!(earlier(&family).is_err());
    }
}
