//! Records of API keys.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::bounds::{LATEST, check_row, too_large};
use super::format::{ApiKeyId, PepperedDigest};
use super::store::{ApiKeyDetails, ApiKeyRow, Disabled};
use crate::clock::UnixTime;
use crate::error::{ConfigError, StoreError, StoreErrorKind};
use crate::json::Value;
use crate::principal::{Authority, BuiltFacts, Principal, PrincipalBacking, PrincipalKind};

/// What a store keeps about one API key: its digest, its state, and the principal that a request
/// with the key gets.
///
/// Cheap to clone. A record does not change, except for the time of the last use, which clones
/// share; a changed record is made from its [row](Self::to_row).
///
/// ```
/// use bearergate::api_key::{ApiKeyRecord, PepperedDigest};
/// use bearergate::api_key::store::ApiKeyRow;
/// use bearergate::clock::UnixTime;
///
/// let digest = PepperedDigest::sha256([7; 32]);
/// let owner = ("acme keys".into(), "robot-7".to_owned());
/// let now = UnixTime::from_secs(1_700_000_000);
/// let mut row = ApiKeyRow::new("0123456789ABCDEF".parse()?, digest, owner, now);
/// row.tenant = Some("acme".to_owned());
/// row.name = Some("nightly export".to_owned());
/// let record = ApiKeyRecord::from_row(row.clone())?;
/// assert_eq!(record.principal().claims().get("tenant")?, Some("acme"));
/// assert!(record.principal().claims().value("name").is_none());
/// assert_eq!(record.to_row(), row);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ApiKeyRecord(Arc<RecordNode>);

/// A record and its principal in one allocation. The fields that every validation reads are first.
#[repr(C)]
struct RecordNode {
    id: ApiKeyId,
    digest: PepperedDigest,
    is_legacy: bool,
    is_disabled: bool,
    is_restricted: bool,
    /// Seconds, or [`NEVER`]. No part of the version: clones share it.
    last_used: AtomicU64,
    facts: BuiltFacts,
    version: u64,
    details: ApiKeyDetails,
}

const NEVER: u64 = u64::MAX;

impl PrincipalBacking for RecordNode {
    fn facts(&self) -> &BuiltFacts {
        &self.facts
    }

    fn extension(&self, of: TypeId) -> Option<&dyn Any> {
        (of == TypeId::of::<ApiKeyDetails>()).then_some(&self.details)
    }
}

impl ApiKeyRecord {
    /// Checks a row and makes a record of it. A store calls this with what it has read.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](StoreErrorKind::Corrupt) if the version is 0, the subject, a tenant, role or
    /// scope is empty or has a control character, a scope has a space, all of them together are
    /// larger than a principal may be, name, limit class and metadata together exceed
    /// [`API_KEY_FREE_BYTES`](crate::limits::API_KEY_FREE_BYTES), there are more addresses than
    /// [`API_KEY_ADDRESSES`](crate::limits::API_KEY_ADDRESSES), or a time is over `i64::MAX` seconds, which not every store can
    /// keep. The source of the error names the field.
    pub fn from_row(row: ApiKeyRow) -> Result<Self, StoreError> {
        Self::checked(row)
            .map_err(|flaw| StoreError::new(StoreErrorKind::Corrupt).with_source(flaw))
    }

    /// Makes a record of a row like [`from_row`](Self::from_row). The error names the field, and
    /// shows no text of the row.
    pub(super) fn checked(mut row: ApiKeyRow) -> Result<Self, ConfigError> {
        check_row(&row)?;
        Ok(Self(Arc::new(RecordNode {
            id: row.id,
            digest: row.digest,
            is_legacy: row.is_legacy,
            is_disabled: row.disabled.is_some(),
            is_restricted: !row.addresses.is_empty(),
            last_used: AtomicU64::new(row.last_used.map_or(NEVER, UnixTime::as_secs)),
            version: row.version,
            details: ApiKeyDetails::take_from(&mut row),
            facts: facts(row)?,
        })))
    }

