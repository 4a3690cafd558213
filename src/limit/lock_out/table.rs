//! The states of sources, in memory of a fixed size.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
#[cfg(not(all(test, bearergate_shuttle)))]
use std::sync;
use std::sync::PoisonError;

use crossbeam_utils::CachePadded;
#[cfg(all(test, bearergate_shuttle))]
use shuttle::sync;

use self::sync::{Mutex, MutexGuard};
use super::state::{Begun, LockRules, Moment, State};
use crate::address::Source;
use crate::limits;

/// Slots under one lock.
const STRIPE: usize = 1_024;

/// A table that never forgets a source which owes something.
///
/// A source is in one of the [`limits::TABLE_WINDOW`] slots from the place of its hash. A slot whose
/// state is over equals no slot, so it is its own tombstone: the next source takes it. A source whose
/// window is full shares the state of its coarse network.
pub(super) struct Table {
    rules: LockRules,
    stripes: Box<[Stripe]>,
    /// The states that networks share. Their slots have no hashes.
    shared: Box<[Stripe]>,
    hasher: RandomState,
}

/// Shows nothing of what it holds: it is as large as it was configured.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

type Stripe = CachePadded<Mutex<Part>>;

/// Slots of 24 bytes. Their hashes are side by side, so that a look at a source without a slot reads
/// little memory.
#[derive(Debug)]
struct Part {
    /// The latest time of a request for it, in milliseconds.
    seen: u64,
    /// 0 if the slot was never used.
    hashes: Box<[u64]>,
    states: Box<[[u64; 2]]>,
}

/// Where a source is in its stripe.
enum Place {
    Own(usize),
    /// It has no slot, and so many of its window, from the first on, were used.
    Absent(usize),
}

/// What a blame has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Blamed {
    pub(super) begun: Option<Begun>,
    /// The source had no slot and shares the state of its network.
    pub(super) is_shared: bool,
}

