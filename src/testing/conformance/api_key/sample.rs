//! Records for the suite.

use std::collections::BTreeMap;

use crate::api_key::ApiKeyChange;
use crate::api_key::ApiKeyChange::Remove;
use crate::api_key::ApiKeyId;
use crate::api_key::ApiKeyRecord;
use crate::api_key::ApiKeyRow;
use crate::api_key::Disabled;
use crate::api_key::KeyDigest;
use crate::api_key::PepperVersion;
use crate::api_key::PepperedDigest;
use crate::clock::UnixTime;
use crate::limits;
use crate::testing::conformance::Breach;
use crate::testing::conformance::NOW;
use crate::testing::conformance::at;
use crate::testing::conformance::good;

pub(super) fn removal(parts: &ApiKeyRow) -> ApiKeyChange {
    Remove {
        id: parts.id,
        version: parts.version,
    }
}

pub(super) fn next(parts: &ApiKeyRow) -> ApiKeyRow {
    let mut parts = parts.clone();
    parts.version += 1;
    parts
}

pub(super) fn foreign(mut parts: ApiKeyRow, byte: u8) -> ApiKeyRow {
    parts.is_legacy = true;
    parts.digest = digest(byte, 3);
    parts
}

/// A record with nothing but what every record has.
pub(super) fn parts(name: &str, number: usize) -> Result<ApiKeyRow, Breach> {
    let owner = ("ring".into(), format!("{name}-{number}"));
    Ok(ApiKeyRow::new(id(name, number)?, digest(0, 1), owner, NOW))
}

/// A record with everything, and with characters that a store must not trip over.
pub(super) fn full(name: &str, number: usize) -> Result<ApiKeyRow, Breach> {
    let odd = |text: &str| format!("{text} '\"\\%_;--\u{0}\u{1f511}\u{e9}\n");
    let mut parts = parts(name, number)?;
    parts.digest = digest(0xff, u32::MAX);
    parts.not_before = Some(UnixTime::from_secs(0));
    parts.expires_at = Some(UnixTime::from_secs(limits::TIME_MAX));
    parts.disabled = Some(Disabled::new(at(1), odd("why")));
    parts.last_used = Some(at(2));
    parts.predecessor = Some(id("before", number)?);
    parts.successor = Some(id("after", number)?);
    parts.tenant = Some("\u{1f511} 'tenant' \"\\".to_owned());
    parts.scopes = ["orders:read", "'", "\u{e9}"].map(str::to_owned).into();
    parts.roles = ["a role", "another \"role\""].map(str::to_owned).into();
    parts.name = Some(odd("name"));
    parts.metadata = BTreeMap::from([
        (String::new(), String::new()),
        (odd("key"), odd("value")),
        ("long".to_owned(), "x".repeat(10_000)),
    ]);
    parts.limit_class = Some(odd("class"));
    let addresses = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"];
    parts.addresses = addresses
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    Ok(parts)
}

pub(super) fn record(parts: ApiKeyRow) -> Result<ApiKeyRecord, Breach> {
    good(
        ApiKeyRecord::from_parts(parts),
        "the suite makes good records",
    )
}

pub(super) fn digest(byte: u8, pepper: u32) -> PepperedDigest {
    let digest = KeyDigest::from_bytes([byte; 32]);
    PepperedDigest::new(digest, PepperVersion::from_number(pepper))
}

/// An id that begins with the name.
pub(super) fn id(name: &str, number: usize) -> Result<ApiKeyId, Breach> {
    let digits = ApiKeyId::LEN.saturating_sub(name.len());
    let id = format!("{name}{number:0digits$}").parse();
    id.map_err(|_| Breach::new("the suite makes good ids"))
}
