//! Bounded caches of what a store answered.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::clock::{Clock, UnixTime};
use crate::limits;

/// Values by key. Each is used for the staleness, counted from the second in which the store was
/// asked.
pub(super) struct ReadCache<K, V> {
    first: CacheShard<K, V>,
    others: Box<[CacheShard<K, V>]>,
    hasher: RandomState,
    capacity: usize,
    staleness: Duration,
    clock: Arc<dyn Clock>,
}

/// A part on its own cache lines.
#[repr(align(128))]
struct CacheShard<K, V>(RwLock<Entries<K, V>>);

struct Entries<K, V> {
    by_key: HashMap<K, Entry<V>>,
    /// Counts the changes, so that an answer from before a change is not cached after it.
    epoch: u64,
    /// Changes in progress; while there are any, nothing is cached.
    changes: usize,
    /// Nothing is cached before this time: a change whose caller stopped waiting may be in
    /// progress.
    closed_until: Option<UnixTime>,
}

struct Entry<V> {
    value: V,
    asked: UnixTime,
}

/// The state when the store was asked; an answer is cached only if no change came in between.
#[derive(Clone, Copy)]
pub(super) struct InsertTicket {
    epoch: u64,
    asked: UnixTime,
}

const SHARDS: u64 = 64;

impl<K, V> ReadCache<K, V> {
    pub(super) fn new(entries: usize, staleness: Duration, clock: Arc<dyn Clock>) -> Self {
        let shards = entries.min(SHARDS as usize);
        Self {
            first: CacheShard::default(),
            others: (1..shards).map(|_| CacheShard::default()).collect(),
            hasher: RandomState::new(),
            capacity: entries / shards,
            staleness,
            clock,
        }
    }

    fn shards(&self) -> impl Iterator<Item = &CacheShard<K, V>> {
        [&self.first].into_iter().chain(&self.others)
    }

    fn is_fresh(&self, asked: UnixTime, now: UnixTime) -> bool {
        // After the clock was set back an answer may be from the future; its age is unknown.
        asked <= now && now < asked.saturating_add(self.staleness)
    }
}

impl<K: Clone + Eq + Hash, V: Clone> ReadCache<K, V> {
    fn shard(&self, key: &K) -> &CacheShard<K, V> {
        let shards = 1 + self.others.len() as u64;
        let at = usize::try_from(self.hasher.hash_one(key) % shards).unwrap_or_default();
        at.checked_sub(1)
            .and_then(|at| self.others.get(at))
            .unwrap_or(&self.first)
    }

    /// Returns the cached value, or a ticket to cache the answer of the store that is asked now.
    pub(super) fn get(&self, key: &K) -> Result<V, Option<InsertTicket>> {
        let now = self.clock.now().ok_or(None)?;
        let state = self.shard(key).read();
        match state.by_key.get(key) {
            Some(entry) if self.is_fresh(entry.asked, now) => Ok(entry.value.clone()),
            _ => Err(Some(InsertTicket {
                epoch: state.epoch,
                asked: now,
            })),
        }
    }

    /// Returns the cached value, also a stale one.
    pub(super) fn get_stale(&self, key: &K) -> Option<V> {
        let state = self.shard(key).read();
        state.by_key.get(key).map(|entry| entry.value.clone())
    }

    /// Caches an answer, unless a change came in between.
    pub(super) fn insert(&self, key: &K, value: V, ticket: Option<InsertTicket>) {
        let Some(InsertTicket { epoch, asked }) = ticket else {
            return;
        };
        let mut state = self.shard(key).write();
        let is_closed = state.closed_until.is_some_and(|until| asked < until);
        if state.epoch != epoch || state.changes > 0 || is_closed {
            return;
        }
        if state.by_key.len() >= self.capacity && !state.by_key.contains_key(key) {
            self.evict(&mut state, asked);
        }
        state.by_key.insert(key.clone(), Entry { value, asked });
    }

    /// Removes the stale entries, or any one if all are fresh.
    fn evict(&self, state: &mut Entries<K, V>, now: UnixTime) {
        state
            .by_key
            .retain(|_, entry| self.is_fresh(entry.asked, now));
        if state.by_key.len() >= self.capacity
            && let Some(any) = state.by_key.keys().next().cloned()
        {
            state.by_key.remove(&any);
        }
    }

    /// Changes the cached value of a key, if there is one.
    pub(super) fn update(&self, key: &K, update: impl FnOnce(&mut V)) {
        if let Some(entry) = self.shard(key).write().by_key.get_mut(key) {
            update(&mut entry.value);
        }
    }

    pub(super) fn remove(&self, key: &K) {
        self.shard(key).write().by_key.remove(key);
    }

    /// Removes these keys, and caches nothing in their parts until the change is complete.
    pub(super) fn change(&self, keys: Vec<K>) -> PendingChange<'_, K, V> {
        for key in &keys {
            self.shard(key).begin(|other, _| other == key);
        }
        let shards = keys.iter().map(|key| self.shard(key)).collect();
        self.changing(shards)
    }

    /// Removes all values for which `is_changed`, and caches nothing until the change is complete.
    pub(super) fn change_all(&self, is_changed: impl Fn(&V) -> bool) -> PendingChange<'_, K, V> {
        for shard in self.shards() {
            shard.begin(|_, value| is_changed(value));
        }
        self.changing(self.shards().collect())
    }

    fn changing<'a>(&'a self, shards: Vec<&'a CacheShard<K, V>>) -> PendingChange<'a, K, V> {
        PendingChange {
            shards,
            is_done: false,
            cache: self,
        }
    }
}

impl<K, V> CacheShard<K, V> {
    // No code of others runs while a lock is held, so a poisoned one has no half-made change.
    fn read(&self) -> RwLockReadGuard<'_, Entries<K, V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries<K, V>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, is_changed: impl Fn(&K, &V) -> bool) {
        let mut state = self.write();
        state
            .by_key
            .retain(|key, entry| !is_changed(key, &entry.value));
        state.epoch = state.epoch.wrapping_add(1);
        state.changes = state.changes.saturating_add(1);
    }

    fn end(&self, closed_until: Option<UnixTime>) {
        let mut state = self.write();
        state.epoch = state.epoch.wrapping_add(1);
        state.changes = state.changes.saturating_sub(1);
        state.closed_until = state.closed_until.max(closed_until);
    }
}

impl<K, V> Default for CacheShard<K, V> {
    fn default() -> Self {
        Self(RwLock::new(Entries {
            by_key: HashMap::new(),
            epoch: 0,
            changes: 0,
            closed_until: None,
        }))
    }
}

/// A change of the store in progress.
pub(super) struct PendingChange<'a, K, V> {
    shards: Vec<&'a CacheShard<K, V>>,
    is_done: bool,
    cache: &'a ReadCache<K, V>,
}

impl<K, V> PendingChange<'_, K, V> {
    /// Ends the change after the store has answered.
    pub(super) fn done(mut self) {
        self.is_done = true;
    }
}

impl<K, V> Drop for PendingChange<'_, K, V> {
    /// If the caller stopped waiting for the answer, the store may still make the change: for some
    /// time nothing is cached in the changed parts.
    fn drop(&mut self) {
        let now = self.cache.clock.now();
        let doubt = now.map(|now| now.saturating_add(limits::CACHE_DOUBT));
        let closed_until = doubt.filter(|_| !self.is_done);
        self.shards.iter().for_each(|shard| shard.end(closed_until));
    }
}

impl<K, V> fmt::Debug for ReadCache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadCache")
            .field("staleness", &self.staleness)
            .finish_non_exhaustive()
    }
}
