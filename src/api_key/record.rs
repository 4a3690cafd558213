//! What is kept about one API key.

use std::any::Any;
use std::any::TypeId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use ipnet::IpNet;
use serde_json::json;

use super::row::ApiKeyRow;
use super::row::Disabled;
use crate::api_key::format::ApiKeyId;
use crate::api_key::format::PepperedDigest;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::error::StoreErrorKind;
use crate::json::Value;
use crate::limits;
use crate::principal::Authority;
use crate::principal::BuiltFacts;
use crate::principal::Principal;
use crate::principal::PrincipalBacking;
use crate::principal::PrincipalKind;

/// What is kept about one API key: its digest, its state, and the principal that it stands for.
///
/// Cheap to clone. A record never changes; a changed one is made from its
/// [parts](Self::to_parts).
///
/// ```
/// use bearergate::api_key::{ApiKeyRow, ApiKeyRecord, PepperedDigest};
/// use bearergate::clock::UnixTime;
///
/// let digest = PepperedDigest::sha256([7; 32]);
/// let owner = ("our keys".into(), "robot-7".to_owned());
/// let now = UnixTime::from_secs(1_700_000_000);
/// let mut parts = ApiKeyRow::new("0123456789ABCDEF".parse()?, digest, owner, now);
/// parts.tenant = Some("acme".to_owned());
/// parts.name = Some("nightly export".to_owned());
/// let record = ApiKeyRecord::from_parts(parts.clone())?;
/// assert_eq!(record.principal().claims().get("tenant")?, Some("acme"));
/// assert!(record.principal().claims().value("name").is_none());
/// assert_eq!(record.to_parts(), parts);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ApiKeyRecord(Arc<Node>);

/// A record and its principal in one. What a judge reads of every key stands first.
#[repr(C)]
struct Node {
    id: ApiKeyId,
    digest: PepperedDigest,
    is_legacy: bool,
    is_disabled: bool,
    is_restricted: bool,
    /// Seconds, or [`NEVER`]. The note is no part of the record: clones share it.
    last_used: AtomicU64,
    made: BuiltFacts,
    version: u64,
    details: ApiKeyDetails,
}

const NEVER: u64 = u64::MAX;

impl PrincipalBacking for Node {
    fn facts(&self) -> &BuiltFacts {
        &self.made
    }

    fn extension(&self, of: TypeId) -> Option<&dyn Any> {
        (of == TypeId::of::<ApiKeyDetails>()).then_some(&self.details)
    }
}

/// What a key's record says beside the facts that a policy sees; an
/// [extension](Principal::extension) of the principal.
#[derive(Clone)]
pub struct ApiKeyDetails {
    id: ApiKeyId,
    name: Option<Box<str>>,
    // Most of a million records have none of it.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Default, PartialEq)]
struct Rare {
    predecessor: Option<ApiKeyId>,
    successor: Option<ApiKeyId>,
    disabled: Option<Disabled>,
    metadata: BTreeMap<String, String>,
    addresses: Vec<IpNet>,
    limit_class: Option<String>,
}

impl ApiKeyRecord {
    /// Makes a record.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](StoreErrorKind::Corrupt) if the subject is empty, a scope is empty or has a
    /// space, a control character stands in subject, tenant, scope or role, all of them together
    /// are larger than a principal may be, name, limit class and metadata together than
    /// [`limits::API_KEY_FREE_BYTES`], or there are more addresses than
    /// [`limits::API_KEY_ADDRESSES`].
    pub fn from_parts(mut parts: ApiKeyRow) -> Result<Self, StoreError> {
        check(&parts).map_err(corrupt)?;
        Ok(Self(Arc::new(Node {
            id: parts.id,
            digest: parts.digest,
            is_legacy: parts.is_legacy,
            is_disabled: parts.disabled.is_some(),
            is_restricted: !parts.addresses.is_empty(),
            last_used: AtomicU64::new(parts.last_used.map_or(NEVER, UnixTime::as_secs)),
            version: parts.version,
            details: ApiKeyDetails::take(&mut parts),
            made: facts(parts)?,
        })))
    }

