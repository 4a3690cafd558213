//! Records of API keys in memory.

mod index;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Mutex;

use crossbeam_utils::sync::ShardedLock;

use self::index::Index;
use self::table::Hash;
use self::table::Table;
use crate::api_key::ApiKeyChange;
use crate::api_key::ApiKeyId;
use crate::api_key::ApiKeyQuery;
use crate::api_key::ApiKeyRecord;
use crate::api_key::ApiKeyStore;
use crate::api_key::KeyDigest;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::error::StoreError;
use crate::error::StoreErrorKind;
use crate::now_or_later::NowOrLater;

/// Keeps the records of API keys in memory, up to a number of them; they are gone with the
/// process.
///
/// Every answer is ready. Readers wait for a writer of the same part of the table alone, for as
/// long as it moves one record, or makes that part larger.
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
    shards: Box<[Shard]>,
    // Locked in this order, shards last: the index by every writer, the digests by those that
    // change foreign keys.
    index: Mutex<Index>,
    foreign: ShardedLock<HashMap<KeyDigest, ApiKeyId>>,
}

/// A part of the table on cache lines of its own. Readers on different threads lock it in
/// different places, so that they do not wait for each other's cache.
#[repr(align(128))]
struct Shard(ShardedLock<Table>);

/// Enough that readers seldom meet a writer. Not more, because a part that holds few records
/// answers for each of them more often where an id is unknown.
const SHARDS: usize = 16;

impl MemoryApiKeyStore {
    /// Makes an empty store for at most so many records, which are not allocated yet.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for zero.
    pub fn new(capacity: usize) -> Result<Self, ConfigError> {
        if capacity == 0 {
            return Err(ConfigError::out_of_range("capacity", capacity, 1..));
        }
        let shard = || Shard(ShardedLock::new(Table::default()));
        Ok(Self {
            capacity,
            hasher: RandomState::new(),
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            index: Mutex::default(),
            foreign: ShardedLock::default(),
        })
    }

    fn get(&self, id: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let hash = self.hasher.hash_one(id);
        let table = self.shard(hash)?.0.read().map_err(|_| poisoned())?;
        Ok(table.get(Hash::new(hash), id).cloned())
    }

    /// Gets some other record where there is none of this id, by the same work.
    fn get_any(&self, id: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let hash = self.hasher.hash_one(id);
        let table = self.shard(hash)?.0.read().map_err(|_| poisoned())?;
        if table.has_strays() {
            return Ok(table.get(Hash::new(hash), id).cloned());
        }
        Ok(table.probe(Hash::new(hash)).cloned())
    }

    fn shard(&self, hash: u64) -> Result<&Shard, StoreError> {
        // The bits that a table leaves free.
        let at = (hash >> 26) as usize % self.shards.len();
        self.shards.get(at).ok_or_else(poisoned)
    }

    fn apply(&self, changes: &[ApiKeyChange]) -> Result<(), StoreError> {
        let mut index = self.index.lock().map_err(|_| poisoned())?;
        let steps = self.plan(changes)?;
        let grown = steps.iter().filter(|step| step.old.is_none()).count();
        let shrunk = steps.iter().filter(|step| step.new.is_none()).count();
        if index.len() + grown > self.capacity + shrunk {
            return Err(StoreErrorKind::Full.into());
        }
        let touches_foreign = |step: &Step| step.ends().any(|(_, record)| record.is_legacy());
        if !steps.iter().any(touches_foreign) {
            return steps.into_iter().try_for_each(|s| self.take(s, &mut index));
        }
        let mut foreign = self.foreign.write().map_err(|_| poisoned())?;
        check_digests(&steps, &foreign)?;
        for step in steps {
            step.enter(&mut foreign);
            self.take(step, &mut index)?;
        }
        Ok(())
    }

    /// Holds every change against what is there; nothing is changed yet.
    fn plan(&self, changes: &[ApiKeyChange]) -> Result<Vec<Step>, StoreError> {
        let mut seen = HashSet::new();
        let step = |change: &ApiKeyChange| {
            let id = change.id();
            let old = self.get(id)?;
            let expected = old.as_ref().map_or(0, ApiKeyRecord::version);
            if !seen.insert(id) || change.expects() != Some(expected) {
                return Err(StoreErrorKind::Conflict.into());
            }
            let new = change.record().cloned();
            Ok(Step { id, old, new })
        };
        changes.iter().map(step).collect()
    }

    fn take(&self, step: Step, index: &mut Index) -> Result<(), StoreError> {
        let hash = self.hasher.hash_one(step.id);
        index.enter(step.old.as_ref(), step.new.as_ref());
        let mut table = self.shard(hash)?.0.write().map_err(|_| poisoned())?;
        table.set(Hash::new(hash), step.id, step.new);
        Ok(())
    }

    fn page(&self, query: &ApiKeyQuery) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let index = self.index.lock().map_err(|_| poisoned())?;
        let mut page = Vec::new();
        for id in index.candidates(query) {
            if page.len() >= query.limit {
                break;
            }
            page.extend(self.get(id)?.filter(|record| query.matches(record)));
        }
        Ok(page)
    }

    fn get_foreign(&self, digest: &KeyDigest) -> Result<Option<ApiKeyRecord>, StoreError> {
        // Held until the record is read, so that the two belong together.
        let foreign = self.foreign.read().map_err(|_| poisoned())?;
        match foreign.get(digest) {
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
        NowOrLater::now(self.get_any(id))
    }

    fn find_by_digest(
        &self,
        digest: KeyDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        NowOrLater::now(self.get_foreign(&digest))
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        NowOrLater::now(self.page(&query))
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(self.apply(&changes))
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        if let Ok(Some(record)) = self.get(id) {
            record.touch(now);
        }
    }
}

/// One record before and after.
struct Step {
    id: ApiKeyId,
    old: Option<ApiKeyRecord>,
    new: Option<ApiKeyRecord>,
}

impl Step {
    /// Both ends, with whether it is the new one.
    fn ends(&self) -> impl Iterator<Item = (bool, &ApiKeyRecord)> {
        let old = self.old.iter().map(|record| (false, record));
        old.chain(self.new.iter().map(|record| (true, record)))
    }

    fn enter(&self, foreign: &mut HashMap<KeyDigest, ApiKeyId>) {
        for (is_new, record) in self.ends().filter(|(_, record)| record.is_legacy()) {
            let digest = *record.digest().digest();
            if is_new {
                foreign.insert(digest, self.id);
            } else {
                foreign.remove(&digest);
            }
        }
    }
}

/// No two foreign keys have one digest.
fn check_digests(steps: &[Step], foreign: &HashMap<KeyDigest, ApiKeyId>) -> Result<(), StoreError> {
    let mut seen = HashSet::new();
    let is_free = |record: &ApiKeyRecord| {
        let digest = record.digest().digest();
        seen.insert(*digest) && foreign.get(digest).is_none_or(|id| *id == record.id())
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

/// A thread panicked while it held a lock, so what is behind it may be half a change.
fn poisoned() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source("a writer panicked")
}

impl fmt::Debug for MemoryApiKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryApiKeyStore")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
