//! What a new key shall be.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ipnet::IpNet;

use super::row::ApiKeyRow;
use crate::api_key::format::ApiKeyId;
use crate::api_key::format::PepperedDigest;
use crate::clock::UnixTime;
use crate::principal::Authority;

/// What a new API key shall be: whose, until when, and what it may be used for.
///
/// Subject, tenant, scopes and roles are what policies see, so they come from the service, never
/// from whoever asks for a key. Name and metadata are free, up to
/// [`limits::API_KEY_FREE_BYTES`](crate::limits::API_KEY_FREE_BYTES) together with the limit class;
/// there may be [`limits::API_KEY_ADDRESSES`](crate::limits::API_KEY_ADDRESSES) addresses.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::api_key::NewApiKey;
///
/// let draft = NewApiKey::new("robot-7")
///     .expires_in(Duration::from_secs(90 * 86_400))
///     .tenant("acme")
///     .scopes(["orders:read"])
///     .name("nightly export");
/// # let _ = draft;
/// ```
///
/// Without an end it is none:
///
/// ```compile_fail
/// # use bearergate::api_key::NewApiKey;
/// let draft = NewApiKey::new("robot-7").tenant("acme");
/// ```
#[derive(Clone)]
#[must_use]
pub struct NewApiKey {
    subject: String,
    lifetime: Option<Duration>,
    not_before: Option<UnixTime>,
    tenant: Option<String>,
    scopes: Vec<String>,
    roles: Vec<String>,
    name: Option<String>,
    metadata: BTreeMap<String, String>,
    addresses: Vec<IpNet>,
    limit_class: Option<String>,
}

/// Whose key it shall be is said; it remains to be said when it ends.
#[derive(Clone, Debug)]
#[must_use = "say when the key ends"]
pub struct NeedsExpiry {
    subject: String,
}

impl NeedsExpiry {
    /// Lets the key end after this time, counted from its creation.
    pub fn expires_in(self, lifetime: Duration) -> NewApiKey {
        NewApiKey::with_expiry(self.subject, Some(lifetime))
    }

    /// Lets the key live until somebody ends it: a key that leaks unseen stays good for ever.
    pub fn never_expires(self) -> NewApiKey {
        NewApiKey::with_expiry(self.subject, None)
    }
}

impl NewApiKey {
    /// Says whom the key belongs to; then say when it ends.
    pub fn new(subject: impl Into<String>) -> NeedsExpiry {
        let subject = subject.into();
        NeedsExpiry { subject }
    }

    fn with_expiry(subject: String, lifetime: Option<Duration>) -> Self {
        Self {
            subject,
            lifetime,
            not_before: None,
            tenant: None,
            scopes: Vec::new(),
            roles: Vec::new(),
            name: None,
            metadata: BTreeMap::new(),
            addresses: Vec::new(),
            limit_class: None,
        }
    }

    /// Lets the key begin to be good at this time.
    pub fn not_before(mut self, time: UnixTime) -> Self {
        self.not_before = Some(time);
        self
    }

    /// Sets the tenant that the subject acts in: the claim `tenant`.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the scopes, each without spaces; without this there is none.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the roles: the claim `roles`.
    pub fn roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Sets what people call the key.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds one piece of free data, which no policy sees.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Lets the key be used from these networks alone; none means from anywhere.
    pub fn addresses(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.addresses = networks.into_iter().collect();
        self
    }

    /// Names the limits that the key's requests count against.
    pub fn limit_class(mut self, name: impl Into<String>) -> Self {
        self.limit_class = Some(name.into());
        self
    }

    pub(crate) fn into_parts(
        self,
        authority: Authority,
        key: (ApiKeyId, PepperedDigest),
        now: UnixTime,
    ) -> ApiKeyRow {
        let mut parts = ApiKeyRow::new(key.0, key.1, (authority, self.subject), now);
        parts.expires_at = self.lifetime.map(|lifetime| now.saturating_add(lifetime));
        parts.not_before = self.not_before;
        parts.tenant = self.tenant;
        parts.scopes = self.scopes;
        parts.roles = self.roles;
        parts.name = self.name;
        parts.metadata = self.metadata;
        parts.addresses = self.addresses;
        parts.limit_class = self.limit_class;
        parts
    }
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey")
            .field("subject", &self.subject)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
