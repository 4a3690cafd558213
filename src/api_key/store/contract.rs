//! The trait that every store of API keys implements.

use std::fmt;
use std::sync::Arc;

use super::change::ApiKeyChange;
use super::pepper::{KeptCheck, PepperCheck, PepperProof, PepperUse};
use super::query::{ApiKeyFilter, ApiKeyQuery};
use crate::api_key::{ApiKeyId, ApiKeyRecord, PepperedDigest};
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;

/// A store of API key records.
///
/// It finds, lists and changes records, and decides nothing: whether a key is accepted is decided
/// by the [`ApiKeyValidator`](crate::ApiKeyValidator), and which change is made by the
/// [`ApiKeyManager`](crate::api_key::ApiKeyManager).
///
/// Contract: return a record only if it is the one last committed under that id or digest; report
/// a store that cannot answer as an error, never as `None`. Each [`commit`](Self::commit) is one
/// atomic step, also if the process ends during it, and every later [`find`](Self::find) of this
/// process returns what was committed. Nothing happens before an answer is first polled, because a
/// call that has to wait may be made again. `testing::api_key_store` (feature `testing`) checks all
/// of this.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::{Mutex, PoisonError};
///
/// use bearergate::NowOrLater;
/// use bearergate::api_key::store::{ApiKeyChange, ApiKeyQuery};
/// use bearergate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, PepperedDigest};
/// use bearergate::clock::UnixTime;
/// use bearergate::error::{StoreError, StoreErrorKind};
///
/// /// All records behind one lock.
/// #[derive(Debug, Default)]
/// struct SmallStore(Mutex<BTreeMap<ApiKeyId, ApiKeyRecord>>);
///
/// type Answer<'a, T> = NowOrLater<'a, Result<T, StoreError>>;
///
/// impl SmallStore {
///     fn with<T>(&self, f: impl FnOnce(&mut BTreeMap<ApiKeyId, ApiKeyRecord>) -> T) -> T {
///         f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
///     }
/// }
///
/// impl ApiKeyStore for SmallStore {
///     fn find(&self, id: ApiKeyId) -> Answer<'_, Option<ApiKeyRecord>> {
///         NowOrLater::now(Ok(self.with(|records| records.get(&id).cloned())))
///     }
///
///     fn find_by_digest(&self, digest: PepperedDigest) -> Answer<'_, Option<ApiKeyRecord>> {
///         let has_digest =
///             |record: &&ApiKeyRecord| record.is_legacy() && record.digest().has_same_bytes(&digest);
///         NowOrLater::now(Ok(self.with(|records| records.values().find(has_digest).cloned())))
///     }
///
///     fn list(&self, query: ApiKeyQuery) -> Answer<'_, Vec<ApiKeyRecord>> {
///         NowOrLater::now(Ok(self.with(|records| {
///             let matching = records.values().filter(|record| query.matches(record));
///             matching.take(query.limit).cloned().collect()
///         })))
///     }
///
///     fn commit(&self, changes: Vec<ApiKeyChange>) -> Answer<'_, ()> {
///         NowOrLater::now(self.with(|records| {
///             // The changes are made on a copy, so that a conflict leaves everything unchanged.
///             let mut changed = records.clone();
///             for change in changes {
///                 let old = changed.remove(&change.id());
///                 let version = old.as_ref().map_or(0, ApiKeyRecord::version);
///                 let new = change.record().cloned();
///                 let is_taken = new.iter().filter(|new| new.is_legacy()).any(|new| {
///                     let mut others = changed.values().filter(|other| other.is_legacy());
///                     others.any(|other| other.digest().has_same_bytes(new.digest()))
///                 });
///                 if is_taken || change.expected_version() != Some(version) {
///                     return Err(StoreErrorKind::Conflict.into());
///                 }
///                 if let (Some(used), Some(new)) = (old.and_then(|old| old.last_used()), &new) {
///                     new.touch(used);
///                 }
///                 changed.extend(new.map(|new| (new.id(), new)));
///             }
///             *records = changed;
///             Ok(())
///         }))
///     }
///
///     fn touch(&self, id: ApiKeyId, now: UnixTime) {
///         self.with(|records| records.get(&id).map(|record| record.touch(now)));
///     }
/// }
/// # // With the feature `testing`, the suite agrees.
/// # #[cfg(feature = "testing")]
/// # {
/// # use std::task::{Context, Poll, Waker};
/// # let store = SmallStore::default();
/// # let suite = std::pin::pin!(bearergate::testing::api_key_store(&store));
/// # let result = suite.poll(&mut Context::from_waker(Waker::noop()));
/// # assert!(matches!(result, Poll::Ready(Ok(()))), "{result:?}");
/// # }
/// ```
pub trait ApiKeyStore: fmt::Debug + Send + Sync {
    /// Finds the record of this id. The id comes from the request and is untrusted.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::error::StoreErrorKind::Unavailable) or
    /// [`Corrupt`](crate::error::StoreErrorKind::Corrupt): the caller must not take either for
    /// "there is no such record".
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>>;

