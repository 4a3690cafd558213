//! What is kept about one API key.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
use serde_json::json;

use crate::clock::UnixTime;
use crate::json::Value;
use crate::key_format::ApiKeyId;
use crate::key_format::PepperedDigest;
use crate::principal::Authority;
use crate::principal::Principal;
use crate::principal::PrincipalKind;
use crate::store::ApiKeyParts;
use crate::store::Disabled;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// What is kept about one API key: its digest, its state, and the principal that it stands for.
///
/// Cheap to clone. A record never changes; a changed one is made from its
/// [parts](Self::to_parts).
///
/// ```
/// use bearergate::ApiKeyParts;
/// use bearergate::ApiKeyRecord;
/// use bearergate::PepperedDigest;
/// use bearergate::UnixTime;
///
/// let digest = PepperedDigest::sha256([7; 32]);
/// let owner = ("our keys".into(), "robot-7".to_owned());
/// let now = UnixTime::from_secs(1_700_000_000);
/// let mut parts = ApiKeyParts::new("0123456789ABCDEF".parse()?, digest, owner, now);
/// parts.tenant = Some("acme".to_owned());
/// parts.name = Some("nightly export".to_owned());
/// let record = ApiKeyRecord::from_parts(parts.clone())?;
/// assert_eq!(record.principal().claims().get("tenant")?, Some("acme"));
/// assert!(record.principal().claims().value("name").is_none());
/// assert_eq!(record.to_parts(), parts);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ApiKeyRecord {
    id: ApiKeyId,
    digest: PepperedDigest,
    // Said here too, where the record itself lies: a judge looks no further.
    is_foreign: bool,
    is_disabled: bool,
    is_restricted: bool,
    version: u64,
    last_used: Option<UnixTime>,
    principal: Principal,
}

/// What a key's record says beside the facts that a policy sees; an
/// [extension](Principal::extension) of the principal.
#[derive(Clone)]
pub struct ApiKeyDetails {
    id: ApiKeyId,
    predecessor: Option<ApiKeyId>,
    successor: Option<ApiKeyId>,
    disabled: Option<Disabled>,
    name: Option<String>,
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
    /// space, a control character stands in subject, tenant, scope or role, or all of them
    /// together are larger than a principal may be.
    pub fn from_parts(parts: ApiKeyParts) -> Result<Self, StoreError> {
        check(&parts).map_err(corrupt)?;
        let (id, digest) = (parts.id, parts.digest);
        let (version, last_used) = (parts.version, parts.last_used);
        let (is_foreign, is_disabled) = (parts.is_foreign, parts.disabled.is_some());
        let is_restricted = !parts.addresses.is_empty();
        let principal = principal(parts)?;
        Ok(Self {
            id,
            digest,
            is_foreign,
            is_disabled,
            is_restricted,
            version,
            last_used,
            principal,
        })
    }

    /// Returns all that the record says.
    pub fn to_parts(&self) -> ApiKeyParts {
        let subject = self.subject().unwrap_or_default().to_owned();
        let owner = (self.authority().clone(), subject);
        let mut parts = ApiKeyParts::new(self.id, self.digest, owner, self.created_at());
        parts.version = self.version;
        parts.is_foreign = self.is_foreign;
        parts.not_before = self.principal.not_before();
        parts.expires_at = self.expires_at();
        parts.last_used = self.last_used;
        parts.tenant = self.tenant().map(Cow::into_owned);
        parts.scopes = self.scopes().map(str::to_owned).collect();
        parts.roles = self.roles().map(Cow::into_owned).collect();
        if let Some(details) = self.details() {
            details.clone().into_parts(&mut parts);
        }
        parts
    }

    /// Returns the key's id.
    pub fn id(&self) -> ApiKeyId {
        self.id
    }

    /// Returns the digest of the whole key, and which pepper it was made under.
    pub fn digest(&self) -> &PepperedDigest {
        &self.digest
    }

    /// Returns how many changes the record has seen, the first one included.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the principal that the key stands for.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns the principal that the key stands for.
    pub fn into_principal(self) -> Principal {
        self.principal
    }

    /// Returns who vouches for the subject.
    pub fn authority(&self) -> &Authority {
        self.principal.authority()
    }

    /// Returns whom the key belongs to.
    pub fn subject(&self) -> Option<&str> {
        self.principal.subject()
    }

