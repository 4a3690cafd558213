//! API keys at rest.

use super::record::ApiKeyRecord;

use std::fmt;
use std::sync::Arc;

use crate::api_key::format::ApiKeyId;
use crate::api_key::format::KeyDigest;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;

/// Keeps the records of API keys.
///
/// It finds, lists and changes records, and decides nothing. Every call of
/// [`commit`](Self::commit) is one atomic step, whatever goes wrong in it. What is committed is
/// found by every later [`find`](Self::find), in this process at once.
pub trait ApiKeyStore: fmt::Debug + Send + Sync {
    /// Finds the record of this id. The id is untrusted.
    ///
    /// # Errors
    ///
    /// A store that cannot answer gives an error, never `None`.
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>>;

    /// Finds the record of this id, or any other one where there is none: whoever asks compares
    /// the ids.
    ///
    /// The judge asks so, that the time of the answer says nothing about which ids there are. A
    /// store whose answers are ready should do the same work in both cases; by default it is
    /// [`find`](Self::find).
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn probe(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.find(id)
    }

    /// Finds the record of a [foreign](ApiKeyRow::is_legacy) key by the digest of the whole
    /// key; records of other keys are not found so.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn find_by_digest(
        &self,
        digest: KeyDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>>;

    /// Lists records by ascending id, as they are at one moment.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>>;

    /// Makes all of these changes, or none of them. Each is of another record.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if one of them does not meet the state that
    /// it expects, [`Full`](crate::error::StoreErrorKind::Full) if there is no room for one; then, and
    /// on any other error, nothing has changed.
    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Notes that a key was used, if that is later than what is noted. It changes no version.
    ///
    /// Called on the path of a request, at most once a minute for a key as far as the caller can
    /// see, so implementations must not wait for anything. A note may come late, and may be lost.
    fn touch(&self, id: ApiKeyId, now: UnixTime);
}

const _: Option<&dyn ApiKeyStore> = None;

impl<S: ApiKeyStore + ?Sized> ApiKeyStore for Arc<S> {
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        (**self).find(id)
    }

    fn probe(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        (**self).probe(id)
    }

    fn find_by_digest(
        &self,
        digest: KeyDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        (**self).find_by_digest(digest)
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        (**self).list(query)
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        (**self).commit(changes)
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        (**self).touch(id, now);
    }
}

/// One change of one record, with the state that it expects.
///
/// The note of the last use belongs to no version: a store that replaces a record keeps the later
/// of both notes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ApiKeyChange {
    /// Adds a record, if there is none of its id, and none of its digest if it is foreign.
    Insert(ApiKeyRecord),
    /// Removes the record of this id, if it is of this version.
    Remove {
        /// Whose record.
        id: ApiKeyId,
        /// The version that was read.
        version: u64,
    },
    /// Replaces the record of the same id, if that one's version is one less than this one's.
    Replace(ApiKeyRecord),
}

impl ApiKeyChange {
    /// Returns whose record is changed.
    pub fn id(&self) -> ApiKeyId {
        match self {
            Self::Insert(record) | Self::Replace(record) => record.id(),
            Self::Remove { id, .. } => *id,
        }
    }

    /// Returns the version that the record must have before, 0 if there must be none; `None` if
    /// no state meets the change.
    pub fn expects(&self) -> Option<u64> {
        match self {
            Self::Insert(_) => Some(0),
            Self::Remove { version, .. } => Some(*version).filter(|v| *v > 0),
            Self::Replace(record) => record.version().checked_sub(1).filter(|v| *v > 0),
        }
    }

    /// Returns the record as it is afterwards, if there is one.
    pub fn record(&self) -> Option<&ApiKeyRecord> {
        match self {
            Self::Insert(record) | Self::Replace(record) => Some(record),
            Self::Remove { .. } => None,
        }
    }
}

/// Which records to list, and how many.
///
/// ```
/// use bearergate::api_key::{ApiKeyFilter, ApiKeyQuery};
///
/// let first = ApiKeyQuery::new("our keys", ApiKeyFilter::Tenant("acme".to_owned()), 100);
/// let second = first.clone().after("0123456789ABCDEF".parse()?);
/// # let _ = second;
/// # Ok::<(), bearergate::api_key::ApiKeyIdMalformed>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeyQuery {
    /// Those that this authority vouches for.
    pub authority: Authority,
    /// Which ones of them.
    pub filter: ApiKeyFilter,
    /// Those whose id comes after this one alone: the last one of the page before.
    pub after: Option<ApiKeyId>,
    /// At most so many.
    pub limit: usize,
}

/// A question that a store answers with records.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ApiKeyFilter {
    /// Every record.
    All,
    /// Those that are good no more at this time: expired, or disabled, then or before.
    EndedBy(UnixTime),
    /// Those that expire at this time or before, are not disabled and have no successor.
    ExpiresBy(UnixTime),
    /// Those of this subject.
    Subject(String),
    /// Those of this tenant.
    Tenant(String),
}

impl ApiKeyQuery {
    /// Asks for the first records that the filter lets through.
    pub fn new(authority: impl Into<Authority>, filter: ApiKeyFilter, limit: usize) -> Self {
        Self {
            authority: authority.into(),
            filter,
            after: None,
            limit,
        }
    }

    /// Goes on after a page that ended with this record.
    #[must_use]
    pub const fn after(mut self, id: ApiKeyId) -> Self {
        self.after = Some(id);
        self
    }

    /// Returns true if this record belongs to the answer, leaving the limit aside.
    pub fn matches(&self, record: &ApiKeyRecord) -> bool {
        record.authority() == &self.authority
            && self.after.is_none_or(|after| after < record.id())
            && self.filter.matches(record)
    }
}

impl ApiKeyFilter {
    fn matches(&self, record: &ApiKeyRecord) -> bool {
        let by = |end: Option<UnixTime>, time: &UnixTime| end.is_some_and(|end| end <= *time);
        match self {
            Self::All => true,
            Self::EndedBy(time) => by(record.ends_at(), time),
            Self::ExpiresBy(time) => {
                let is_current = !record.is_disabled() && record.successor().is_none();
                is_current && by(record.expires_at(), time)
            }
            Self::Subject(subject) => record.subject() == subject,
            Self::Tenant(tenant) => record.tenant().is_some_and(|own| own == *tenant),
        }
    }
}
