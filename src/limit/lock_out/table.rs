//! The states of sources, in memory of a fixed size.

use std::collections::hash_map::RandomState;
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
#[derive(Debug)]
pub(super) struct Table {
    rules: LockRules,
    stripes: Box<[Stripe<Slot>]>,
    shared: Box<[Stripe<[u64; 2]>]>,
    hasher: RandomState,
}

type Stripe<T> = CachePadded<Mutex<Part<T>>>;

#[derive(Debug)]
struct Part<T> {
    /// The latest time of a request for it, in milliseconds.
    seen: u64,
    slots: Box<[T]>,
}

/// The hash of the source, 0 if the slot was never used, and its packed state.
type Slot = [u64; 3];

/// Where a source is in its stripe.
enum Place {
    Own(usize),
    /// It has no slot, and may take this one.
    Free(usize),
    /// Every slot of its window is taken.
    Full,
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
            stripes: (0..stripes).map(|_| stripe([0; 3])).collect(),
            shared: (0..stripes.div_ceil(2)).map(|_| stripe([0; 2])).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Returns the milliseconds to the end of the lock of a source, 0 if it has none.
    pub(super) fn locked_for(&self, source: Source, at: Moment) -> u64 {
        let hash = self.hash(&source.key());
        let mut part = self.part(hash);
        part.saw(at);
        let place = part.place(hash, at, &self.rules);
        let slot = match place {
            Place::Own(index) => part.slots.get_mut(index),
            Place::Free(_) => return 0,
            Place::Full => None,
        };
        if let Some([_, state @ ..]) = slot {
            return locked_for(state, at);
        }
        drop(part);
        self.with_shared(source, at, |state| locked_for(state, at))
    }

    /// Adds points to a source.
    pub(super) fn blame(&self, source: Source, points: u32, at: Moment) -> Blamed {
        let hash = self.hash(&source.key());
        let mut part = self.part(hash);
        part.saw(at);
        let place = part.place(hash, at, &self.rules);
        let (index, mut state) = match place {
            Place::Own(index) => (index, part.state(index)),
            Place::Free(index) => (index, State::default().moved(at)),
            Place::Full => {
                drop(part);
                return self.blame_shared(source, points, at);
            }
        };
        let begun = state.blame(points, at, &self.rules);
        let [past, owed] = state.pack();
        if let Some(slot) = part.slots.get_mut(index) {
            *slot = [hash, past, owed];
        }
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
        match part.place(hash, at, &self.rules) {
            Place::Own(index) => {
                if let Some([_, state @ ..]) = part.slots.get_mut(index) {
                    *state = [0; 2];
                }
            }
            Place::Free(_) => {}
            Place::Full => {
                drop(part);
                self.with_shared(source, at, |state| *state = [0; 2]);
            }
        }
    }

    /// Counts the locks at the latest time that the table has seen.
    pub(super) fn locked(&self) -> u64 {
        let own = self.stripes.iter().map(|stripe| enter(stripe).seen);
        let shared = self.shared.iter().map(|stripe| enter(stripe).seen);
        let at = Moment::from_millis(own.chain(shared).max().unwrap_or_default());
        let is_locked = |state| u64::from(State::unpack(state).locked_for(at) > 0);
        let own = self.stripes.iter().map(|stripe| {
            let part = enter(stripe);
            let states = part.slots.iter().map(|[_, past, owed]| [*past, *owed]);
            states.map(is_locked).sum::<u64>()
        });
        let shared = self.shared.iter().map(|stripe| {
            let part = enter(stripe);
            part.slots.iter().copied().map(is_locked).sum::<u64>()
        });
        own.chain(shared).sum()
    }

    /// A hash of a source. 0 is that of a slot that was never used.
    fn hash(&self, key: &[u8; 17]) -> u64 {
        self.hasher.hash_one(key).max(1)
    }

    fn part(&self, hash: u64) -> MutexGuard<'_, Part<Slot>> {
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
        match part.slots.get_mut(index) {
            Some(state) => act(state),
            None => act(&mut [0; 2]),
        }
    }
}

impl<T> Part<T> {
    fn saw(&mut self, at: Moment) {
        self.seen = self.seen.max(at.as_millis());
    }
}

impl Part<Slot> {
    fn state(&self, index: usize) -> State {
        let slot = self.slots.get(index);
        slot.map_or_else(State::default, |[_, past, owed]| {
            State::unpack([*past, *owed])
        })
    }

    /// Finds the slot of a source, or the first one that it may take. A slot that was never used
    /// ends the search, because none becomes unused again.
    fn place(&self, hash: u64, at: Moment, rules: &LockRules) -> Place {
        let mut free = None;
        for offset in 0..limits::TABLE_WINDOW {
            let index = (hash as usize).wrapping_add(offset) % STRIPE;
            let Some([found, past, owed]) = self.slots.get(index) else {
                break;
            };
            if *found == hash {
                return Place::Own(index);
            }
            if *found == 0 {
                return Place::Free(free.unwrap_or(index));
            }
            if free.is_none() && State::unpack([*past, *owed]).is_over(at, rules) {
                free = Some(index);
            }
        }
        free.map_or(Place::Full, Place::Free)
    }
}

/// A clock that was set back must not lock for longer: the rest of the lock then begins now.
fn locked_for(packed: &mut [u64; 2], at: Moment) -> u64 {
    let state = State::unpack(*packed);
    if state.is_ahead(at) {
        *packed = state.moved(at).pack();
    }
    state.locked_for(at)
}

fn stripe<T: Clone>(empty: T) -> Stripe<T> {
    CachePadded::new(Mutex::new(Part {
        seen: 0,
        slots: vec![empty; STRIPE].into_boxed_slice(),
    }))
}

/// The stripe of a hash. Its upper half chooses the stripe, the lower one the slot.
#[expect(
    clippy::indexing_slicing,
    reason = "the product of the length and a number below 2^32, shifted by 32, is below the length"
)]
fn pick<T>(stripes: &[Stripe<T>], hash: u64) -> &Stripe<T> {
    let index = ((hash >> 32) * stripes.len() as u64) >> 32;
    &stripes[index as usize]
}

fn enter<T>(stripe: &Stripe<T>) -> MutexGuard<'_, Part<T>> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}
