//! What sessions and families of refresh tokens have in common in the file.

mod family;
mod purge;
mod session;

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;
use rusqlite::types::Value;

use super::SqliteStore;
use super::column::Columns;
use super::column::bound;
use super::column::number;
use super::column::time;
use super::error::Fault;
use super::error::corrupt;
use super::transaction::Change;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::error::StoreErrorKind;
use crate::grant::Grant;
use crate::grant::GrantStore;
use crate::grant::Lookup;
use crate::grant::Mark;
use crate::grant::MarkKey;
use crate::grant::Moment;
use crate::grant::SessionHandle;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;

impl GrantStore for SqliteStore {
    fn mark(&self, mark: Mark) -> NowOrLater<'_, Result<(), StoreError>> {
        self.write(move |tx| write_mark(tx, &mark))
    }

    fn has_ended(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.read(move |conn| is_ended(conn, &grant))
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.write(move |tx| purge::purge(tx, now))
    }
}

const LAST_MOMENT: &str = "SELECT last FROM moment";

const SET_MOMENT: &str = "INSERT INTO moment (id, last) VALUES (1, ?1) \
     ON CONFLICT (id) DO UPDATE SET last = excluded.last";

const WRITE_MARK: &str = "INSERT INTO mark (kind, authority, id, at, moment, until) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
     ON CONFLICT (kind, authority, id) DO UPDATE SET \
     at = excluded.at, moment = excluded.moment, until = max(until, excluded.until)";

const MARKED: &str = "SELECT moment FROM mark WHERE kind = ?1 AND authority = ?2 AND id = ?3";

fn write_mark(tx: &mut Change<'_>, mark: &Mark) -> Result<(), Fault> {
    let moment = next_moment(tx, mark.at())?;
    let key = mark.key();
    let (kind, authority) = (key.kind().as_str(), key.authority());
    let (at, until) = (time(mark.at())?, bound(mark.until()));
    let moment = number(moment.as_u64())?;
    tx.write_one(
        WRITE_MARK,
        params![kind, authority, key.id(), at, moment, until],
    )
}

fn next_moment(tx: &mut Change<'_>, now: UnixTime) -> Result<Moment, Fault> {
    let next = Moment::next(last_moment(tx)?, now);
    set_moment(tx, next)?;
    Ok(next)
}

/// Lets every later moment come after this one, which another store may have given.
fn catch_up(tx: &mut Change<'_>, since: Moment) -> Result<Moment, Fault> {
    if last_moment(tx)? < Some(since) {
        set_moment(tx, since)?;
    }
    Ok(since)
}

fn last_moment(tx: &Change<'_>) -> Result<Option<Moment>, Fault> {
    tx.read_one(LAST_MOMENT, [], |row| moment(row.get(0)?))
}

fn set_moment(tx: &mut Change<'_>, last: Moment) -> Result<(), Fault> {
    tx.write_one(SET_MOMENT, [number(last.as_u64())?])
}

fn moment(number: i64) -> Result<Moment, Fault> {
    let number = number
        .try_into()
        .map_err(|_| corrupt("a moment is negative"))?;
    Ok(Moment::from_u64(number))
}

/// Gives a new grant its moment, unless a mark has ended it.
fn dated(tx: &mut Change<'_>, grant: &Grant) -> Result<(Grant, Moment), Fault> {
    let since = match grant.since() {
        Some(since) => catch_up(tx, since)?,
        None => next_moment(tx, grant.created())?,
    };
    let grant = grant.clone().with_since(Some(since));
    if is_ended(tx.conn(), &grant)? {
        return Err(StoreErrorKind::Conflict.into());
    }
    Ok((grant, since))
}

/// The version after a change, if the change expects what is stored and no mark has ended it.
fn next_version(tx: &Change<'_>, stored: (&Grant, u64), expected: u64) -> Result<u64, Fault> {
    let (grant, version) = stored;
    if version != expected || is_ended(tx.conn(), grant)? {
        return Err(StoreErrorKind::Conflict.into());
    }
    Ok(version.checked_add(1).ok_or(StoreErrorKind::Full)?)
}

/// The new grant with what a change keeps of the old one.
fn kept(old: &Grant, new: &Grant) -> Grant {
    let last_used = old.last_used().max(new.last_used());
    let new = new.clone().with_since(old.since());
    new.with_last_used(last_used)
}

/// Takes a record for what it is among the marks of the same state of the file.
fn judged<R>(
    conn: &Connection,
    found: Option<R>,
    grant: impl FnOnce(&R) -> &Grant,
) -> Result<Lookup<R>, Fault> {
    let Some(record) = found else {
        return Ok(Lookup::Unknown);
    };
    Ok(match is_ended(conn, grant(&record))? {
        true => Lookup::Revoked,
        false => Lookup::Live(record),
    })
}

fn is_ended(conn: &Connection, grant: &Grant) -> Result<bool, Fault> {
    for key in grant.mark_keys() {
        if marked(conn, &key)?.is_some_and(|at| Mark::ends(key.kind(), at, grant)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn marked(conn: &Connection, key: &MarkKey<'_>) -> Result<Option<Moment>, Fault> {
    let params = params![key.kind().as_str(), key.authority(), key.id()];
    let mut statement = conn.prepare_cached(MARKED)?;
    let found = statement.query_row(params, |row| row.get(0)).optional()?;
    found.map(moment).transpose()
}

/// The columns of a grant, which stand last in their table.
macro_rules! grant_columns {
    () => {
        "authority, subject, client, session, scopes, claims, created, since, last_used, expires, \
         idle, ends"
    };
}
use grant_columns;

/// The values of a grant, in the order of the columns.
fn values(grant: &Grant) -> Result<[Value; 12], Fault> {
    let since = grant
        .since()
        .ok_or_else(|| corrupt("a grant has no moment"))?;
    let text = |text: Option<&str>| Value::from(text.map(str::to_owned));
    Ok([
        text(Some(grant.authority().as_str())),
        text(Some(grant.subject())),
        text(grant.client()),
        grant.session().map(|session| session.to_string()).into(),
        text(grant.scopes()),
        text(grant.claims()),
        time(grant.created())?.into(),
        number(since.as_u64())?.into(),
        time(grant.last_used())?.into(),
        time(grant.expires())?.into(),
        // A span that is never compared here, so that one without end keeps its number.
        grant.idle().as_secs().cast_signed().into(),
        bound(grant.ends()).into(),
    ])
}

fn grant(columns: &mut Columns<'_>) -> Result<Grant, Fault> {
    let authority = Authority::from(columns.take::<String>()?);
    let subject: String = columns.take()?;
    let client = columns.take()?;
    let session = columns.take::<Option<String>>()?;
    let session = session.as_deref().map(handle).transpose()?;
    let (scopes, claims) = (columns.take()?, columns.take()?);
    let created = columns.time()?;
    let since = Moment::from_u64(columns.number()?);
    let (last_used, expires) = (columns.time()?, columns.time()?);
    let idle = Duration::from_secs(columns.take::<i64>()?.cast_unsigned());
    Ok(Grant::new(authority, subject, created)
        .with_client(client)
        .with_session(session)
        .with_scopes(scopes)
        .with_claims(claims)
        .with_since(Some(since))
        .with_last_used(last_used)
        .with_lifetime(expires, idle))
}

fn handle(text: &str) -> Result<SessionHandle, Fault> {
    SessionHandle::parse(text).ok_or_else(|| corrupt("a session's handle is malformed"))
}
