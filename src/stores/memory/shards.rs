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

    /// Locks the parts of two keys for writing; both may be in one part.
    pub(crate) fn write_both<T>(
        &self,
        keys: [&K; 2],
        change: impl FnOnce(Both<'_, K, V>) -> T,
    ) -> T {
        let [a, b] = keys.map(|key| self.index(key));
        if a == b {
            return change(Both::One(&mut self.shard(a).write()));
        }
        // All callers lock in one order, so that no two wait for each other.
        let mut low = self.shard(a.min(b)).write();
        let mut high = self.shard(a.max(b)).write();
        let both = if a < b {
            Both::Two(&mut low, &mut high)
        } else {
            Both::Two(&mut high, &mut low)
        };
        change(both)
    }

    /// Reserves the place of one more entry, which the caller then adds.
    pub(crate) fn reserve(&self) -> Result<(), StoreError> {
        let more = |len: usize| len.checked_add(1).filter(|len| *len <= self.limit);
        let reserved = self
            .len
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        reserved.map(drop).map_err(|_| StoreErrorKind::Full.into())
    }

    /// Removes all entries for which `is_expired`, and returns their number.
    pub(crate) fn remove(&self, is_expired: impl Fn(&K, &V) -> bool) -> usize {
        let mut total = 0;
        for shard in self.others.iter().chain([&self.first]) {
            let mut map = shard.write();
            let before = map.len();
            map.retain(|key, value| !is_expired(key, value));
            let removed = before - map.len();
            self.len.fetch_sub(removed, Ordering::SeqCst);
            total += removed;
        }
        total
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

/// The locked parts of two keys.
pub(crate) enum Both<'a, K, V> {
    One(&'a mut Map<K, V>),
    Two(&'a mut Map<K, V>, &'a mut Map<K, V>),
}

impl<K, V> Both<'_, K, V> {
    pub(crate) fn first(&mut self) -> &mut Map<K, V> {
        match self {
            Self::One(map) | Self::Two(map, _) => map,
        }
    }

    pub(crate) fn second(&mut self) -> &mut Map<K, V> {
        match self {
            Self::One(map) | Self::Two(_, map) => map,
        }
    }
}
