//! The common part of sessions and families of refresh tokens in the database file.
//!
//! The schema calls a revocation `mark` and a sequence number `moment` or `since`.

mod family;
mod list;
mod purge;
mod session;

use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::column::{Columns, bound, number, time};
use super::error::{Fault, corrupt};
use super::transaction::{Change, read_all};
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::store::{
    Created, Lookup, RevocationRecord, Sequence, SessionHandle, SubjectLimit, TokenDigest,
};
use crate::grant::{Grant, GrantStore};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;
use crate::stores::subject::{Held, Leaving, leaving};

impl GrantStore for SqliteStore {
    fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
        self.write(move |tx| {
            let sequence = number(next_sequence(tx, record.at())?.as_u64())?;
            let target = record.target();
            let (kind, authority) = (target.kind().as_str(), target.authority());
            let (at, until) = (time(record.at())?, bound(record.until()));
            let row = params![kind, authority, target.id(), at, sequence, until];
            tx.write_one(REVOKE, row)
        })
    }

    fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.read(move |conn| is_revoked(conn, &grant))
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        // Each step is a transaction, so that other changes are made in between.
        NowOrLater::later(async move {
            loop {
                let step = self.write(move |tx| purge::purge(tx, now)).await?;
                if step.removed > 0 || step.is_done {
                    return Ok(step.removed);
                }
            }
        })
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.check_grants()
    }
}

const LAST_SEQUENCE: &str = "SELECT last FROM moment";

const SET_SEQUENCE: &str = "INSERT INTO moment (id, last) VALUES (1, ?1) \
     ON CONFLICT (id) DO UPDATE SET last = excluded.last";

const REVOKE: &str = "INSERT INTO mark (kind, authority, id, at, moment, until) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
     ON CONFLICT (kind, authority, id) DO UPDATE SET \
     at = excluded.at, moment = excluded.moment, until = max(until, excluded.until), \
     is_swept = 0";

const REVOKED_AT: &str = "SELECT moment FROM mark WHERE kind = ?1 AND authority = ?2 AND id = ?3";

fn next_sequence(tx: &mut Change<'_>, now: UnixTime) -> Result<Sequence, Fault> {
    let next = Sequence::next(last_sequence(tx)?, now);
    set_sequence(tx, next)?;
    Ok(next)
}

fn last_sequence(tx: &Change<'_>) -> Result<Option<Sequence>, Fault> {
    tx.read_one(LAST_SEQUENCE, [], |row| sequence(row.get(0)?))
}

fn set_sequence(tx: &mut Change<'_>, last: Sequence) -> Result<(), Fault> {
    tx.write_one(SET_SEQUENCE, [number(last.as_u64())?])
}

fn sequence(number: i64) -> Result<Sequence, Fault> {
    let number = number
        .try_into()
        .map_err(|_| corrupt("a sequence number is negative"))?;
    Ok(Sequence::from_u64(number))
}

/// Gives a new grant its sequence number, unless it is revoked.
fn numbered(tx: &mut Change<'_>, grant: &Grant) -> Result<(Grant, Sequence), Fault> {
    let sequence = match grant.sequence() {
        Some(sequence) => {
            // Another store may have given it; every later number must be greater.
            if last_sequence(tx)? < Some(sequence) {
                set_sequence(tx, sequence)?;
            }
            sequence
        }
        None => next_sequence(tx, grant.created())?,
    };
    let grant = grant.clone().with_sequence(Some(sequence));
    if is_revoked(tx.conn(), &grant)? {
        return Err(StoreErrorKind::Conflict.into());
    }
    Ok((grant, sequence))
}

