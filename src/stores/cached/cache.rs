//! A bounded memory of what a slow store answered a moment ago.

mod api_key;
mod session;

pub use api_key::CachedApiKeyStore;
pub use session::CachedSessionStore;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;
use std::time::Duration;

use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::limits;

/// How much a cache before a store remembers, and for how long.
///
/// What other processes change is noticed after the staleness at the latest: a key or session that
/// one of them revoked stays good here for so long. What is changed through the cache itself is
/// seen at once. Only what was found is remembered, never that there is none, and never an error.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use bearergate::stores::{CachedApiKeyStore, MemoryApiKeyStore, ReadCache};
///
/// let slow = Arc::new(MemoryApiKeyStore::new(100_000)?);
/// let cache = ReadCache::new().staleness(Duration::from_secs(2));
/// let store = CachedApiKeyStore::new(slow, cache)?;
/// # let _ = store;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ReadCache {
    staleness: Duration,
    entries: usize,
    clock: Arc<dyn Clock>,
}

impl ReadCache {
    /// Starts with [`limits::CACHE_STALENESS`] and [`limits::CACHE_ENTRIES`].
    pub fn new() -> Self {
        Self {
            staleness: limits::CACHE_STALENESS,
            entries: limits::CACHE_ENTRIES,
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets for how long an answer is good: whole seconds, one to
    /// [`limits::CACHE_STALENESS_MAX`].
    pub fn staleness(mut self, staleness: Duration) -> Self {
        self.staleness = staleness;
        self
    }

    /// Sets how many records are remembered: one to [`limits::CACHE_ENTRIES_MAX`].
    pub fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// Sets the clock; by default it is the system's. While it cannot tell the time, every call
    /// goes to the store.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn build<K, V>(&self) -> Result<Cache<K, V>, ConfigError> {
        let range = Duration::from_secs(1)..=limits::CACHE_STALENESS_MAX;
        if !range.contains(&self.staleness) {
            return Err(ConfigError::out_of_range(
                "staleness",
                self.staleness,
                range,
            ));
        }
        let range = 1..=limits::CACHE_ENTRIES_MAX;
        if !range.contains(&self.entries) {
            return Err(ConfigError::out_of_range("entries", self.entries, range));
        }
        Ok(Cache::new(self))
    }
}

impl Default for ReadCache {
    fn default() -> Self {
        Self::new()
    }
}

/// Values by key, each good for the staleness after the second in which the store was asked.
struct Cache<K, V> {
    first: Part<K, V>,
    others: Box<[Part<K, V>]>,
    hasher: RandomState,
    room: usize,
    staleness: Duration,
    clock: Arc<dyn Clock>,
}

/// A part on cache lines of its own.
#[repr(align(128))]
struct Part<K, V>(RwLock<State<K, V>>);

struct State<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Counts the changes, so that an answer from before one is not remembered after it.
    epoch: u64,
    /// Changes that are under way; while there are any, nothing is remembered.
    changes: usize,
    /// Nothing is remembered before: a change may be under way of which nobody waits for the end.
    closed_until: Option<UnixTime>,
}

struct Entry<V> {
    value: V,
    asked: UnixTime,
}

/// What must not have changed between the question to the store and the answer.
#[derive(Clone, Copy)]
struct Ticket {
    epoch: u64,
    asked: UnixTime,
}

const PARTS: u64 = 64;

