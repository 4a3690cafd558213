//! API keys in SQLite.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::column::{Columns, bound, number, some_time, time};
use super::error::{Fault, corrupt};
use super::pepper::uses;
use super::store::SqliteStore;
use super::transaction::{read_all, read_one};
use crate::api_key::store::{
    ApiKeyChange, ApiKeyFilter, ApiKeyQuery, ApiKeyRow, Disabled, KeptCheck, PepperCheck,
    PepperProof, PepperUse,
};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, PepperedDigest};
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;

impl ApiKeyStore for SqliteStore {
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.read(move |conn| read_one(conn, FIND, [id.as_str()], record))
    }

    fn find_by_digest(
        &self,
        digest: PepperedDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.read(move |conn| read_one(conn, FIND_LEGACY, [digest.as_bytes()], record))
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        self.read(move |conn| {
            let authority = query.authority.as_str();
            let after = query.after.as_ref().map_or("", ApiKeyId::as_str);
            let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
            let page = params![authority, after, limit];
            match query.filter {
                ApiKeyFilter::All => read_all(conn, LIST_ALL, page, record),
                ApiKeyFilter::EndedBy(time) => {
                    let page = params![authority, after, limit, bound(time)];
                    read_all(conn, LIST_ENDED, page, record)
                }
                ApiKeyFilter::ExpiresBy(time) => {
                    let page = params![authority, after, limit, bound(time)];
                    read_all(conn, LIST_EXPIRING, page, record)
                }
                ApiKeyFilter::Subject(subject) => {
                    let page = params![authority, after, limit, subject];
                    read_all(conn, LIST_SUBJECT, page, record)
                }
                ApiKeyFilter::Tenant(tenant) => {
                    let page = params![authority, after, limit, tenant];
                    read_all(conn, LIST_TENANT, page, record)
                }
            }
        })
    }

    fn ended(
        &self,
        authority: Authority,
        time: UnixTime,
        most: usize,
    ) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        self.read(move |conn| {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let some = params![authority.as_str(), bound(time), most];
            read_all(conn, ENDED, some, record)
        })
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        self.write(move |tx| {
            changes.into_iter().try_for_each(|change| match change {
                ApiKeyChange::Insert(record) => {
                    tx.write_one(INSERT, params_from_iter(values(&record)?))
                }
                ApiKeyChange::Remove { id, version } => {
                    tx.write_one(REMOVE, params![id.as_str(), number(version)?])
                }
                ApiKeyChange::Replace(record) => {
                    tx.write_one(REPLACE, params_from_iter(values(&record)?))
                }
            })
        })
    }

    /// Uses of several keys are written together. While those of 16 384 keys are waiting, uses of
    /// other keys are lost.
    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        if !self.uses.add(id, now) {
            return;
        }
        let uses = Arc::clone(&self.uses);
        let is_scheduled = self.writer.send(move |writer| {
            let taken = uses.take();
            // A use may be lost: nobody waits for it, and the next use adds another.
            let _ = writer.write_relaxed(|tx| {
                for (id, now) in taken {
                    tx.write(TOUCH, params![id.as_str(), bound(now)])?;
                }
                Ok(())
            });
        });
        if !is_scheduled {
            self.uses.not_scheduled();
        }
    }

    fn keep_pepper_check(
        &self,
        authority: Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> NowOrLater<'_, Result<KeptCheck, StoreError>> {
        self.keep_check(authority, check, proof)
    }

    fn pepper_uses(
        &self,
        authority: Authority,
    ) -> NowOrLater<'_, Result<Option<Vec<PepperUse>>, StoreError>> {
        self.read(move |conn| uses(conn, &authority).map(Some))
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.check_keys()
    }
}

macro_rules! columns {
    () => {
        "id, version, is_foreign, digest, pepper, authority, subject, tenant, created_at, \
         not_before, expires_at, disabled_at, disabled_reason, last_used, predecessor, successor, \
         scopes, roles, name, metadata, addresses, limit_class, ends_at"
    };
}

macro_rules! select {
    ($condition:literal) => {
        concat!("SELECT ", columns!(), " FROM api_key WHERE ", $condition)
    };
}

macro_rules! page {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM api_key WHERE authority = ?1 AND ",
            $condition,
            " ORDER BY id LIMIT ?3"
        )
    };
}

const FIND: &str = select!("id = ?1");
const FIND_LEGACY: &str = select!("digest = ?1 AND is_foreign");

const LIST_ALL: &str = page!("id > ?2");
// Few keys have ended or are about to. The plus keeps SQLite from scanning all keys by id.
const LIST_ENDED: &str = page!("+id > ?2 AND ends_at <= ?4");
// In no order, so that it reads no more than it returns.
const ENDED: &str = select!("authority = ?1 AND ends_at <= ?2 LIMIT ?3");
const LIST_EXPIRING: &str =
    page!("+id > ?2 AND ends_at <= ?4 AND disabled_at IS NULL AND successor IS NULL");