    /// Returns a copy of the record as plain data, for a store to write or a caller to change.
    /// [`from_row`](Self::from_row) makes an equal record of it.
    pub fn to_row(&self) -> ApiKeyRow {
        let owner = (self.authority().clone(), self.subject().to_owned());
        let mut row = ApiKeyRow::new(self.id(), *self.digest(), owner, self.created_at());
        row.version = self.version();
        row.is_legacy = self.is_legacy();
        row.not_before = self.not_before();
        row.expires_at = self.expires_at();
        row.last_used = self.last_used();
        row.tenant = self.tenant().map(Cow::into_owned);
        row.scopes = self.scopes().map(str::to_owned).collect();
        row.roles = self.roles().map(Cow::into_owned).collect();
        self.details().clone().write_to(&mut row);
        row
    }

    /// Returns the id of the key, under which the store has the record. It is no secret; a [legacy
    /// key](Self::is_legacy) does not contain it.
    pub fn id(&self) -> ApiKeyId {
        self.0.id
    }

    /// Returns the digest of the whole key, and under which pepper it was made. It is all that is
    /// stored of the key itself.
    pub fn digest(&self) -> &PepperedDigest {
        &self.0.digest
    }

    /// Returns the number of the record's version: 1 for a new one, and 1 more after each change. A
    /// store compares it, so that of two changes at the same time one is a conflict. A [last
    /// use](Self::last_used) does not count as a change.
    pub fn version(&self) -> u64 {
        self.0.version
    }

    /// Returns the principal that a request with this key gets. It shares the record and copies
    /// nothing. Whether the key is valid is not checked here.
    pub fn principal(&self) -> Principal {
        self.clone().into_principal()
    }

    /// Turns the record into the principal that a request with this key gets, like
    /// [`principal`](Self::principal). Whether the key is disabled or expired is not checked here.
    pub fn into_principal(self) -> Principal {
        Principal::from_backing(self.0)
    }

    /// Returns the authority of the subject: that of the
    /// [scheme](crate::api_key::ApiKeyScheme::authority) under which the key was issued. A
    /// validator of another scheme rejects the key.
    pub fn authority(&self) -> &Authority {
        self.0.facts.authority()
    }

    /// Returns the owner of the key: the subject of the principal, unique only within the
    /// [authority](Self::authority).
    pub fn subject(&self) -> &str {
        self.0.facts.subject().unwrap_or_default()
    }