impl<K, V> Cache<K, V> {
    fn new(settings: &ReadCache) -> Self {
        let parts = settings.entries.min(PARTS as usize);
        Self {
            first: Part::default(),
            others: (1..parts).map(|_| Part::default()).collect(),
            hasher: RandomState::new(),
            room: settings.entries / parts,
            staleness: settings.staleness,
            clock: settings.clock.clone(),
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Part<K, V>> {
        [&self.first].into_iter().chain(&self.others)
    }

    fn is_fresh(&self, asked: UnixTime, now: UnixTime) -> bool {
        // A clock that was set back makes an answer of the future: how old it is, is unknown.
        asked <= now && now < asked.saturating_add(self.staleness)
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    fn part(&self, key: &K) -> &Part<K, V> {
        let parts = 1 + self.others.len() as u64;
        let at = usize::try_from(self.hasher.hash_one(key) % parts).unwrap_or_default();
        at.checked_sub(1)
            .and_then(|at| self.others.get(at))
            .unwrap_or(&self.first)
    }

    /// Returns what is remembered, or a ticket to remember what the store is asked for now.
    fn get(&self, key: &K) -> Result<V, Option<Ticket>> {
        let now = self.clock.now().ok_or(None)?;
        let state = self.part(key).read();
        match state.entries.get(key) {
            Some(entry) if self.is_fresh(entry.asked, now) => Ok(entry.value.clone()),
            _ => Err(Some(Ticket {
                epoch: state.epoch,
                asked: now,
            })),
        }
    }

    /// Returns what is remembered, however old.
    fn recall(&self, key: &K) -> Option<V> {
        let state = self.part(key).read();
        state.entries.get(key).map(|entry| entry.value.clone())
    }

    /// Remembers an answer, unless a change came between.
    fn put(&self, key: &K, value: V, ticket: Option<Ticket>) {
        let Some(Ticket { epoch, asked }) = ticket else {
            return;
        };
        let mut state = self.part(key).write();
        let is_closed = state.closed_until.is_some_and(|until| asked < until);
        if state.epoch != epoch || state.changes > 0 || is_closed {
            return;
        }
        if state.entries.len() >= self.room && !state.entries.contains_key(key) {
            self.make_room(&mut state, asked);
        }
        state.entries.insert(key.clone(), Entry { value, asked });
    }

    /// Forgets what is stale, or else anything.
    fn make_room(&self, state: &mut State<K, V>, now: UnixTime) {
        state
            .entries
            .retain(|_, entry| self.is_fresh(entry.asked, now));
        if state.entries.len() >= self.room
            && let Some(any) = state.entries.keys().next().cloned()
        {
            state.entries.remove(&any);
        }
    }

    /// Changes what is remembered of a key, if anything is.
    fn amend(&self, key: &K, amend: impl FnOnce(&mut V)) {
        if let Some(entry) = self.part(key).write().entries.get_mut(key) {
            amend(&mut entry.value);
        }
    }

    fn forget(&self, key: &K) {
        self.part(key).write().entries.remove(key);
    }

    /// Forgets these keys, and remembers nothing near them until the change has ended.
    fn change(&self, keys: Vec<K>) -> Change<'_, K, V> {
        for key in &keys {
            self.part(key).begin(|other, _| other == key);
        }
        let parts = keys.iter().map(|key| self.part(key)).collect();
        self.changing(parts)
    }

    /// Forgets all that `is_changed`, and remembers nothing at all until the change has ended.
    fn change_all(&self, is_changed: impl Fn(&V) -> bool) -> Change<'_, K, V> {
        for part in self.parts() {
            part.begin(|_, value| is_changed(value));
        }
        self.changing(self.parts().collect())
    }

    fn changing<'a>(&'a self, parts: Vec<&'a Part<K, V>>) -> Change<'a, K, V> {
        Change {
            parts,
            is_done: false,
            cache: self,
        }
    }
}

impl<K, V> Part<K, V> {
    // Nothing foreign runs while a lock is held, so none is poisoned half way.
    fn read(&self) -> RwLockReadGuard<'_, State<K, V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<K, V>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, is_changed: impl Fn(&K, &V) -> bool) {
        let mut state = self.write();
        state
            .entries
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

impl<K, V> Default for Part<K, V> {
    fn default() -> Self {
        Self(RwLock::new(State {
            entries: HashMap::new(),
            epoch: 0,
            changes: 0,
            closed_until: None,
        }))
    }
}

/// A change of the store that is under way.
struct Change<'a, K, V> {
    parts: Vec<&'a Part<K, V>>,
    is_done: bool,
    cache: &'a Cache<K, V>,
}

impl<K, V> Change<'_, K, V> {
    /// The store has answered.
    fn done(mut self) {
        self.is_done = true;
    }
}

impl<K, V> Drop for Change<'_, K, V> {
    /// Nobody waits for the answer any more, but the store may still make the change: for some
    /// time nothing near it is remembered.
    fn drop(&mut self) {
        let now = self.cache.clock.now();
        let doubt = now.map(|now| now.saturating_add(limits::CACHE_DOUBT));
        let closed_until = doubt.filter(|_| !self.is_done);
        self.parts.iter().for_each(|part| part.end(closed_until));
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("staleness", &self.staleness)
            .finish_non_exhaustive()
    }
}