const LIST_SUBJECT: &str = page!("id > ?2 AND subject = ?4");
const LIST_TENANT: &str = page!("id > ?2 AND tenant = ?4");

const INSERT: &str = concat!(
    "INSERT INTO api_key (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
     ?19, ?20, ?21, ?22, ?23)"
);

const REPLACE: &str = "UPDATE api_key SET version = ?2, is_foreign = ?3, digest = ?4, \
     pepper = ?5, authority = ?6, subject = ?7, tenant = ?8, created_at = ?9, not_before = ?10, \
     expires_at = ?11, disabled_at = ?12, disabled_reason = ?13, \
     last_used = nullif(max(ifnull(last_used, -1), ifnull(?14, -1)), -1), predecessor = ?15, \
     successor = ?16, scopes = ?17, roles = ?18, name = ?19, metadata = ?20, addresses = ?21, \
     limit_class = ?22, ends_at = ?23 \
     WHERE id = ?1 AND version = ?2 - 1";

const REMOVE: &str = "DELETE FROM api_key WHERE id = ?1 AND version = ?2";

const TOUCH: &str =
    "UPDATE api_key SET last_used = ?2 WHERE id = ?1 AND ifnull(last_used, -1) < ?2";

/// Returns the values of a record in the order of the columns.
fn values(record: &ApiKeyRecord) -> Result<[Value; 23], Fault> {
    let row = record.to_row();
    let (disabled_at, disabled_reason) = row.disabled.map(|d| (d.at, d.reason)).unzip();
    Ok([
        text(row.id),
        number(row.version)?.into(),
        row.is_legacy.into(),
        row.digest.as_bytes().to_vec().into(),
        row.digest.pepper_version().into(),
        text(row.authority.as_str()),
        row.subject.into(),
        row.tenant.into(),
        time(row.created_at)?.into(),
        some_time(row.not_before)?,
        some_time(row.expires_at)?,
        some_time(disabled_at)?,
        disabled_reason.into(),
        some_time(row.last_used)?,
        row.predecessor.map(text).into(),
        row.successor.map(text).into(),
        json(&row.scopes)?,
        json(&row.roles)?,
        row.name.into(),
        json(&row.metadata)?,
        json(
            &row.addresses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        )?,
        row.limit_class.into(),
        some_time(record.ends_at())?,
    ])
}

fn record(stored: &Row<'_>) -> Result<ApiKeyRecord, Fault> {
    let mut columns = Columns::of(stored);
    let id = parsed(&columns.take::<String>()?)?;
    let version = columns.number()?;
    let is_legacy = columns.take()?;
    let digest = PepperedDigest::from_stored(columns.take()?, columns.take()?);
    let authority = Authority::from(columns.take::<String>()?);
    let owner = (authority, columns.take()?);
    let tenant = columns.take()?;
    let mut row = ApiKeyRow::new(id, digest, owner, columns.time()?);
    row.version = version;
    row.is_legacy = is_legacy;
    row.tenant = tenant;
    row.not_before = columns.some_time()?;
    row.expires_at = columns.some_time()?;
    row.disabled = disabled(columns.some_time()?, columns.take()?);
    row.last_used = columns.some_time()?;
    row.predecessor = some_id(columns.take()?)?;
    row.successor = some_id(columns.take()?)?;
    row.scopes = from_json(&columns.take::<String>()?)?;
    row.roles = from_json(&columns.take::<String>()?)?;
    row.name = columns.take()?;
    row.metadata = from_json(&columns.take::<String>()?)?;
    let addresses: Vec<String> = from_json(&columns.take::<String>()?)?;
    row.addresses = addresses
        .iter()
        .map(|a| parsed(a))
        .collect::<Result<_, _>>()?;
    row.limit_class = columns.take()?;
    Ok(ApiKeyRecord::from_row(row)?)
}

fn disabled(at: Option<UnixTime>, reason: Option<String>) -> Option<Disabled> {
    Some(Disabled::new(at?, reason.unwrap_or_default()))
}

fn some_id(text: Option<String>) -> Result<Option<ApiKeyId>, Fault> {
    text.as_deref().map(parsed).transpose()
}

fn parsed<T: FromStr>(text: &str) -> Result<T, Fault> {
    text.parse()
        .map_err(|_| corrupt("a key id or an address is malformed"))
}

fn text(value: impl Display) -> Value {
    Value::Text(value.to_string())
}

fn json(value: &impl Serialize) -> Result<Value, Fault> {
    serde_json::to_string(value)
        .map(Value::Text)
        .map_err(corrupt)
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    // The parser's error would show the stored text.
    serde_json::from_str(text).map_err(|_| corrupt("a list or a map is malformed"))
}
