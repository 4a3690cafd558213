//! Bounded caches of what a store answered.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::changes::{Changes, Name};
use crate::clock::{Clock, UnixTime};

/// Values by key. Each is used for the staleness, counted from the second in which the store was
/// asked, unless a change names it.
pub(super) struct ReadCache<K, V> {
    first: CacheShard<K, V>,
    others: Box<[CacheShard<K, V>]>,
    hasher: RandomState,
    capacity: usize,
    staleness: Duration,
    clock: Arc<dyn Clock>,
    changes: Arc<Changes>,
}

/// A part on its own cache lines.
#[repr(align(128))]
struct CacheShard<K, V>(RwLock<Entries<K, V>>);

struct Entries<K, V> {
    by_key: HashMap<K, Entry<V>>,
    /// The keys, each at the place that its entry names.
    keys: Vec<K>,
    /// Where the next entry to replace is looked for.
    hand: usize,
}

struct Entry<V> {
    value: V,
    asked: UnixTime,
    names: Names,
    /// The number of the last change that is known not to name it.
    seen: AtomicU64,
    place: usize,
}

/// What the changes of a record may name.
#[derive(Clone, Copy, Default)]
pub(super) struct Names {
    all: [Name; 4],
    len: usize,
}

/// The state when the store was asked; an answer is cached only if no change of it came in between.
#[derive(Clone, Copy)]
pub(super) struct InsertTicket {
    number: u64,
    asked: UnixTime,
}

const SHARDS: u64 = 64;

/// How many entries are looked at for a stale one to replace.
const LOOKS: usize = 8;

impl<K, V> ReadCache<K, V> {
    pub(super) fn new(entries: usize, staleness: Duration, clock: Arc<dyn Clock>) -> Self {
        let shards = entries.min(SHARDS as usize);
        Self {
            first: CacheShard::default(),
            others: (1..shards).map(|_| CacheShard::default()).collect(),
            hasher: RandomState::new(),
            capacity: entries / shards,
            staleness,
            changes: Changes::new(Arc::clone(&clock)),
            clock,
        }
    }

    /// Returns the changes that this cache has to know.
    pub(super) const fn changes(&self) -> &Arc<Changes> {
        &self.changes
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
            Some(entry) if self.is_fresh(entry.asked, now) && self.is_current(entry) => {
                Ok(entry.value.clone())
            }
            _ => Err(Some(InsertTicket {
                number: self.changes.last(),
                asked: now,
            })),
        }
    }

    fn is_current(&self, entry: &Entry<V>) -> bool {
        self.changes.confirm(entry.names.as_slice(), &entry.seen)
    }

    /// Returns the cached value, also a stale one.
    pub(super) fn get_stale(&self, key: &K) -> Option<V> {
        let state = self.shard(key).read();
        state.by_key.get(key).map(|entry| entry.value.clone())
    }

    /// Caches an answer, unless a change of one of its names came in between.
    pub(super) fn insert(&self, key: &K, value: V, names: Names, ticket: Option<InsertTicket>) {
        let Some(InsertTicket { number, asked }) = ticket else {
            return;
        };
        if !self.changes.may_insert(names.as_slice(), number, asked) {
            return;
        }
        let mut state = self.shard(key).write();
        let place = self.place(&mut state, key, asked);
        let entry = Entry {
            value,
            asked,
            names,
            // A change that began since then is found by it.
            seen: AtomicU64::new(number),
            place,
        };
        state.by_key.insert(key.clone(), entry);
    }

    /// Returns the place of a key. A new key in a full part takes that of a stale entry among the
    /// next few, or of the first of them.
    fn place(&self, state: &mut Entries<K, V>, key: &K, now: UnixTime) -> usize {
        if let Some(entry) = state.by_key.get(key) {
            return entry.place;
        }
        if state.keys.len() < self.capacity {
            state.keys.push(key.clone());
            return state.keys.len() - 1;
        }
        let places = state.keys.len().max(1);
        let is_usable = |key: &K| {
            let entry = state.by_key.get(key);
            entry.is_some_and(|entry| self.is_fresh(entry.asked, now))
        };
        let mut next = (0..LOOKS).map(|step| (state.hand + step) % places);
        let stale = next.find(|at| state.keys.get(*at).is_some_and(|key| !is_usable(key)));
        let place = stale.unwrap_or(state.hand % places);
        state.hand = (place + 1) % places;
        if let Some(own) = state.keys.get_mut(place) {
            let old = std::mem::replace(own, key.clone());
            state.by_key.remove(&old);
        }
        place
    }

    /// Changes the cached value of a key, if there is one.
    pub(super) fn update(&self, key: &K, update: impl FnOnce(&mut V)) {
        if let Some(entry) = self.shard(key).write().by_key.get_mut(key) {
            update(&mut entry.value);
        }
    }

    pub(super) fn remove(&self, key: &K) {
        let mut state = self.shard(key).write();
        let Some(entry) = state.by_key.remove(key) else {
            return;
        };
        state.keys.swap_remove(entry.place);
        if let Some(moved) = state.keys.get(entry.place).cloned()
            && let Some(moved) = state.by_key.get_mut(&moved)
        {
            moved.place = entry.place;
        }
    }
}

impl Names {
    /// Takes the names of a record; it has at most four.
    pub(super) fn of(names: impl IntoIterator<Item = Name>) -> Self {
        let mut own = Self::default();
        for (place, name) in own.all.iter_mut().zip(names) {
            *place = name;
            own.len += 1;
        }
        own
    }

    fn as_slice(&self) -> &[Name] {
        self.all.get(..self.len).unwrap_or(&self.all)
    }
}

impl<K, V> CacheShard<K, V> {
    // A poisoned lock has no half-made change: code of others under it only changes one value.
    fn read(&self) -> RwLockReadGuard<'_, Entries<K, V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries<K, V>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for CacheShard<K, V> {
    fn default() -> Self {
        Self(RwLock::new(Entries {
            by_key: HashMap::new(),
            keys: Vec::new(),
            hand: 0,
        }))
    }
}

impl<K, V> fmt::Debug for ReadCache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadCache")
            .field("staleness", &self.staleness)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::FakeClock;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    proptest! {
        #[test]
        fn a_full_part_replaces_one_entry_and_keeps_its_places(
            steps in prop::collection::vec((0..40_u8, any::<bool>(), 0..3_u64), 0..300),
        ) {
            let clock = FakeClock::at(NOW);
            // One part of ten places.
            let mut cache = ReadCache::new(1, Duration::from_secs(5), Arc::new(clock.clone()));
            cache.capacity = 10;
            for (key, is_removed, secs) in steps {
                clock.advance(Duration::from_secs(secs));
                match cache.get(&key) {
                    Ok(value) => prop_assert_eq!(value, key),
                    Err(ticket) => cache.insert(&key, key, Names::default(), ticket),
                }
                if is_removed {
                    cache.remove(&key);
                }
                prop_assert_eq!(cache.get(&key).is_err(), is_removed);
                let state = cache.first.read();
                prop_assert!(state.keys.len() <= 10);
                prop_assert_eq!(state.keys.len(), state.by_key.len());
                for (place, key) in state.keys.iter().enumerate() {
                    prop_assert_eq!(state.by_key[key].place, place);
                }
            }
        }
    }
}
