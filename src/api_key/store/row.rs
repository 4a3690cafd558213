//! Records as plain data.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;

use crate::api_key::{ApiKeyId, PepperedDigest};
use crate::clock::UnixTime;
use crate::principal::Authority;

/// All that is kept about one API key, as plain data: what a durable store writes and reads.
///
/// [`ApiKeyRecord::from_row`](crate::api_key::ApiKeyRecord::from_row) checks it and makes a record
/// of it; [`ApiKeyRecord::to_row`](crate::api_key::ApiKeyRecord::to_row) returns it unchanged. It
/// holds no secret that can be used: see [`PepperedDigest`].
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct ApiKeyRow {
    /// Name of the key; unique in the store.
    pub id: ApiKeyId,
    /// Authority of the subject: that of the [`ApiKeyScheme`](crate::api_key::ApiKeyScheme) under
    /// which the key was issued.
    pub authority: Authority,
    /// Digest of the whole key, and under which pepper it was made. Store both parts.
    pub digest: PepperedDigest,
    /// Number of the record's version, starting at 1; each change adds 1.
    pub version: u64,
    /// Owner of the key; not empty.
    pub subject: String,
    /// When the key was created.
    pub created_at: UnixTime,
    /// When the key becomes valid; `None` if it was valid when it was created.
    pub not_before: Option<UnixTime>,
    /// When the key expires; `None` for a key that was created as one that never does.
    pub expires_at: Option<UnixTime>,
    /// When the key was disabled, and why.
    pub disabled: Option<Disabled>,
    /// When the key was last used, to within a minute.
    pub last_used: Option<UnixTime>,
    /// The key that this one replaced.
    pub predecessor: Option<ApiKeyId>,
    /// The key that replaced this one.
    pub successor: Option<ApiKeyId>,
    /// True for a key of a [`LegacyFormat`](crate::api_key::LegacyFormat). Such a key contains no
    /// id and is found only by its digest.
    pub is_legacy: bool,
    /// Tenant in which the subject acts: the claim `tenant` of the principal.
    pub tenant: Option<String>,
    /// Scopes of the principal, each without spaces.
    pub scopes: Vec<String>,
    /// Roles that the service granted: the claim `roles` of the principal.
    pub roles: Vec<String>,
    /// Display name of the key, untrusted. Policies do not see it.
    pub name: Option<String>,
    /// Free data of the key's owner, untrusted. Policies do not see it.
    pub metadata: BTreeMap<String, String>,
    /// Networks from which the key may be used; empty for all.
    pub addresses: Vec<IpNet>,
    /// Name of the limits that requests with this key count against.
    pub limit_class: Option<String>,
}

/// When a key was disabled, and why: made by
/// [`ApiKeyManager::revoke`](crate::api_key::ApiKeyManager::revoke).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Disabled {
    /// Time of the change. The key is rejected as soon as the record says so, whatever the time.
    pub at: UnixTime,
    /// Free text for the operator; it is never sent to a client.
    pub reason: String,
}

impl Disabled {
    /// Makes the entry of a key that was disabled at this time for this reason, for a store that
    /// reads it back. The reason may be empty.
    pub fn new(at: UnixTime, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { at, reason }
    }
}

impl ApiKeyRow {
    /// Makes a row of what every key has: id, digest, authority and subject, and the time of its
    /// creation. Everything else is empty, and the version is 1.
    pub fn new(
        id: ApiKeyId,
        digest: PepperedDigest,
        owner: (Authority, String),
        now: UnixTime,
    ) -> Self {
        let (authority, subject) = owner;
        Self {
            id,
            authority,
            digest,
            version: 1,
            subject,
            created_at: now,
            not_before: None,
            expires_at: None,
            disabled: None,
            last_used: None,
            predecessor: None,
            successor: None,
            is_legacy: false,
            tenant: None,
            scopes: Vec::new(),
            roles: Vec::new(),
            name: None,
            metadata: BTreeMap::new(),
            addresses: Vec::new(),
            limit_class: None,
        }
    }
}

impl fmt::Debug for ApiKeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyRow")
            .field("id", &self.id)
            .field("authority", &self.authority)
            .field("subject", &self.subject)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