/// Reads the grants of the subject of one that was just stored, if there are more than the limit
/// allows, and chooses what leaves.
///
/// `count` counts the records of an authority and subject up to a number, `held` reads them, the
/// oldest first.
fn surplus(
    tx: &Change<'_>,
    (digest, grant): (TokenDigest, &Grant),
    limit: SubjectLimit,
    [count, held]: [&str; 2],
    read: impl Fn(&Row<'_>) -> Result<(TokenDigest, Grant), Fault>,
) -> Result<Leaving<TokenDigest>, Fault> {
    let owner = |most: usize| {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        (grant.authority().as_str(), grant.subject(), most)
    };
    let wanted = limit.most().saturating_add(1);
    let counted = tx.read_one(count, owner(wanted), |row| Ok(row.get::<_, i64>(0)?))?;
    let mut others = Vec::new();
    if counted.is_some_and(|counted| usize::try_from(counted).is_ok_and(|n| n >= wanted)) {
        let most = limits::GRANTS_PER_SUBJECT_MAX.saturating_add(1);
        for (own, held) in read_all(tx.conn(), held, owner(most), read)? {
            if own != digest {
                let is_over = held.has_expired(grant.created()) || is_revoked(tx.conn(), &held)?;
                others.push(Held::new(own, &held, is_over));
            }
        }
    }
    Ok(leaving(limit, others)?)
}

fn created(sequence: Sequence, ended: Vec<TokenDigest>) -> Created {
    let mut created = Created::new(sequence);
    created.ended = ended;
    created
}

/// The version after a change, if the change expects what is stored and the grant is not revoked.
fn next_version(tx: &Change<'_>, stored: (&Grant, u64), expected: u64) -> Result<u64, Fault> {
    let (grant, version) = stored;
    if version != expected || is_revoked(tx.conn(), grant)? {
        return Err(StoreErrorKind::Conflict.into());
    }
    Ok(version.checked_add(1).ok_or(StoreErrorKind::Full)?)
}

/// The new grant with what a change keeps of the old one.
fn kept(old: &Grant, new: &Grant) -> Grant {
    let last_used = old.last_used().max(new.last_used());
    let new = new.clone().with_sequence(old.sequence());
    new.with_last_used(last_used)
}

/// The result for a record, by the revocations in the same state of the file.
fn lookup<R>(
    conn: &Connection,
    found: Option<R>,
    grant: impl FnOnce(&R) -> &Grant,
) -> Result<Lookup<R>, Fault> {
    let Some(record) = found else {
        return Ok(Lookup::Unknown);
    };
    Ok(match is_revoked(conn, grant(&record))? {
        true => Lookup::Revoked,
        false => Lookup::Live(record),
    })
}

fn is_revoked(conn: &Connection, grant: &Grant) -> Result<bool, Fault> {
    for target in grant.revocation_targets() {
        let key = params![target.kind().as_str(), target.authority(), target.id()];
        let mut statement = conn.prepare_cached(REVOKED_AT)?;
        let found = statement.query_row(key, |row| row.get(0)).optional()?;
        let written = found.map(sequence).transpose()?;
        if written.is_some_and(|at| RevocationRecord::revokes(target.kind(), at, grant)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The columns of a grant, the last ones of their table.
macro_rules! grant_columns {
    () => {
        "authority, subject, client, session, scopes, claims, created, since, last_used, expires, \
         idle, ends"
    };
}
use grant_columns;

/// The values of a grant, in the order of the columns.
fn values(grant: &Grant) -> Result<[Value; 12], Fault> {
    let sequence = grant
        .sequence()
        .ok_or_else(|| corrupt("a grant has no sequence number"))?;
    let text = |text: Option<&str>| Value::from(text.map(str::to_owned));
    Ok([
        text(Some(grant.authority().as_str())),
        text(Some(grant.subject())),
        text(grant.client()),
        grant.session().map(|session| session.to_string()).into(),
        text(grant.scopes()),
        text(grant.claims()),
        time(grant.created())?.into(),
        number(sequence.as_u64())?.into(),
        time(grant.last_used())?.into(),
        time(grant.expires())?.into(),
        // Never compared in SQL, so `Duration::MAX` may keep its bits as a negative number.
        grant.idle().as_secs().cast_signed().into(),
        bound(grant.expires_if_unused()).into(),
    ])
}

fn grant(columns: &mut Columns<'_>) -> Result<Grant, Fault> {
    let authority = Authority::from(columns.take::<String>()?);
    let subject: String = columns.take()?;
    let client = columns.take()?;
    let session = columns.take::<Option<String>>()?;
    let session = session.map(|text| {
        SessionHandle::parse(&text).ok_or_else(|| corrupt("a session's handle is malformed"))
    });
    let session = session.transpose()?;
    let (scopes, claims) = (columns.take()?, columns.take()?);
    let created = columns.time()?;
    let sequence = Sequence::from_u64(columns.number()?);
    let (last_used, expires) = (columns.time()?, columns.time()?);
    let idle = Duration::from_secs(columns.take::<i64>()?.cast_unsigned());
    Ok(Grant::new(authority, subject, created)
        .with_client(client)
        .with_session(session)
        .with_scopes(scopes)
        .with_claims(claims)
        .with_sequence(Some(sequence))
        .with_last_used(last_used)
        .with_lifetime(expires, idle))
}