    /// Returns the tenant in which the subject acts: the claim `tenant` of the principal. `None` if
    /// the key was created without one.
    pub fn tenant(&self) -> Option<Cow<'_, str>> {
        let tenant = self.0.facts.claims().value(TENANT);
        tenant.and_then(Value::as_str)
    }

    /// Returns the scopes of the key: those of its principal, which the service granted.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let scopes = self.0.facts.scopes();
        scopes.into_iter().flat_map(|scopes| scopes.iter())
    }

    /// Returns the roles that the service granted: the claim `roles` of the principal. There is no
    /// such claim if there are none.
    pub fn roles(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let roles = self.0.facts.claims().value(ROLES);
        let roles = roles.and_then(Value::elements).into_iter().flatten();
        roles.filter_map(Value::as_str)
    }

    /// Returns when the key was created, by the clock of its manager: the principal's [time of
    /// issue](crate::Principal::issued_at).
    pub fn created_at(&self) -> UnixTime {
        let created = self.0.facts.issued_at();
        created.unwrap_or(UnixTime::from_secs(0))
    }

    /// Returns when the key becomes valid; `None` if it was valid when it was created. Before that
    /// second the validator rejects it as `token_not_yet_valid`.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.0.facts.not_before()
    }

    /// Returns when the key expires; `None` if it never does. From that second on the validator
    /// rejects it as `api_key_expired`, without a leeway.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.0.facts.expires_at()
    }

    /// Returns when the key expires or was disabled, whichever is earlier; `None` for neither.
    /// [Purging](crate::api_key::ApiKeyManager::purge) is by this time.
    pub fn ends_at(&self) -> Option<UnixTime> {
        let disabled = self.disabled().map(|disabled| disabled.at);
        self.expires_at().into_iter().chain(disabled).min()
    }

    /// Returns true for a key of a [`LegacyFormat`](crate::api_key::LegacyFormat). Such a key
    /// contains no id and is found only by its digest.
    pub fn is_legacy(&self) -> bool {
        self.0.is_legacy
    }

    /// Returns true if the key was disabled: the validator then rejects it as `api_key_disabled`,
    /// whatever the time. An [`ApiKeyManager`](crate::api_key::ApiKeyManager) never enables it
    /// again.
    pub fn is_disabled(&self) -> bool {
        self.0.is_disabled
    }

    /// Returns true if the key may be used only from the addresses in its
    /// [details](ApiKeyDetails::addresses). The validator rejects a request from any other, or from
    /// an unknown one, as `address_denied`.
    pub fn is_restricted(&self) -> bool {
        self.0.is_restricted
    }

    /// Returns when the key was disabled and why; `None` if it was not. The reason is for the
    /// operator and never sent to a client.
    pub fn disabled(&self) -> Option<&Disabled> {
        self.details().disabled()
    }

    /// Returns when the key was last used; `None` if no use is known. Uses are noted at most once a
    /// minute, and a store may lose some, so the key may have been used since.
    pub fn last_used(&self) -> Option<UnixTime> {
        let secs = self.0.last_used.load(Ordering::Relaxed);
        (secs != NEVER).then_some(UnixTime::from_secs(secs))
    }

    /// Notes in this record and its clones that the key was used at this time, unless a later use
    /// is noted already. This changes neither the version nor what a store has written.
    pub fn touch(&self, now: UnixTime) {
        let secs = now.as_secs().min(LATEST);
        let later = |own: u64| (own == NEVER || own < secs).then_some(secs);
        let noted = &self.0.last_used;
        // It fails if a later use is noted.
        let _ = noted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// Returns the id of the key that replaced this one in a
    /// [rotation](crate::api_key::ApiKeyManager::rotate); `None` if the key was not rotated. A key
    /// is rotated at most once.
    pub fn successor(&self) -> Option<ApiKeyId> {
        self.details().successor()
    }

    /// Returns the rest of the record: names, free data, addresses and links to other keys.
    /// Policies do not see it; a handler gets it as an [extension](crate::Principal::extension) of
    /// the principal.
    pub fn details(&self) -> &ApiKeyDetails {
        &self.0.details
    }
}

const TENANT: &str = "tenant";
const ROLES: &str = "roles";

/// Makes the facts of the principal.
fn facts(row: ApiKeyRow) -> Result<BuiltFacts, ConfigError> {
    let tenant_bytes = row.tenant.as_ref().map_or(0, String::len);
    let role_bytes = row.roles.iter().map(String::len).sum();
    let mut claims = serde_json::Map::new();
    if let Some(tenant) = row.tenant {
        claims.insert(TENANT.to_owned(), tenant.into());
    }
    if !row.roles.is_empty() {
        claims.insert(ROLES.to_owned(), json!(row.roles));
    }
    let principal = Principal::builder(PrincipalKind::ApiKey, row.authority)
        .subject(row.subject)
        .scopes(row.scopes)
        .times(row.created_at, row.not_before, row.expires_at)
        .claims(json!(claims).to_string())
        .map_err(|_| too_large([("tenant", tenant_bytes), ("roles", role_bytes)]))?;
    Ok(principal.build_facts())
}

impl fmt::Debug for ApiKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyRecord")
            .field("id", &self.id())
            .field("authority", self.authority())
            .field("subject", &self.subject())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