impl Table {
    pub(super) fn new(slots: usize, rules: LockRules) -> Self {
        let stripes = slots.div_ceil(STRIPE).max(1);
        Self {
            rules,
            stripes: (0..stripes).map(|_| stripe(STRIPE)).collect(),
            shared: (0..stripes.div_ceil(2)).map(|_| stripe(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Returns the milliseconds to the end of the lock of a source, 0 if it has none.
    pub(super) fn locked_for(&self, source: Source, at: Moment) -> u64 {
        let hash = self.hash(&source.key());
        let mut part = self.part(hash);
        part.saw(at);
        match part.place(hash) {
            Place::Own(index) => {
                let state = part.states.get_mut(index);
                return state.map_or(0, |state| locked_for(state, at));
            }
            Place::Absent(used) => {
                let is_full = used == limits::TABLE_WINDOW;
                if !is_full || part.free(hash, used, at, &self.rules).is_some() {
                    return 0;
                }
            }
        }
        drop(part);
        self.with_shared(source, at, |state| locked_for(state, at))
    }

    /// Adds points to a source.
    pub(super) fn blame(&self, source: Source, points: u32, at: Moment) -> Blamed {
        let hash = self.hash(&source.key());
        let mut part = self.part(hash);
        part.saw(at);
        let (index, mut state) = match part.place(hash) {
            Place::Own(index) => (index, part.state(index)),
            Place::Absent(used) => {
                let Some(index) = part.free(hash, used, at, &self.rules) else {
                    drop(part);
                    return self.blame_shared(source, points, at);
                };
                (index, State::default().moved(at))
            }
        };
        let begun = state.blame(points, at, &self.rules);
        part.put(index, hash, state);
        Blamed {
            begun,
            is_shared: false,
        }
    }

    fn blame_shared(&self, source: Source, points: u32, at: Moment) -> Blamed {
        let rules = self.rules.shared();
        let begun = self.with_shared(source, at, |packed| {
            let mut state = State::unpack(*packed);
            let begun = state.blame(points, at, &rules);
            *packed = state.pack();
            begun
        });
        Blamed {
            begun,
            is_shared: true,
        }
    }

    /// Forgets what a source owes. Without a slot it is what its network owes.
    pub(super) fn pardon(&self, source: Source) {
        let hash = self.hash(&source.key());
        let mut part = self.part(hash);
        let at = Moment::from_millis(part.seen);
        match part.place(hash) {
            Place::Own(index) => part.put(index, hash, State::default()),
            Place::Absent(used) if part.free(hash, used, at, &self.rules).is_none() => {
                drop(part);
                self.with_shared(source, at, |state| *state = [0; 2]);
            }
            Place::Absent(_) => {}
        }
    }

    /// Counts the locks at the latest time that the table has seen.
    pub(super) fn locked(&self) -> u64 {
        let stripes = || self.stripes.iter().chain(&self.shared);
        let at = stripes().map(|stripe| enter(stripe).seen).max();
        let at = Moment::from_millis(at.unwrap_or_default());
        let locked_in = |stripe: &Stripe| {
            let part = enter(stripe);
            let states = part.states.iter().copied().map(State::unpack);
            states.filter(|state| state.locked_for(at) > 0).count() as u64
        };
        stripes().map(locked_in).sum()
    }

    /// A hash of a source. 0 is that of a slot that was never used.
    fn hash(&self, key: &[u8; 17]) -> u64 {
        self.hasher.hash_one(key).max(1)
    }

    fn part(&self, hash: u64) -> MutexGuard<'_, Part> {
        enter(pick(&self.stripes, hash))
    }

    fn with_shared<T>(
        &self,
        source: Source,
        at: Moment,
        act: impl FnOnce(&mut [u64; 2]) -> T,
    ) -> T {
        let hash = self.hash(&source.coarse_key());
        let mut part = enter(pick(&self.shared, hash));
        part.saw(at);
        let index = hash as usize % STRIPE;
        match part.states.get_mut(index) {
            Some(state) => act(state),
            None => act(&mut [0; 2]),
        }
    }
}

impl Part {
    fn saw(&mut self, at: Moment) {
        self.seen = self.seen.max(at.as_millis());
    }

    fn state(&self, index: usize) -> State {
        let state = self.states.get(index).copied();
        state.map_or_else(State::default, State::unpack)
    }

    fn put(&mut self, index: usize, hash: u64, state: State) {
        if let Some(slot) = self.hashes.get_mut(index) {
            *slot = hash;
        }
        if let Some(slot) = self.states.get_mut(index) {
            *slot = state.pack();
        }
    }

    /// Finds the slot of a source. A slot that was never used ends the search, because none becomes
    /// unused again.
    fn place(&self, hash: u64) -> Place {
        for offset in 0..limits::TABLE_WINDOW {
            let index = slot_of(hash, offset);
            match self.hashes.get(index) {
                Some(found) if *found == hash => return Place::Own(index),
                None | Some(0) => return Place::Absent(offset),
                Some(_) => {}
            }
        }
        Place::Absent(limits::TABLE_WINDOW)
    }

    /// Finds the first slot that a source may take, if `used` slots of its window were used.
    fn free(&self, hash: u64, used: usize, at: Moment, rules: &LockRules) -> Option<usize> {
        let mut window = (0..used).map(|offset| slot_of(hash, offset));
        let over = window.find(|index| self.state(*index).is_over(at, rules));
        over.or_else(|| (used < limits::TABLE_WINDOW).then(|| slot_of(hash, used)))
    }
}

/// The slot with this number in the window of a hash.
const fn slot_of(hash: u64, offset: usize) -> usize {
    (hash as usize).wrapping_add(offset) % STRIPE
}

/// A clock that was set back must not lock for longer: the rest of the lock then begins now.
fn locked_for(packed: &mut [u64; 2], at: Moment) -> u64 {
    let state = State::unpack(*packed);
    if state.is_ahead(at) {
        *packed = state.moved(at).pack();
    }
    state.locked_for(at)
}

/// An empty stripe with so many hashes.
fn stripe(hashes: usize) -> Stripe {
    CachePadded::new(Mutex::new(Part {
        seen: 0,
        hashes: vec![0; hashes].into_boxed_slice(),
        states: vec![[0; 2]; STRIPE].into_boxed_slice(),
    }))
}

/// The stripe of a hash. Its upper half chooses the stripe, the lower one the slot.
#[expect(
    clippy::indexing_slicing,
    reason = "the product of the length and a number below 2^32, shifted by 32, is below the length"
)]
fn pick(stripes: &[Stripe], hash: u64) -> &Stripe {
    let index = ((hash >> 32) * stripes.len() as u64) >> 32;
    &stripes[index as usize]
}

fn enter(stripe: &Stripe) -> MutexGuard<'_, Part> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}
