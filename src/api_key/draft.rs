//! Drafts of API keys.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ipnet::IpNet;

use super::bounds::{check_span, check_time, end_after};
use super::format::{ApiKeyId, PepperedDigest};
use super::store::ApiKeyRow;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::principal::Authority;

/// The draft of a new API key: its owner, when it expires, and what it may be used for.
///
/// Policies see subject, tenant, scopes and roles, so the service decides them; never take them
/// from the request for a key. Name and metadata may be the user's own text: up to
/// [`limits::API_KEY_FREE_BYTES`](crate::limits::API_KEY_FREE_BYTES) together with the limit class.
/// At most [`limits::API_KEY_ADDRESSES`](crate::limits::API_KEY_ADDRESSES) networks are allowed.
/// All values are checked when [`ApiKeyManager::create`](crate::api_key::ApiKeyManager::create)
/// makes the key.
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
/// A draft does not exist before its expiry is decided:
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

/// State of a draft: the expiry is missing; call [`expires_in`](Self::expires_in) or
/// [`never_expires`](Self::never_expires).
#[derive(Clone, Debug)]
#[must_use = "decide when the key expires"]
pub struct NeedsExpiry {
    subject: String,
}

impl NeedsExpiry {
    /// Lets the key expire this long after its creation, in whole seconds: from that second on it
    /// is rejected as [`ApiKeyExpired`](crate::RejectionKind::ApiKeyExpired). A key that
    /// [replaces](crate::api_key::ApiKeyManager::rotate) it gets the same lifetime. At least one
    /// second, and at most until the year 9999.
    pub fn expires_in(self, lifetime: Duration) -> NewApiKey {
        NewApiKey::with_expiry(self.subject, Some(lifetime))
    }

    /// Creates a key that never expires. If it leaks and nobody notices, it stays valid until
    /// someone disables it.
    pub fn never_expires(self) -> NewApiKey {
        NewApiKey::with_expiry(self.subject, None)
    }
}

impl NewApiKey {
    /// Starts a draft with the owner of the key, the subject of its requests; next, decide when it
    /// expires.
    ///
    /// The subject must not be empty or have control characters, which is checked when the key is
    /// [created](crate::api_key::ApiKeyManager::create).
    #[expect(
        clippy::new_ret_no_self,
        reason = "the draft exists once its expiry is decided"
    )]
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

    /// Sets when the key becomes valid; by default it is valid at once. Before that second it is
    /// rejected as [`TokenNotYetValid`](crate::RejectionKind::TokenNotYetValid). It must be before
    /// the expiry.
    pub fn not_before(mut self, time: UnixTime) -> Self {
        self.not_before = Some(time);
        self
    }

    /// Sets the tenant in which the subject acts: the claim `tenant` of the principal, which
    /// policies can read. By default there is none.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the scopes, each without spaces or control characters; by default there are none. They
    /// replace the ones of an earlier call, and are what [`require_scope`](crate::require_scope)
    /// compares.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the roles: the claim `roles` of the principal, which policies can read. They replace
    /// the ones of an earlier call; by default there are none.
    pub fn roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the display name of the key, for lists and logs. Policies do not see it, and two keys
    /// may have the same one.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds one entry of free data, or replaces the entry of this name. Policies do not see it. All
    /// entries, the display name and the name of the limits together have at most
    /// [`limits::API_KEY_FREE_BYTES`](crate::limits::API_KEY_FREE_BYTES) bytes.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Restricts the key to these networks; an empty list allows all. The validator compares the
    /// address of the client with them, see [`ApiKeyValidator`](crate::api_key::ApiKeyValidator).
    pub fn addresses(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.addresses = networks.into_iter().collect();
        self
    }

    /// Sets the [plan](crate::limit::LimitsBuilder::plan) of this key: the name of the limits that apply
    /// to its requests in addition. It has nothing to do with the
    /// [class](crate::limit::Limit::class) of a limit.
    pub fn limit_class(mut self, name: impl Into<String>) -> Self {
        self.limit_class = Some(name.into());
        self
    }

    /// Makes the row of a key that is created now.
    pub(super) fn into_row(
        self,
        authority: Authority,
        key: (ApiKeyId, PepperedDigest),
        now: UnixTime,
    ) -> Result<ApiKeyRow, ConfigError> {
        let end = |lifetime| end_after("expires_in", now, lifetime);
        let mut row = ApiKeyRow::new(key.0, key.1, (authority, self.subject), now);
        row.expires_at = self.lifetime.map(end).transpose()?;
        if let Some(begin) = self.not_before {
            check_time("not_before", begin)?;
        }
        check_span(self.not_before, row.expires_at)?;
        row.not_before = self.not_before;
        row.tenant = self.tenant;
        row.scopes = self.scopes;
        row.roles = self.roles;
        row.name = self.name;
        row.metadata = self.metadata;
        row.addresses = self.addresses;
        row.limit_class = self.limit_class;
        Ok(row)
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
