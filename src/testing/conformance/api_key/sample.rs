//! Records of the suite, and access to them in a store.

use std::collections::BTreeMap;

use crate::api_key::store::{ApiKeyChange, ApiKeyRow, Disabled};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, PepperedDigest};
use crate::clock::UnixTime;
use crate::limits;
use crate::testing::conformance::{Breach, NOW, at, good};

pub(super) fn removal(row: &ApiKeyRow) -> ApiKeyChange {
    ApiKeyChange::Remove {
        id: row.id,
        version: row.version,
    }
}

pub(super) fn next(row: &ApiKeyRow) -> ApiKeyRow {
    let mut row = row.clone();
    row.version += 1;
    row
}

pub(super) fn legacy(mut row: ApiKeyRow, byte: u8) -> ApiKeyRow {
    row.is_legacy = true;
    row.digest = digest(byte, 3);
    row
}

/// A record with only the required values.
pub(super) fn row(name: &str, number: usize) -> Result<ApiKeyRow, Breach> {
    let owner = ("keys".into(), format!("{name}-{number}"));
    Ok(ApiKeyRow::new(id(name, number)?, digest(0, 1), owner, NOW))
}

/// A record with all values, and with characters that a store may handle wrongly.
pub(super) fn full(name: &str, number: usize) -> Result<ApiKeyRow, Breach> {
    let odd = |text: &str| format!("{text} '\"\\%_;--\u{0}\u{1f511}\u{e9}\n");
    let mut row = row(name, number)?;
    row.digest = digest(0xff, u32::MAX);
    row.not_before = Some(UnixTime::from_secs(0));
    row.expires_at = Some(UnixTime::from_secs(limits::TIME_MAX));
    row.disabled = Some(Disabled::new(at(1), odd("why")));
    row.last_used = Some(at(2));
    row.predecessor = Some(id("before", number)?);
    row.successor = Some(id("after", number)?);
    row.tenant = Some("\u{1f511} 'tenant' \"\\".to_owned());
    row.scopes = ["orders:read", "'", "\u{e9}"].map(str::to_owned).into();
    row.roles = ["a role", "another \"role\""].map(str::to_owned).into();
    row.name = Some(odd("name"));
    row.metadata = BTreeMap::from([
        (String::new(), String::new()),
        (odd("key"), odd("value")),
        ("long".to_owned(), "x".repeat(10_000)),
    ]);
    row.limit_class = Some(odd("class"));
    let addresses = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"];
    row.addresses = addresses
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    Ok(row)
}

pub(super) fn record(row: ApiKeyRow) -> Result<ApiKeyRecord, Breach> {
    good(
        ApiKeyRecord::from_row(row),
        "the records of the suite are valid",
    )
}

pub(super) fn digest(byte: u8, pepper: u32) -> PepperedDigest {
    PepperedDigest::from_stored([byte; 32], pepper)
}

/// Returns an id that begins with the name.
pub(super) fn id(name: &str, number: usize) -> Result<ApiKeyId, Breach> {
    let digits = ApiKeyId::LEN.saturating_sub(name.len());
    let id = format!("{name}{number:0digits$}").parse();
    id.map_err(|_| Breach::new("the ids of the suite are valid"))
}

/// Inserts a record, which must succeed.
pub(super) async fn insert(
    store: &dyn ApiKeyStore,
    row: ApiKeyRow,
    rule: &'static str,
) -> Result<(), Breach> {
    let change = ApiKeyChange::Insert(record(row)?);
    good(store.commit(vec![change]).await, rule)
}

/// Returns the present record of an id, which must exist.
pub(super) async fn current(
    store: &dyn ApiKeyStore,
    id: ApiKeyId,
    rule: &'static str,
) -> Result<ApiKeyRow, Breach> {
    let found = good(store.find(id).await, rule)?;
    found.map(|found| found.to_row()).ok_or(Breach::new(rule))
}

/// Finds a record by its digest.
pub(super) async fn by_digest(
    store: &dyn ApiKeyStore,
    byte: u8,
    rule: &'static str,
) -> Result<Option<ApiKeyRow>, Breach> {
    let found = good(store.find_by_digest(digest(byte, 0)).await, rule)?;
    Ok(found.map(|found| found.to_row()))
}