    /// Finds the record of this id; if there is none, it may return any other record, so the
    /// caller compares the ids.
    ///
    /// The validator calls this one, so that the time of the answer does not show which ids exist.
    /// A store whose answers are ready should do the same work in both cases. The default calls
    /// [`find`](Self::find).
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn probe(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.find(id)
    }

    /// Finds the record of a [legacy](crate::api_key::store::ApiKeyRow::is_legacy) key by the
    /// [bytes](PepperedDigest::as_bytes) of its digest. Records of other keys must never be
    /// returned; the caller compares the pepper's version.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn find_by_digest(
        &self,
        digest: PepperedDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>>;

    /// Lists the records that [match](ApiKeyQuery::matches) the query, by ascending id, and at most
    /// its limit of them, as of one point in time. Only a page for which a store has to look at
    /// more than 1 000 records may be of several, so that no change waits for it.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>>;

    /// Returns some of the records of an authority whose keys had ended at this time, in any order,
    /// at most `most`; none only if there are none. With it
    /// [`purge`](crate::api_key::ApiKeyManager::purge) need not walk over the other records.
    ///
    /// The default [lists](Self::list) them.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn ended(
        &self,
        authority: Authority,
        time: UnixTime,
        most: usize,
    ) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        self.list(ApiKeyQuery::new(
            authority,
            ApiKeyFilter::EndedBy(time),
            most,
        ))
    }

    /// Makes all of these changes, or none of them. Each changes another record.
    ///
    /// Return `Ok(())` only if all of them are stored as durably as the store promises.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if a record is not in the state that
    /// its change expects, [`Full`](crate::error::StoreErrorKind::Full) if a new record does not
    /// fit; after these and every other error no record has changed.
    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Notes that a key was used at this time, unless a later use is noted already. The version of
    /// the record does not change.
    ///
    /// It is called while a request is validated, at most once a minute for a key as far as the
    /// caller can see, so it must not block. The note may be stored later, and may be lost.
    fn touch(&self, id: ApiKeyId, now: UnixTime);

    /// Keeps the check value of a pepper of this authority, unless one of its version is kept, and
    /// returns the one that is kept then. A value is never replaced.
    ///
    /// With the proof [`Configured`](PepperProof::Configured) a value is kept only if no record of
    /// the authority has a digest under the version; otherwise the answer is
    /// [`Unproven`](KeptCheck::Unproven). Question and change are one atomic step, so that of two
    /// processes with different peppers one sees the other's value. It is called once by each
    /// manager and validator, for each version.
    ///
    /// By default nothing is kept, and the answer is [`Unsupported`](KeptCheck::Unsupported): then
    /// a pepper that was swapped under its version is not noticed, and its keys are `api_key_unknown`.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find), and [`Full`](crate::error::StoreErrorKind::Full).
    fn keep_pepper_check(
        &self,
        authority: Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> NowOrLater<'_, Result<KeptCheck, StoreError>> {
        let _ = (authority, check, proof);
        NowOrLater::now(Ok(KeptCheck::Unsupported))
    }

    /// Returns, for a diagnosis, each version of the pepper of which the store has a record of this
    /// authority or a check value. It may count all records. By default `None`: it is not known.
    ///
    /// # Errors
    ///
    /// Like [`find`](Self::find).
    fn pepper_uses(
        &self,
        authority: Authority,
    ) -> NowOrLater<'_, Result<Option<Vec<PepperUse>>, StoreError>> {
        let _ = authority;
        NowOrLater::now(Ok(None))
    }

    /// Checks what the store depends on and how full it is, for
    /// [`TokenValidator::diagnose`](crate::TokenValidator::diagnose). It changes nothing. By default it says that there is
    /// nothing to ask; whether the store answers is checked by the validator.
    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        let text = "the store answers; it reports nothing else about itself";
        NowOrLater::now(vec![Finding::ok("store of API keys", text)])
    }
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
        digest: PepperedDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        (**self).find_by_digest(digest)
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        (**self).list(query)
    }

    fn ended(
        &self,
        authority: Authority,
        time: UnixTime,
        most: usize,
    ) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        (**self).ended(authority, time, most)
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        (**self).commit(changes)
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        (**self).touch(id, now);
    }

    fn keep_pepper_check(
        &self,
        authority: Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> NowOrLater<'_, Result<KeptCheck, StoreError>> {
        (**self).keep_pepper_check(authority, check, proof)
    }

    fn pepper_uses(
        &self,
        authority: Authority,
    ) -> NowOrLater<'_, Result<Option<Vec<PepperUse>>, StoreError>> {
        (**self).pepper_uses(authority)
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        (**self).diagnose()
    }
}
