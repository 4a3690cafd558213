//! A cache before a store of API keys.

use std::sync::Arc;

use super::Cache;
use super::ReadCache;
use super::Ticket;
use crate::api_key::ApiKeyChange;
use crate::api_key::ApiKeyId;
use crate::api_key::ApiKeyQuery;
use crate::api_key::ApiKeyRecord;
use crate::api_key::ApiKeyStore;
use crate::api_key::KeyDigest;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// A store of API keys that remembers what another, slower one answered: see [`ReadCache`].
///
/// Whoever changes keys in this process does it through this store. Lists are never remembered.
#[derive(Debug)]
pub struct CachedApiKeyStore {
    store: Arc<dyn ApiKeyStore>,
    records: Cache<ApiKeyId, ApiKeyRecord>,
    // Where a foreign key was; what is there now must still have its digest.
    foreign: Cache<KeyDigest, ApiKeyId>,
}

type Found = Result<Option<ApiKeyRecord>, StoreError>;

impl CachedApiKeyStore {
    /// Puts a cache before a store.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a staleness or a number of entries
    /// outside their range.
    pub fn new(store: Arc<dyn ApiKeyStore>, cache: ReadCache) -> Result<Self, ConfigError> {
        Ok(Self {
            store,
            records: cache.build()?,
            foreign: cache.build()?,
        })
    }

    fn remember(&self, found: Found, ticket: Option<Ticket>) -> Found {
        if let Ok(Some(record)) = &found {
            self.records.put(&record.id(), record.clone(), ticket);
        }
        found
    }

    /// Asks for a foreign key, whose record's place is known once it was found.
    fn ask_by_digest(
        &self,
        digest: KeyDigest,
        place: Option<(ApiKeyId, Option<Ticket>)>,
    ) -> NowOrLater<'_, Found> {
        let ticket = self.foreign.get(&digest).err().flatten();
        self.store.find_by_digest(digest).map(move |found| {
            if let Ok(Some(record)) = &found {
                self.foreign.put(&digest, record.id(), ticket);
                let place = place.filter(|(id, _)| *id == record.id());
                let ticket = place.and_then(|(_, ticket)| ticket);
                self.records.put(&record.id(), record.clone(), ticket);
            }
            found
        })
    }
}

impl ApiKeyStore for CachedApiKeyStore {
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Found> {
        match self.records.get(&id) {
            Ok(record) => NowOrLater::now(Ok(Some(record))),
            Err(ticket) => {
                let found = self.store.find(id);
                found.map(move |found| self.remember(found, ticket))
            }
        }
    }

    fn find_by_digest(&self, digest: KeyDigest) -> NowOrLater<'_, Found> {
        let Some(id) = self.foreign.recall(&digest) else {
            return self.ask_by_digest(digest, None);
        };
        match self.records.get(&id) {
            Ok(record) if is_legacy(&record, &digest) => NowOrLater::now(Ok(Some(record))),
            Ok(_) => self.ask_by_digest(digest, None),
            Err(ticket) => self.ask_by_digest(digest, Some((id, ticket))),
        }
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        self.store.list(query)
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        let change = self
            .records
            .change(changes.iter().map(ApiKeyChange::id).collect());
        self.store.commit(changes).map(|made| {
            change.done();
            made
        })
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        // Else every request would bring a note until the record is read again.
        self.records.amend(&id, |record| record.touch(now));
        self.store.touch(id, now);
    }
}

fn is_legacy(record: &ApiKeyRecord, digest: &KeyDigest) -> bool {
    record.is_legacy() && record.digest().digest() == digest
}