    /// Returns the tenant that the subject acts in.
    pub fn tenant(&self) -> Option<Cow<'_, str>> {
        let tenant = self.principal.claims().value(TENANT);
        tenant.and_then(Value::as_str)
    }

    /// Returns the scopes.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let scopes = self.principal.scopes();
        scopes.into_iter().flat_map(|scopes| scopes.iter())
    }

    /// Returns the roles that the service granted.
    pub fn roles(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let roles = self.principal.claims().value(ROLES);
        let roles = roles.and_then(Value::elements).into_iter().flatten();
        roles.filter_map(Value::as_str)
    }

    /// Returns when the key was created.
    pub fn created_at(&self) -> UnixTime {
        let created = self.principal.issued_at();
        created.unwrap_or(UnixTime::from_secs(0))
    }

    /// Returns when the key begins to be good, if not at once.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.principal.not_before()
    }

    /// Returns when the key ends, if it does.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.principal.expires_at()
    }

    /// Returns when the key ends to be good for any reason, if it does.
    pub fn ends_at(&self) -> Option<UnixTime> {
        let disabled = self.disabled().map(|disabled| disabled.at);
        self.expires_at().into_iter().chain(disabled).min()
    }

    /// Returns true for a key of somebody else's format.
    pub fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// Returns true if the key was disabled.
    pub fn is_disabled(&self) -> bool {
        self.is_disabled
    }

    /// Returns true if the key may be used from some addresses alone.
    pub fn is_restricted(&self) -> bool {
        self.is_restricted
    }

    /// Returns when the key was disabled and why.
    pub fn disabled(&self) -> Option<&Disabled> {
        self.details()?.disabled.as_ref()
    }

    /// Returns when the key was last used, give or take a minute.
    pub fn last_used(&self) -> Option<UnixTime> {
        self.last_used
    }

    /// Sets when the key was last used: a note that belongs to no version.
    #[must_use]
    pub fn with_last_used(mut self, time: Option<UnixTime>) -> Self {
        self.last_used = time;
        self
    }

    /// Returns the key that took the place of this one.
    pub fn successor(&self) -> Option<ApiKeyId> {
        self.details()?.successor
    }

    /// Returns the rest: what no policy sees.
    pub fn details(&self) -> Option<&ApiKeyDetails> {
        self.principal.extension()
    }
}

impl ApiKeyDetails {
    /// Returns the key's id.
    pub fn id(&self) -> ApiKeyId {
        self.id
    }

    /// Returns the key that this one took the place of.
    pub fn predecessor(&self) -> Option<ApiKeyId> {
        self.predecessor
    }

    /// Returns what people call the key.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the free data of the key's user. It may not decide what the key may do.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Returns the addresses that the key may be used from; empty for any.
    pub fn addresses(&self) -> &[IpNet] {
        &self.addresses
    }

    /// Returns the name of the limits that its requests count against.
    pub fn limit_class(&self) -> Option<&str> {
        self.limit_class.as_deref()
    }

    fn into_parts(self, parts: &mut ApiKeyParts) {
        parts.predecessor = self.predecessor;
        parts.successor = self.successor;
        parts.disabled = self.disabled;
        parts.name = self.name;
        parts.metadata = self.metadata;
        parts.addresses = self.addresses;
        parts.limit_class = self.limit_class;
    }
}

const TENANT: &str = "tenant";
const ROLES: &str = "roles";

fn check(parts: &ApiKeyParts) -> Result<(), &'static str> {
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
    Ok(())
}

fn principal(parts: ApiKeyParts) -> Result<Principal, StoreError> {
    let mut claims = serde_json::Map::new();
    if let Some(tenant) = parts.tenant {
        claims.insert(TENANT.to_owned(), tenant.into());
    }
    if !parts.roles.is_empty() {
        claims.insert(ROLES.to_owned(), json!(parts.roles));
    }
    let claims = json!(claims).to_string();
    let draft = Principal::builder(PrincipalKind::ApiKey, parts.authority)
        .subject(parts.subject)
        .scopes(parts.scopes)
        .claims(claims)
        .map_err(|error| StoreError::new(StoreErrorKind::Corrupt).with_source(error))?
        .times(parts.created_at, parts.not_before, parts.expires_at)
        .extension(ApiKeyDetails {
            id: parts.id,
            predecessor: parts.predecessor,
            successor: parts.successor,
            disabled: parts.disabled,
            name: parts.name,
            metadata: parts.metadata,
            addresses: parts.addresses,
            limit_class: parts.limit_class,
        });
    Ok(draft.build())
}

fn corrupt(what: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt).with_source(what)
}

impl fmt::Debug for ApiKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyRecord")
            .field("id", &self.id)
            .field("authority", self.authority())
            .field("subject", &self.subject())
            .field("version", &self.version)
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
