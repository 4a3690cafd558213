//! A bounded map in several parts, each with its own lock.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::{StoreError, StoreErrorKind};

pub(crate) type Map<K, V> = HashMap<K, V>;

/// A bounded map in several parts, so that a reader seldom waits for a writer of another entry. No
/// lock is held longer than one lookup or change of one part takes.
pub(crate) struct Shards<K, V> {
    first: Shard<K, V>,
    others: Vec<Shard<K, V>>,
    hasher: RandomState,
    len: AtomicUsize,
    limit: usize,
}

/// A part on its own cache lines.
#[repr(align(128))]
struct Shard<K, V>(RwLock<Map<K, V>>);

const SHARDS: usize = 64;

impl<K: Eq + Hash, V> Shards<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            first: Shard::new(),
            others: (1..SHARDS).map(|_| Shard::new()).collect(),
            hasher: RandomState::new(),
            len: AtomicUsize::new(0),
            limit,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }

    /// Locks the part of a key for reading.
    pub(crate) fn read<Q: Hash>(&self, key: &Q) -> RwLockReadGuard<'_, Map<K, V>> {
        self.shard(self.index(key)).read()
    }

    /// Locks the part of a key for writing.
    pub(crate) fn write(&self, key: &K) -> RwLockWriteGuard<'_, Map<K, V>> {
        self.shard(self.index(key)).write()
    }

    /// Reserves the place of one more entry, which the caller then adds.
    pub(crate) fn reserve(&self) -> Result<(), StoreError> {
        let more = |len: usize| len.checked_add(1).filter(|len| *len <= self.limit);
        let reserved = self
            .len
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        reserved.map(drop).map_err(|_| StoreErrorKind::Full.into())
    }

    /// Removes the entry of a key, if it is one that `is_meant`.
    pub(crate) fn remove(&self, key: &K, is_meant: impl FnOnce(&V) -> bool) -> Option<V> {
        let mut map = self.write(key);
        if !map.get(key).is_some_and(is_meant) {
            return None;
        }
        let removed = map.remove(key);
        self.len
            .fetch_sub(usize::from(removed.is_some()), Ordering::SeqCst);
        removed
    }

    fn index<Q: Hash>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key) % SHARDS as u64
    }

    fn shard(&self, index: u64) -> &Shard<K, V> {
        let index = usize::try_from(index).unwrap_or_default();
        self.others.get(index).unwrap_or(&self.first)
    }
}

impl<K, V> Shard<K, V> {
    fn new() -> Self {
        Self(RwLock::new(Map::new()))
    }

    fn read(&self) -> RwLockReadGuard<'_, Map<K, V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map<K, V>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
