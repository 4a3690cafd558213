//! The store of API keys in memory.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use crossbeam_utils::sync::ShardedLock;

use super::index::Index;
use super::table::{IdHash, Table};
use crate::api_key::store::{
    ApiKeyChange, ApiKeyFilter, ApiKeyQuery, KeptCheck, PepperCheck, PepperProof, PepperUse,
};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, KeyDigest, PepperedDigest};
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::{ConfigError, StoreError, StoreErrorKind};
use crate::now_or_later::{NowOrLater, yield_once};
use crate::principal::Authority;
use crate::stores::memory::STEP;

/// A bounded store of API keys in memory; its records are lost when the process ends.
///
/// Every answer is ready, except a list that has to look at more than 8 000 records for one page. The table has several parts, each with its own lock: a reader waits only
/// for a writer of the same part, and only while that one moves a record or enlarges the part.
///
/// ```
/// use bearergate::api_key::ApiKeyStore;
/// use bearergate::stores::MemoryApiKeyStore;
///
/// let store = MemoryApiKeyStore::new(100_000)?;
/// let found = store.find("0123456789ABCDEF".parse()?).try_now().unwrap()?;
/// assert!(found.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MemoryApiKeyStore {
    capacity: usize,
    hasher: RandomState,
    shards: Box<[RecordShard]>,
    // Locked in this order, shards last: the index by every writer, the digests by writers of
    // legacy keys.
    pub(super) index: Mutex<Index>,
    legacy: ShardedLock<HashMap<KeyDigest, ApiKeyId>>,
}

/// A part of the table on its own cache lines. Its lock has one place for each thread that reads,
/// so that readers do not share a cache line.
#[repr(align(128))]
struct RecordShard(ShardedLock<Table>);

/// Enough that readers seldom meet a writer. Not more, because a part with few records returns
/// each of them more often for an unknown id.
const SHARDS: usize = 16;

impl MemoryApiKeyStore {
    /// Makes an empty store for at most `capacity` records; memory is allocated as they are added.
    /// In a full store every new key fails as [`Full`](crate::error::StoreErrorKind::Full), and no
    /// record is dropped.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for zero.
    pub fn new(capacity: usize) -> Result<Self, ConfigError> {
        if capacity == 0 {
            return Err(ConfigError::out_of_range("capacity", capacity, 1..));
        }
        let shard = || RecordShard(ShardedLock::new(Table::default()));
        Ok(Self {
            capacity,
            hasher: RandomState::new(),
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            index: Mutex::default(),
            legacy: ShardedLock::default(),
        })
    }

    fn get(&self, id: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let hash = self.hasher.hash_one(id);
        let table = self.shard(hash)?.0.read().map_err(|_| poisoned())?;
        Ok(table.get(IdHash::new(hash), id).cloned())
    }

    /// Returns some other record if there is none of this id, with the same amount of work.
    fn get_or_other(&self, id: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let hash = self.hasher.hash_one(id);
        let table = self.shard(hash)?.0.read().map_err(|_| poisoned())?;
        if table.has_unlinked() {
            return Ok(table.get(IdHash::new(hash), id).cloned());
        }
        Ok(table.probe(IdHash::new(hash)).cloned())
    }

    fn shard(&self, hash: u64) -> Result<&RecordShard, StoreError> {
        // The bits that a table does not use.
        let at = (hash >> 26) as usize % self.shards.len();
        self.shards.get(at).ok_or_else(poisoned)
    }

    fn apply(&self, changes: &[ApiKeyChange]) -> Result<(), StoreError> {
        let mut index = self.index.lock().map_err(|_| poisoned())?;
        let steps = self.plan(changes)?;
        let grown = steps.iter().filter(|step| step.old.is_none()).count();
        let shrunk = steps.iter().filter(|step| step.new.is_none()).count();
        if index.len().saturating_add(grown) > self.capacity.saturating_add(shrunk) {
            return Err(StoreErrorKind::Full.into());
        }
        let changes_legacy = |step: &Step| step.ends().any(|(_, record)| record.is_legacy());
        if !steps.iter().any(changes_legacy) {
            return steps
                .into_iter()
                .try_for_each(|s| self.apply_step(s, &mut index));
        }
        let mut legacy = self.legacy.write().map_err(|_| poisoned())?;
        check_digests(&steps, &legacy)?;
        for step in steps {
            for (is_new, record) in step.ends().filter(|(_, record)| record.is_legacy()) {
                let digest = *record.digest().digest();
                if is_new {
                    legacy.insert(digest, step.id);
                } else {
                    legacy.remove(&digest);
                }
            }
            self.apply_step(step, &mut index)?;
        }
        Ok(())
    }

    /// Compares every change with the present record; nothing is changed yet.
    fn plan(&self, changes: &[ApiKeyChange]) -> Result<Vec<Step>, StoreError> {
        let mut seen = HashSet::new();
        let step = |change: &ApiKeyChange| {
            let id = change.id();
            let old = self.get(id)?;
            let version = old.as_ref().map_or(0, ApiKeyRecord::version);
            if !seen.insert(id) || change.expected_version() != Some(version) {
                return Err(StoreErrorKind::Conflict.into());
            }
            let new = change.record().cloned();
            Ok(Step { id, old, new })
        };
        changes.iter().map(step).collect()
    }

