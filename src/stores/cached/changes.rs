//! The changes of a store that a cache in front of it has to know.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::clock::{Clock, UnixTime};
use crate::limits;

/// What a change names, and a record is found by: the hash of a key or of the target of a
/// revocation. Two things of one hash are only read from the store more often.
pub(super) type Name = u64;

/// The changes by what they name, so that a change costs the records that it does not name nothing.
///
/// Every begin and every end of a change has a number. An answer of the store is current if no
/// change that names its record began, ended or was in progress after the store was asked.
pub(super) struct Changes {
    last: LastNumber,
    state: RwLock<State>,
    hasher: RandomState,
    clock: Arc<dyn Clock>,
}

/// Read by every hit, so on its own cache lines.
#[repr(align(128))]
struct LastNumber(AtomicU64);

#[derive(Default)]
struct State {
    by_name: HashMap<Name, Known>,
    /// The ends of changes, in their order.
    ended: VecDeque<(u64, Name)>,
    /// Changes up to this number may be forgotten; whatever was asked before it is not current.
    forgotten: u64,
    /// The end of every doubt about a forgotten change.
    doubt: Option<UnixTime>,
}

#[derive(Default)]
struct Known {
    /// How many changes of it are in progress.
    running: usize,
    last: u64,
    /// Nothing about it is cached before this time: a change that was lost may be in progress.
    doubt: Option<UnixTime>,
}

/// Ended changes that are known by what they name. Whatever was read before an older one is read
/// again.
const ENDED: usize = 4096;

impl Changes {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            last: LastNumber(AtomicU64::new(0)),
            state: RwLock::default(),
            hasher: RandomState::new(),
            clock,
        })
    }

    /// Returns the name of a key or a target.
    pub(super) fn name(&self, of: &impl Hash) -> Name {
        self.hasher.hash_one(of)
    }

    /// Returns the number of the last begin or end of a change.
    pub(super) fn last(&self) -> u64 {
        self.last.0.load(Ordering::SeqCst)
    }

    /// Returns true if what the store answered when it was asked at this number may be cached.
    pub(super) fn may_insert(&self, names: &[Name], number: u64, asked: UnixTime) -> bool {
        let state = self.read();
        let is_in_doubt = |doubt: Option<UnixTime>| doubt.is_some_and(|until| asked < until);
        let mut known = names.iter().filter_map(|name| state.by_name.get(name));
        state.is_current(names, number)
            && !is_in_doubt(state.doubt)
            && !known.any(|known| is_in_doubt(known.doubt))
    }

    /// Returns true if a cached record is current, and then notes the number up to which it is.
    pub(super) fn confirm(&self, names: &[Name], seen: &AtomicU64) -> bool {
        let last = self.last();
        let number = seen.load(Ordering::Relaxed);
        if number == last {
            return true;
        }
        let is_current = self.read().is_current(names, number);
        if is_current {
            // Only up to the number from before the check: a later change is checked again.
            seen.store(last, Ordering::Relaxed);
        }
        is_current
    }

    /// Begins a change: what it names is not current until it ends.
    pub(super) fn begin(self: &Arc<Self>, names: Vec<Name>) -> PendingChange {
        let mut state = self.write();
        let number = self.last().wrapping_add(1);
        for name in &names {
            let known = state.by_name.entry(*name).or_default();
            known.running = known.running.saturating_add(1);
            known.last = number;
        }
        self.last.0.store(number, Ordering::SeqCst);
        drop(state);
        PendingChange {
            changes: Arc::clone(self),
            names,
            is_done: false,
        }
    }

    fn end(&self, names: &[Name], doubt: Option<UnixTime>) {
        let mut state = self.write();
        let number = self.last().wrapping_add(1);
        for name in names {
            let known = state.by_name.entry(*name).or_default();
            known.running = known.running.saturating_sub(1);
            known.last = number;
            known.doubt = known.doubt.max(doubt);
            state.ended.push_back((number, *name));
        }
        while state.ended.len() > ENDED {
            state.forget_oldest();
        }
        self.last.0.store(number, Ordering::SeqCst);
    }

    // No code of others runs while the lock is held, so a poisoned one has no half-made change.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_current(&self, names: &[Name], number: u64) -> bool {
        let is_changed = |known: &Known| known.running > 0 || known.last > number;
        let mut known = names.iter().filter_map(|name| self.by_name.get(name));
        number >= self.forgotten && !known.any(is_changed)
    }

    fn forget_oldest(&mut self) {
        let Some((number, name)) = self.ended.pop_front() else {
            return;
        };
        let is_last = |known: &Known| known.running == 0 && known.last == number;
        // Otherwise a later end of the same name is in the queue, or will be.
        if self.by_name.get(&name).is_some_and(is_last) {
            let known = self.by_name.remove(&name);
            self.forgotten = number;
            self.doubt = self.doubt.max(known.and_then(|known| known.doubt));
        }
    }
}

