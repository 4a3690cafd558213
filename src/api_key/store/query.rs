//! Lists of records.

use crate::api_key::{ApiKeyId, ApiKeyRecord};
use crate::clock::UnixTime;
use crate::principal::Authority;

/// Which records to list, and how many.
///
/// ```
/// use bearergate::api_key::store::{ApiKeyFilter, ApiKeyQuery};
///
/// let first = ApiKeyQuery::new("acme keys", ApiKeyFilter::Tenant("acme".to_owned()), 100);
/// let second = first.clone().after("0123456789ABCDEF".parse()?);
/// # let _ = second;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeyQuery {
    /// The authority of the records; records of another one are never listed.
    pub authority: Authority,
    /// Which records of this authority: the condition that each of them meets.
    pub filter: ApiKeyFilter,
    /// If given, only records with a greater id: pass the last id of the previous page.
    pub after: Option<ApiKeyId>,
    /// Largest number of records to return. Fewer may match; an empty page is the last one.
    pub limit: usize,
}

/// A condition on the records of one authority, for [`ApiKeyQuery`] and
/// [`ApiKeyManager::list`](crate::api_key::ApiKeyManager::list).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ApiKeyFilter {
    /// Every record, also those of keys that are disabled or expired.
    All,
    /// Records that expired or were disabled at this time or before. If it is not in the future, no
    /// request is accepted with their keys, and they may be
    /// [purged](crate::api_key::ApiKeyManager::purge).
    EndedBy(UnixTime),
    /// Records that expire at this time or before, are not disabled and have no successor: their
    /// keys are due for rotation.
    ExpiresBy(UnixTime),
    /// Records of this subject, compared byte for byte: the keys of one owner.
    Subject(String),
    /// Records of this tenant, compared byte for byte. Records without a tenant are in no such
    /// list.
    Tenant(String),
}

impl ApiKeyQuery {
    /// Makes a query for the first page: at most `limit` records of this authority that match the
    /// filter, by ascending id.
    pub fn new(authority: impl Into<Authority>, filter: ApiKeyFilter, limit: usize) -> Self {
        Self {
            authority: authority.into(),
            filter,
            after: None,
            limit,
        }
    }

    /// Continues after a page whose last record had this id. A record that was added since is in
    /// the list only if its id is greater.
    #[must_use]
    pub const fn after(mut self, id: ApiKeyId) -> Self {
        self.after = Some(id);
        self
    }

    /// Returns true only if the record has the authority of the query, comes after
    /// [`after`](Self::after) and matches the filter; the limit is not considered.
    pub fn matches(&self, record: &ApiKeyRecord) -> bool {
        if record.authority() != &self.authority
            || self.after.is_some_and(|after| record.id() <= after)
        {
            return false;
        }
        let by = |end: Option<UnixTime>, time: &UnixTime| end.is_some_and(|end| end <= *time);
        match &self.filter {
            ApiKeyFilter::All => true,
            ApiKeyFilter::EndedBy(time) => by(record.ends_at(), time),
            ApiKeyFilter::ExpiresBy(time) => {
                let is_current = !record.is_disabled() && record.successor().is_none();
                is_current && by(record.expires_at(), time)
            }
            ApiKeyFilter::Subject(subject) => record.subject() == subject,
            ApiKeyFilter::Tenant(tenant) => record.tenant().is_some_and(|own| own == *tenant),
        }
    }
}
