//! The cached store of API keys.

use std::sync::Arc;

use super::cache::{InsertTicket, Names};
use super::store::Cached;
use crate::api_key::store::{
    ApiKeyChange, ApiKeyQuery, KeptCheck, PepperCheck, PepperProof, PepperUse,
};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, PepperedDigest};
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;

type Found = Result<Option<ApiKeyRecord>, StoreError>;

impl<S: ApiKeyStore + ?Sized> Cached<S> {
    /// Asks the store for a legacy key. The record itself is cached only if its id was known
    /// before the question.
    fn ask_by_digest(
        &self,
        digest: PepperedDigest,
        known: Option<(ApiKeyId, Option<InsertTicket>)>,
    ) -> NowOrLater<'_, Found> {
        let ticket = self.legacy.get(digest.digest()).err().flatten();
        self.store.find_by_digest(digest).map(move |found| {
            if let Ok(Some(record)) = &found {
                self.legacy
                    .insert(digest.digest(), record.id(), Names::default(), ticket);
                let known = known.filter(|(id, _)| *id == record.id());
                let ticket = known.and_then(|(_, ticket)| ticket);
                self.insert_record(record, ticket);
            }
            found
        })
    }

    fn insert_record(&self, record: &ApiKeyRecord, ticket: Option<InsertTicket>) {
        let id = record.id();
        let names = Names::of([self.records.changes().name(&id)]);
        self.records.insert(&id, record.clone(), names, ticket);
    }
}

impl<S: ApiKeyStore + ?Sized + 'static> ApiKeyStore for Cached<S> {
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Found> {
        self.writes.drive();
        match self.records.get(&id) {
            Ok(record) => NowOrLater::now(Ok(Some(record))),
            Err(ticket) => self.store.find(id).map(move |found| {
                if let Ok(Some(record)) = &found {
                    self.insert_record(record, ticket);
                }
                found
            }),
        }
    }

    fn find_by_digest(&self, digest: PepperedDigest) -> NowOrLater<'_, Found> {
        self.writes.drive();
        let Some(id) = self.legacy.get_stale(digest.digest()) else {
            return self.ask_by_digest(digest, None);
        };
        match self.records.get(&id) {
            Ok(record) if record.is_legacy() && record.digest().has_same_bytes(&digest) => {
                NowOrLater::now(Ok(Some(record)))
            }
            Ok(_) => self.ask_by_digest(digest, None),
            Err(ticket) => self.ask_by_digest(digest, Some((id, ticket))),
        }
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        self.store.list(query)
    }

    fn ended(
        &self,
        authority: Authority,
        time: UnixTime,
        most: usize,
    ) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        self.store.ended(authority, time, most)
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        let known = self.records.changes();
        let names = changes.iter().map(|change| known.name(&change.id()));
        let names = names.collect();
        let store = Arc::clone(&self.store);
        let write = async move { store.commit(changes).await };
        self.writes.run(|| known.begin(names), write)
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        // Otherwise every request would note a use until the record is read again.
        self.records.update(&id, |record| record.touch(now));
        self.store.touch(id, now);
    }

    /// Never cached: it is called once by each manager and validator.
    fn keep_pepper_check(
        &self,
        authority: Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> NowOrLater<'_, Result<KeptCheck, StoreError>> {
        self.store.keep_pepper_check(authority, check, proof)
    }

    fn pepper_uses(
        &self,
        authority: Authority,
    ) -> NowOrLater<'_, Result<Option<Vec<PepperUse>>, StoreError>> {
        self.store.pepper_uses(authority)
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.store.diagnose()
    }
}