    fn apply_step(&self, step: Step, index: &mut Index) -> Result<(), StoreError> {
        let hash = self.hasher.hash_one(step.id);
        index.update(step.old.as_ref(), step.new.as_ref());
        let mut table = self.shard(hash)?.0.write().map_err(|_| poisoned())?;
        table.set(IdHash::new(hash), step.id, step.new);
        Ok(())
    }

    /// Looks at the next records for a page, and returns true if it is complete.
    fn read_on(&self, list: &mut List) -> Result<bool, StoreError> {
        let List { query, page } = list;
        // Held until the records are read, so that all are of one state.
        let index = self.index.lock().map_err(|_| poisoned())?;
        let (ids, is_last) = index.candidates(query, STEP);
        for id in ids {
            if page.len() >= query.limit {
                return Ok(true);
            }
            page.extend(self.get(id)?.filter(|record| query.matches(record)));
            query.after = Some(id);
        }
        Ok(is_last || page.len() >= query.limit)
    }

    fn get_ended(
        &self,
        authority: &Authority,
        time: UnixTime,
        most: usize,
    ) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let index = self.index.lock().map_err(|_| poisoned())?;
        let ids = index.ended(authority, time, most.min(STEP));
        let query = ApiKeyQuery::new(authority.clone(), ApiKeyFilter::EndedBy(time), most);
        let mut ended = Vec::with_capacity(ids.len());
        for id in ids {
            ended.extend(self.get(id)?.filter(|record| query.matches(record)));
        }
        Ok(ended)
    }

    fn get_by_digest(&self, digest: &KeyDigest) -> Result<Option<ApiKeyRecord>, StoreError> {
        // Held until the record is read, so that both are of one state.
        let legacy = self.legacy.read().map_err(|_| poisoned())?;
        match legacy.get(digest) {
            Some(id) => self.get(*id),
            None => Ok(None),
        }
    }
}

impl ApiKeyStore for MemoryApiKeyStore {
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        NowOrLater::now(self.get(id))
    }

    fn probe(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        NowOrLater::now(self.get_or_other(id))
    }

    fn find_by_digest(
        &self,
        digest: PepperedDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        NowOrLater::now(self.get_by_digest(digest.digest()))
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        let mut list = List {
            query,
            page: Vec::new(),
        };
        for _ in 0..STEPS {
            match self.read_on(&mut list) {
                Ok(false) => {}
                result => return NowOrLater::now(result.map(|_| list.page)),
            }
        }
        NowOrLater::later(async move {
            while !self.read_on(&mut list)? {
                yield_once().await;
            }
            Ok(list.page)
        })
    }

    fn ended(
        &self,
        authority: Authority,
        time: UnixTime,
        most: usize,
    ) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        NowOrLater::now(self.get_ended(&authority, time, most))
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(self.apply(&changes))
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        if let Ok(Some(record)) = self.get(id) {
            record.touch(now);
        }
    }

    fn keep_pepper_check(
        &self,
        authority: Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> NowOrLater<'_, Result<KeptCheck, StoreError>> {
        let index = self.index.lock().map_err(|_| poisoned());
        let kept = index.and_then(|mut index| index.peppers.keep(&authority, check, proof));
        NowOrLater::now(kept)
    }

    fn pepper_uses(
        &self,
        authority: Authority,
    ) -> NowOrLater<'_, Result<Option<Vec<PepperUse>>, StoreError>> {
        let index = self.index.lock().map_err(|_| poisoned());
        NowOrLater::now(index.map(|index| Some(index.peppers.uses(&authority))))
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        let finding = match self.index.lock() {
            Ok(index) => Finding::usage(SUBJECT, index.len(), self.capacity, PURGE),
            Err(_) => Finding::error(SUBJECT, POISONED).hint("restart the service"),
        };
        NowOrLater::now(vec![finding])
    }
}

const SUBJECT: &str = "API keys in memory";

const PURGE: &str = "purge ended keys with `ApiKeyManager::purge`, or give the store more room";

/// A page that is being read.
struct List {
    query: ApiKeyQuery,
    page: Vec<ApiKeyRecord>,
}

/// How many times a list looks at records before it lets other tasks run.
const STEPS: usize = 8;

/// One record before and after a change.
struct Step {
    id: ApiKeyId,
    old: Option<ApiKeyRecord>,
    new: Option<ApiKeyRecord>,
}

impl Step {
    /// Returns the old and the new record, each with whether it is the new one.
    fn ends(&self) -> impl Iterator<Item = (bool, &ApiKeyRecord)> {
        let old = self.old.iter().map(|record| (false, record));
        old.chain(self.new.iter().map(|record| (true, record)))
    }
}

/// Checks that no two legacy keys have the same digest.
fn check_digests(steps: &[Step], legacy: &HashMap<KeyDigest, ApiKeyId>) -> Result<(), StoreError> {
    let mut seen = HashSet::new();
    let is_free = |record: &ApiKeyRecord| {
        let digest = record.digest().digest();
        seen.insert(*digest) && legacy.get(digest).is_none_or(|id| *id == record.id())
    };
    let mut new = steps.iter().filter_map(|step| step.new.as_ref());
    if new
        .by_ref()
        .filter(|record| record.is_legacy())
        .all(is_free)
    {
        return Ok(());
    }
    Err(StoreErrorKind::Conflict.into())
}

/// A thread panicked while it held the lock, so a change may be half done.
fn poisoned() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source(POISONED)
}

const POISONED: &str = "a writer panicked";

impl fmt::Debug for MemoryApiKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryApiKeyStore")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