/// A change of the store in progress.
pub(super) struct PendingChange {
    changes: Arc<Changes>,
    names: Vec<Name>,
    is_done: bool,
}

impl PendingChange {
    /// Ends the change after the store has answered.
    pub(super) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for PendingChange {
    /// If the change was lost before the store answered, the store may still make it: for some time
    /// nothing is cached of what it names.
    fn drop(&mut self) {
        let doubt = match self.is_done {
            true => None,
            false => self.changes.clock.now(),
        };
        let doubt = doubt.map(|now| now.saturating_add(limits::CACHE_DOUBT));
        self.changes.end(&self.names, doubt);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::FakeClock;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn changes() -> (Arc<Changes>, FakeClock) {
        let clock = FakeClock::at(NOW);
        (Changes::new(Arc::new(clock.clone())), clock)
    }

    #[test]
    fn only_what_a_change_names_stops_being_current() {
        let (changes, _) = changes();
        let (seen, number) = (AtomicU64::new(0), changes.last());
        let change = changes.begin(vec![1]);
        assert!(!changes.may_insert(&[1, 2], number, NOW));
        assert!(!changes.may_insert(&[1, 2], changes.last(), NOW));
        assert!(changes.may_insert(&[2, 3], number, NOW));
        assert!(!changes.confirm(&[2, 1], &seen));
        assert!(changes.confirm(&[2, 3], &seen));
        change.done();
        assert!(!changes.may_insert(&[1], number, NOW));
        assert!(changes.may_insert(&[1], changes.last(), NOW));
        assert!(changes.confirm(&[2, 3], &seen));
    }

    #[test]
    fn a_lost_change_is_in_doubt_for_what_it_names() {
        let (changes, clock) = changes();
        drop(changes.begin(vec![1]));
        let insert = |name, at| changes.may_insert(&[name], changes.last(), at);
        assert!(!insert(1, NOW) && insert(2, NOW));
        clock.advance(limits::CACHE_DOUBT);
        assert!(insert(1, clock.now().unwrap()));
    }

    #[test]
    fn the_known_changes_are_bounded_and_a_forgotten_one_counts_for_all() {
        let (changes, _) = changes();
        let before = changes.last();
        let running = changes.begin(vec![7]);
        drop(changes.begin(vec![1]));
        assert!(changes.may_insert(&[2], before, NOW));
        for name in 0..ENDED {
            changes.begin(vec![1_000 + name as Name]).done();
        }
        let state = changes.read();
        assert_eq!(state.ended.len(), ENDED);
        assert_eq!(state.by_name.len(), ENDED + 1);
        drop(state);
        assert!(!changes.may_insert(&[2], before, NOW));
        let doubted = changes.last();
        assert!(!changes.may_insert(&[2], doubted, NOW));
        let later = NOW.saturating_add(limits::CACHE_DOUBT + Duration::from_secs(1));
        assert!(changes.may_insert(&[2], doubted, later));
        assert!(!changes.may_insert(&[7], doubted, later));
        running.done();
        assert!(changes.may_insert(&[7], changes.last(), later));
    }
}
