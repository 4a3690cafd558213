//! API keys at rest.

mod parts;
mod record;

pub use parts::ApiKeyParts;
pub use parts::Disabled;
pub use record::ApiKeyDetails;
pub use record::ApiKeyRecord;

use std::fmt;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::future::NowOrLater;
use crate::key_format::ApiKeyId;
use crate::key_format::KeyDigest;
use crate::principal::Authority;
use crate::store::StoreError;

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

    /// Finds the record of a [foreign](ApiKeyParts::is_foreign) key by the digest of the whole
    /// key; records of other keys are not found so.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn find_foreign(
        &self,
        digest: KeyDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>>;

    /// Lists records by ascending id, as they are at one moment.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn list<'a>(
        &'a self,
        query: &'a ApiKeyQuery,
    ) -> NowOrLater<'a, Result<Vec<ApiKeyRecord>, StoreError>>;

    /// Makes all of these changes, or none of them.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::StoreErrorKind::Conflict) if one of them does not meet the state that
    /// it expects, [`Full`](crate::StoreErrorKind::Full) if there is no room for one; then, and
    /// on any other error, nothing has changed.
    fn commit<'a>(&'a self, changes: &'a [ApiKeyChange]) -> NowOrLater<'a, Result<(), StoreError>>;

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

    fn find_foreign(
        &self,
        digest: KeyDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        (**self).find_foreign(digest)
    }

    fn list<'a>(
        &'a self,
        query: &'a ApiKeyQuery,
    ) -> NowOrLater<'a, Result<Vec<ApiKeyRecord>, StoreError>> {
        (**self).list(query)
    }

    fn commit<'a>(&'a self, changes: &'a [ApiKeyChange]) -> NowOrLater<'a, Result<(), StoreError>> {
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

/// Which records to list, and how many.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeyQuery {
    /// Which ones.
    pub filter: ApiKeyFilter,
    /// Those whose id comes after this one only: the last one of the page before.
    pub after: Option<ApiKeyId>,
    /// At most so many.
    pub limit: usize,
}

impl ApiKeyQuery {
    /// Asks for the first records that the filter lets through.
    pub const fn new(filter: ApiKeyFilter, limit: usize) -> Self {
        Self {
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
}

/// A question that a store answers with records.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ApiKeyFilter {
    /// Every record.
    All,
    /// Those that are good no more at this time or before: expired, or disabled.
    EndedBy(UnixTime),
    /// Those that expire at this time or before, are not disabled and have no successor.
    ExpiresBy(UnixTime),
    /// Those of this subject.
    Subject(Authority, String),
    /// Those of this tenant.
    Tenant(Authority, String),
}

impl ApiKeyFilter {
    /// Returns true if the filter lets this record through.
    pub fn matches(&self, record: &ApiKeyRecord) -> bool {
        let by = |end: Option<UnixTime>, time: UnixTime| end.is_some_and(|end| end <= time);
        match self {
            Self::All => true,
            Self::EndedBy(time) => {
                by(record.expires_at(), *time) || by(record.disabled().map(|d| d.at), *time)
            }
            Self::ExpiresBy(time) => {
                let is_current = !record.is_disabled() && record.successor().is_none();
                is_current && by(record.expires_at(), *time)
            }
            Self::Subject(authority, subject) => {
                record.authority() == authority && record.subject() == Some(subject)
            }
            Self::Tenant(authority, tenant) => {
                record.authority() == authority && record.tenant().as_deref() == Some(tenant)
            }
        }
    }
}