    /// Returns all that the record says.
    pub fn to_parts(&self) -> ApiKeyRow {
        let owner = (self.authority().clone(), self.subject().to_owned());
        let mut parts = ApiKeyRow::new(self.id(), *self.digest(), owner, self.created_at());
        parts.version = self.version();
        parts.is_legacy = self.is_legacy();
        parts.not_before = self.not_before();
        parts.expires_at = self.expires_at();
        parts.last_used = self.last_used();
        parts.tenant = self.tenant().map(Cow::into_owned);
        parts.scopes = self.scopes().map(str::to_owned).collect();
        parts.roles = self.roles().map(Cow::into_owned).collect();
        self.details().clone().give(&mut parts);
        parts
    }

    /// Returns the key's id.
    pub fn id(&self) -> ApiKeyId {
        self.0.id
    }

    /// Returns the digest of the whole key, and which pepper it was made under.
    pub fn digest(&self) -> &PepperedDigest {
        &self.0.digest
    }

    /// Returns how many changes the record has seen, the first one included.
    pub fn version(&self) -> u64 {
        self.0.version
    }

    /// Returns the principal that the key stands for; the record is held by it, not copied.
    pub fn principal(&self) -> Principal {
        self.clone().into_principal()
    }

    /// Returns the principal that the key stands for.
    pub fn into_principal(self) -> Principal {
        Principal::from_backing(self.0)
    }

    /// Returns who vouches for the subject.
    pub fn authority(&self) -> &Authority {
        self.0.made.authority()
    }

    /// Returns whom the key belongs to.
    pub fn subject(&self) -> &str {
        self.0.made.subject().unwrap_or_default()
    }

    /// Returns the tenant that the subject acts in.
    pub fn tenant(&self) -> Option<Cow<'_, str>> {
        let tenant = self.0.made.claims().value(TENANT);
        tenant.and_then(Value::as_str)
    }

    /// Returns the scopes.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let scopes = self.0.made.scopes();
        scopes.into_iter().flat_map(|scopes| scopes.iter())
    }

    /// Returns the roles that the service granted.
    pub fn roles(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let roles = self.0.made.claims().value(ROLES);
        let roles = roles.and_then(Value::elements).into_iter().flatten();
        roles.filter_map(Value::as_str)
    }

    /// Returns when the key was created.
    pub fn created_at(&self) -> UnixTime {
        let created = self.0.made.issued_at();
        created.unwrap_or(UnixTime::from_secs(0))
    }

    /// Returns when the key begins to be good, if not at once.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.0.made.not_before()
    }

    /// Returns when the key ends, if it does.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.0.made.expires_at()
    }

    /// Returns when the key ends to be good for any reason, if it does.
    pub fn ends_at(&self) -> Option<UnixTime> {
        let disabled = self.disabled().map(|disabled| disabled.at);
        self.expires_at().into_iter().chain(disabled).min()
    }

    /// Returns true for a key of somebody else's format.
    pub fn is_legacy(&self) -> bool {
        self.0.is_legacy
    }

    /// Returns true if the key was disabled.
    pub fn is_disabled(&self) -> bool {
        self.0.is_disabled
    }

    /// Returns true if the key may be used from some addresses alone.
    pub fn is_restricted(&self) -> bool {
        self.0.is_restricted
    }

    /// Returns when the key was disabled and why.
    pub fn disabled(&self) -> Option<&Disabled> {
        self.details().disabled()
    }

    /// Returns when the key was last used, give or take a minute.
    pub fn last_used(&self) -> Option<UnixTime> {
        let secs = self.0.last_used.load(Ordering::Relaxed);
        (secs != NEVER).then_some(UnixTime::from_secs(secs))
    }

    /// Notes here and in all clones that the key was used, unless a later use is noted.
    pub fn touch(&self, now: UnixTime) {
        let later = |own: u64| (own == NEVER || own < now.as_secs()).then_some(now.as_secs());
        let noted = &self.0.last_used;
        // It fails where a later use is noted.
        let _ = noted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// Returns the key that took the place of this one.
    pub fn successor(&self) -> Option<ApiKeyId> {
        self.details().successor()
    }

    /// Returns the rest: what no policy sees.
    pub fn details(&self) -> &ApiKeyDetails {
        &self.0.details
    }
}

impl ApiKeyDetails {
    /// Returns the key's id.
    pub fn id(&self) -> ApiKeyId {
        self.id
    }

