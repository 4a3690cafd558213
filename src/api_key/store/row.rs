//! All that a record says, as plain data.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;

use crate::api_key::format::ApiKeyId;
use crate::api_key::format::PepperedDigest;
use crate::clock::UnixTime;
use crate::principal::Authority;

/// All that is kept about one API key, as plain data: what a durable store writes and reads.
///
/// [`ApiKeyRecord::from_parts`](crate::api_key::ApiKeyRecord::from_parts) makes a record of it, and
/// [`ApiKeyRecord::to_parts`](crate::api_key::ApiKeyRecord::to_parts) gives it back unchanged.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct ApiKeyRow {
    /// Names the key.
    pub id: ApiKeyId,
    /// Who vouches for the subject: the name that the ring of keys is configured with.
    pub authority: Authority,
    /// Digest of the whole key, and which pepper it was made under.
    pub digest: PepperedDigest,
    /// Counts the changes of the record, the first one is 1.
    pub version: u64,
    /// Whom the key belongs to; not empty.
    pub subject: String,
    /// When it was created.
    pub created_at: UnixTime,
    /// When it begins to be good, if not at once.
    pub not_before: Option<UnixTime>,
    /// When it ends; `None` if it was said loudly that it never does.
    pub expires_at: Option<UnixTime>,
    /// When it was disabled and why.
    pub disabled: Option<Disabled>,
    /// When it was last used, give or take a minute.
    pub last_used: Option<UnixTime>,
    /// The key that this one took the place of.
    pub predecessor: Option<ApiKeyId>,
    /// The key that took the place of this one.
    pub successor: Option<ApiKeyId>,
    /// True for a key of somebody else's format, which is found by its digest alone.
    pub is_legacy: bool,
    /// The tenant that the subject acts in: a claim, `tenant`.
    pub tenant: Option<String>,
    /// Members without spaces.
    pub scopes: Vec<String>,
    /// Granted by the service: a claim, `roles`.
    pub roles: Vec<String>,
    /// What people call the key. No policy sees it.
    pub name: Option<String>,
    /// Free data of the key's user. No policy sees it.
    pub metadata: BTreeMap<String, String>,
    /// Addresses that the key may be used from; empty for any.
    pub addresses: Vec<IpNet>,
    /// The name of the limits that its requests count against.
    pub limit_class: Option<String>,
}

/// When a key was disabled, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Disabled {
    /// From then on it is refused.
    pub at: UnixTime,
    /// Free text for the operator; no client is told.
    pub reason: String,
}

impl Disabled {
    /// Says when and why.
    pub fn new(at: UnixTime, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { at, reason }
    }
}

impl ApiKeyRow {
    /// Starts with what every key has; the rest is empty, and the version 1.
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
