//! Sessions in the database file.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use super::list::{Listed, page};
use super::{
    created, grant, grant_columns, is_revoked, kept, lookup, next_version, numbered, surplus,
    values,
};
use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::Grant;
use crate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, Sequence, SubjectLimit, TokenDigest,
};
use crate::now_or_later::NowOrLater;
use crate::session::{SessionRecord, SessionStore};
use crate::stores::sqlite::SqliteStore;
use crate::stores::sqlite::column::{Columns, bound, number, time};
use crate::stores::sqlite::error::Fault;
use crate::stores::sqlite::transaction::{Change, read_one};

impl SessionStore for SqliteStore {
    fn create(&self, mut session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.write(move |tx| {
            let (grant, sequence) = numbered(tx, &session.grant)?;
            (session.grant, session.version) = (grant, 1);
            tx.write_one(INSERT, params_from_iter(row(session)?))?;
            Ok(sequence)
        })
    }

    fn create_within(
        &self,
        mut session: SessionRecord,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        self.write(move |tx| {
            let (grant, sequence) = numbered(tx, &session.grant)?;
            let digest = session.digest;
            (session.grant, session.version) = (grant.clone(), 1);
            tx.write_one(INSERT, params_from_iter(row(session)?))?;
            let leaving = surplus(tx, (digest, &grant), limit, [COUNT, HELD], |row| {
                record(row).map(|held| (held.digest, held.grant))
            })?;
            for over in leaving.over {
                tx.write(DELETE, [over.as_bytes()])?;
            }
            for ended in &leaving.ended {
                tx.write(DELETE_FAMILIES, [ended.as_bytes()])?;
                tx.write(DELETE, [ended.as_bytes()])?;
            }
            Ok(created(sequence, leaving.ended))
        })
    }

    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
        self.read(move |conn| {
            let found = read_one(conn, FIND, [digest.as_bytes()], record)?;
            lookup(conn, found.map(Arc::new), |session| &session.grant)
        })
    }

    fn update(
        &self,
        old: TokenDigest,
        mut new: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>> {
        self.write(move |tx| {
            let stored = stored(tx, old)?.ok_or(StoreErrorKind::Conflict)?;
            let version = next_version(tx, (&stored.grant, stored.version), new.version)?;
            new.grant = kept(&stored.grant, &new.grant);
            new.version = version;
            let old = Value::Blob(old.as_bytes().to_vec());
            tx.write_one(UPDATE, params_from_iter(row(new)?.chain([old])))?;
            Ok(version)
        })
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.write_relaxed(move |tx| {
            let Some(stored) = stored(tx, digest)? else {
                return Ok(false);
            };
            if is_revoked(tx.conn(), &stored.grant)? {
                return Ok(false);
            }
            if stored.grant.last_used() < at {
                let ends = stored.grant.with_last_used(at).expires_if_unused();
                tx.write_one(TOUCH, params![digest.as_bytes(), time(at)?, bound(ends)])?;
            }
            Ok(true)
        })
    }

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<SessionRecord>>, StoreError>> {
        self.read(move |conn| page(conn, LIST, &query, record))
    }
}

impl Listed for SessionRecord {
    fn grant(&self) -> &Grant {
        &self.grant
    }

    fn digest(&self) -> &TokenDigest {
        &self.digest
    }
}

macro_rules! columns {
    () => {
        concat!("digest, version, data, ", grant_columns!())
    };
}

const FIND: &str = concat!("SELECT ", columns!(), " FROM session WHERE digest = ?1");

const INSERT: &str = concat!(
    "INSERT INTO session (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
);

const UPDATE: &str = "UPDATE session SET digest = ?1, version = ?2, data = ?3, authority = ?4, \
     subject = ?5, client = ?6, session = ?7, scopes = ?8, claims = ?9, created = ?10, \
     since = ?11, last_used = ?12, expires = ?13, idle = ?14, ends = ?15 WHERE digest = ?16";

const COUNT: &str = "SELECT count(*) FROM \
     (SELECT 1 FROM session WHERE authority = ?1 AND subject = ?2 LIMIT ?3)";

// Without the data, which may be long.
const HELD: &str = concat!(
    "SELECT digest, version, x'', ",
    grant_columns!(),
    " FROM session WHERE authority = ?1 AND subject = ?2 ORDER BY since LIMIT ?3"
);

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM session WHERE authority = ?1 AND subject = ?2 AND (since, digest) < (?3, ?4) \
     ORDER BY since DESC, digest DESC LIMIT ?5"
);

const DELETE: &str = "DELETE FROM session WHERE digest = ?1";

const DELETE_FAMILIES: &str = "DELETE FROM family WHERE (authority, session) IN \
     (SELECT authority, session FROM session WHERE digest = ?1)";

const TOUCH: &str = "UPDATE session SET last_used = ?2, ends = ?3 WHERE digest = ?1";

fn stored(tx: &Change<'_>, digest: TokenDigest) -> Result<Option<SessionRecord>, Fault> {
    read_one(tx.conn(), FIND, [digest.as_bytes()], record)
}

fn row(session: SessionRecord) -> Result<impl Iterator<Item = Value>, Fault> {
    let own = [
        session.digest.as_bytes().to_vec().into(),
        number(session.version)?.into(),
        session.data.into(),
    ];
    Ok(own.into_iter().chain(values(&session.grant)?))
}

fn record(row: &Row<'_>) -> Result<SessionRecord, Fault> {
    let mut columns = Columns::of(row);
    let digest = TokenDigest::new(columns.take()?);
    let version = columns.number()?;
    let data = columns.take()?;
    let mut session = SessionRecord::new(digest, grant(&mut columns)?);
    (session.version, session.data) = (version, data);
    Ok(session)
}