    /// Returns the key that this one took the place of.
    pub fn predecessor(&self) -> Option<ApiKeyId> {
        self.rare.as_ref()?.predecessor
    }

    /// Returns the key that took the place of this one.
    pub fn successor(&self) -> Option<ApiKeyId> {
        self.rare.as_ref()?.successor
    }

    /// Returns what people call the key.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the free data of the key's user. It may not decide what the key may do.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.rare.as_ref().map_or(&NONE, |rare| &rare.metadata)
    }

    /// Returns the addresses that the key may be used from; empty for any.
    pub fn addresses(&self) -> &[IpNet] {
        self.rare.as_ref().map_or(&[], |rare| &rare.addresses)
    }

    /// Returns the name of the limits that its requests count against.
    pub fn limit_class(&self) -> Option<&str> {
        self.rare.as_ref()?.limit_class.as_deref()
    }

    fn disabled(&self) -> Option<&Disabled> {
        self.rare.as_ref()?.disabled.as_ref()
    }

    fn take(parts: &mut ApiKeyRow) -> Self {
        let rare = Rare {
            predecessor: parts.predecessor,
            successor: parts.successor,
            disabled: parts.disabled.take(),
            metadata: std::mem::take(&mut parts.metadata),
            addresses: std::mem::take(&mut parts.addresses),
            limit_class: parts.limit_class.take(),
        };
        Self {
            id: parts.id,
            name: parts.name.take().map(String::into_boxed_str),
            rare: (rare != Rare::default()).then(|| Box::new(rare)),
        }
    }

    fn give(self, parts: &mut ApiKeyRow) {
        let rare = self.rare.map(|rare| *rare).unwrap_or_default();
        parts.predecessor = rare.predecessor;
        parts.successor = rare.successor;
        parts.disabled = rare.disabled;
        parts.metadata = rare.metadata;
        parts.addresses = rare.addresses;
        parts.limit_class = rare.limit_class;
        parts.name = self.name.map(String::from);
    }
}

const TENANT: &str = "tenant";
const ROLES: &str = "roles";

fn check(parts: &ApiKeyRow) -> Result<(), &'static str> {
    let is_clean = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    if parts.version == 0 {
        return Err("the version is zero");
    }
    if !is_clean(&parts.subject) {
        return Err("the subject is empty or has a control character");
    }
    if !parts.tenant.iter().chain(&parts.roles).all(|t| is_clean(t)) {
        return Err("a tenant or role is empty or has a control character");
    }
    if !parts.scopes.iter().all(|s| is_clean(s) && !s.contains(' ')) {
        return Err("a scope is empty, or has a space or a control character");
    }
    if free_bytes(parts) > limits::API_KEY_FREE_BYTES {
        return Err("name, limit class and metadata are too long");
    }
    if parts.addresses.len() > limits::API_KEY_ADDRESSES {
        return Err("there are too many addresses");
    }
    Ok(())
}

/// Returns the length of what the service may have taken over from its user.
fn free_bytes(parts: &ApiKeyRow) -> usize {
    let texts = parts.name.iter().chain(&parts.limit_class);
    let metadata = parts
        .metadata
        .iter()
        .flat_map(|(name, value)| [name, value]);
    texts.chain(metadata).map(String::len).sum()
}

/// Makes what the principal says.
fn facts(parts: ApiKeyRow) -> Result<BuiltFacts, StoreError> {
    let mut claims = serde_json::Map::new();
    if let Some(tenant) = parts.tenant {
        claims.insert(TENANT.to_owned(), tenant.into());
    }
    if !parts.roles.is_empty() {
        claims.insert(ROLES.to_owned(), json!(parts.roles));
    }
    let draft = Principal::builder(PrincipalKind::ApiKey, parts.authority)
        .subject(parts.subject)
        .scopes(parts.scopes)
        .times(parts.created_at, parts.not_before, parts.expires_at)
        .claims(json!(claims).to_string())
        .map_err(|error| StoreError::new(StoreErrorKind::Corrupt).with_source(error))?;
    Ok(draft.build_facts())
}

fn corrupt(what: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt).with_source(what)
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

impl fmt::Debug for ApiKeyDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyDetails")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
