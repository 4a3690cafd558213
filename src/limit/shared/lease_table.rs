//! The bounded table of leases of a shared limit.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::answer::SharedAnswer;
use super::lease_slot::{Flight, Flown, LeaseKey, Plan, Slot};
use crate::limit::rate_store::Taken;
use crate::limits;
use crate::single_flight::{self, Leader, Waiter};

const SHARDS: usize = 32;
/// Slots that a key can be in.
const WINDOW: usize = 8;
const SHARD_WINDOWS: usize = limits::LEASES / SHARDS / WINDOW;

/// Slots, or none until the first is used.
type Window = Box<[Option<Slot>]>;

/// The leases of a node, for a fixed number of keys.
///
/// A key that finds no free slot takes the one that is needed for the shortest time. That loses
/// paid cells or a remembered refusal, so it can only refuse or ask more, never let more pass. Memory
/// for a slot is allocated when it is first used.
pub(super) struct LeaseTable {
    shards: Box<[Mutex<Shard>]>,
}

struct Shard {
    windows: [Window; SHARD_WINDOWS],
    next_flight: u64,
}

/// What a request does next.
pub(super) enum Turn {
    Answer(SharedAnswer),
    /// Another request asks the store for this key.
    Wait(Waiter<Flown>),
    /// The call of another request has not ended in time.
    Overdue,
    /// The request asks the store, for all that wait.
    Lead {
        plan: Plan,
        flight: LedFlight,
    },
    /// There is no slot: the request asks for itself.
    Single,
}

/// The side of a flight that makes the call.
pub(super) struct LedFlight {
    id: u64,
    leader: Leader<Flown>,
}

impl LeaseTable {
    pub(super) fn new() -> Self {
        let shard = |_| {
            Mutex::new(Shard {
                windows: std::array::from_fn(|_| Window::default()),
                next_flight: 0,
            })
        };
        Self {
            shards: (0..SHARDS).map(shard).collect(),
        }
    }

    /// Answers from a lease or a remembered refusal, if there is one.
    pub(super) fn spend(&self, key: &LeaseKey, cost: u32, at: Duration) -> Option<SharedAnswer> {
        let mut shard = self.shard(key)?;
        let slot = shard.find(key)?;
        let answer = slot.spend(cost, at)?;
        slot.arrive(cost, at);
        Some(answer)
    }

    /// Plans a call whose answer is ready at once; `None` while another request makes one.
    pub(super) fn plan(&self, key: &LeaseKey, cost: u32, at: Duration) -> Option<Plan> {
        let fresh = || Slot::new(*key, at).plan(cost, at);
        let Some(mut shard) = self.shard(key) else {
            return Some(fresh());
        };
        let Some(slot) = shard.find(key) else {
            return Some(fresh());
        };
        let is_free = slot.flight.is_none();
        is_free.then(|| slot.plan(cost, at))
    }

    /// Counts a request that the store is asked for.
    pub(super) fn arrive(&self, key: &LeaseKey, cost: u32, at: Duration) {
        self.with_slot(key, at, |slot| slot.arrive(cost, at));
    }

    /// Decides what a request does next that could not be answered before.
    pub(super) fn turn(&self, key: &LeaseKey, cost: u32, at: Duration) -> Turn {
        let Some(mut shard) = self.shard(key) else {
            return Turn::Single;
        };
        let id = shard.next_flight;
        shard.next_flight = id.wrapping_add(1);
        let Some(slot) = shard.find_or_insert(key, at) else {
            return Turn::Single;
        };
        if let Some(answer) = slot.spend(cost, at) {
            return Turn::Answer(answer);
        }
        if let Some(flight) = &slot.flight {
            if at < flight.begun.saturating_add(limits::RATE_CALL) {
                return Turn::Wait(flight.waiter.clone());
            }
            slot.abandon();
            return Turn::Overdue;
        }
        let plan = slot.plan(cost, at);
        let (leader, waiter) = single_flight::start(Flown::Abandoned);
        slot.flight = Some(Flight {
            id,
            waiter,
            begun: at,
            want: plan.want,
        });
        let flight = LedFlight { id, leader };
        Turn::Lead { plan, flight }
    }

    /// Takes over what the store answered, and answers the request that asked.
    pub(super) fn deposit(
        &self,
        key: &LeaseKey,
        answer: (Plan, Taken),
        cost: u32,
        at: Duration,
    ) -> Option<SharedAnswer> {
        let deposit = |slot: &mut Slot| slot.deposit(answer, cost, at);
        let Some(answer) = self.with_slot(key, at, deposit) else {
            let mut slot = Slot::new(*key, at);
            return deposit(&mut slot);
        };
        answer
    }

    /// Remembers that the store refused the whole cost of a request.
    pub(super) fn refuse(&self, key: &LeaseKey, taken: Taken, cost: u32, at: Duration) {
        self.with_slot(key, at, |slot| {
            slot.note_left(taken.left);
            slot.refuse((cost, cost), taken.wait, at);
        });
    }

    /// Ends a flight after its cells were deposited.
    pub(super) fn land(&self, key: &LeaseKey, flight: LedFlight, how: Flown) {
        self.end_flight(key, flight.id, |slot| slot.flight = None);
        flight.leader.complete(how);
    }

    /// Ends a flight whose request was dropped.
    pub(super) fn abandon(&self, key: &LeaseKey, flight: LedFlight) {
        self.end_flight(key, flight.id, Slot::abandon);
        drop(flight);
    }

    /// Gives cells back to the lease of a key.
    pub(super) fn give_back(&self, key: &LeaseKey, cost: u32, at: Duration) {
        self.with_slot(key, at, |slot| slot.give_back(cost, at));
    }

    fn end_flight(&self, key: &LeaseKey, id: u64, end: impl FnOnce(&mut Slot)) {
        let Some(mut shard) = self.shard(key) else {
            return;
        };
        if let Some(slot) = shard.find(key)
            && slot.flight.as_ref().is_some_and(|flight| flight.id == id)
        {
            end(slot);
        }
    }

    fn with_slot<T>(
        &self,
        key: &LeaseKey,
        at: Duration,
        change: impl FnOnce(&mut Slot) -> T,
    ) -> Option<T> {
        let mut shard = self.shard(key)?;
        shard.find_or_insert(key, at).map(change)
    }

    fn shard(&self, key: &LeaseKey) -> Option<MutexGuard<'_, Shard>> {
        let [first, ..] = *key.key.as_bytes();
        let shard = self.shards.get(usize::from(first) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    fn find(&mut self, key: &LeaseKey) -> Option<&mut Slot> {
        self.window(key).flatten().find(|slot| slot.key == *key)
    }

    /// Returns the slot of a key. A new key takes an empty slot, or the one that is needed for the
    /// shortest time; `None` if calls are made for all of them.
    fn find_or_insert(&mut self, key: &LeaseKey, at: Duration) -> Option<&mut Slot> {
        self.open_window(key);
        let mut best = None;
        for (index, place) in self.window(key).enumerate() {
            let ends = match place {
                Some(slot) if slot.key.key == key.key => {
                    best = Some((Duration::ZERO, index, slot.key == *key));
                    break;
                }
                Some(slot) => slot.ends(at),
                None => Some(Duration::ZERO),
            };
            let Some(ends) = ends else { continue };
            if best.is_none_or(|(least, ..)| ends < least) {
                best = Some((ends, index, false));
            }
        }
        let (_, index, is_its_own) = best?;
        let place = self.window(key).nth(index)?;
        if !is_its_own {
            *place = Some(Slot::new(*key, at));
        }
        place.as_mut()
    }

    fn window(&mut self, key: &LeaseKey) -> impl Iterator<Item = &mut Option<Slot>> {
        let [_, second, ..] = *key.key.as_bytes();
        let windows = self.windows.iter_mut();
        let mut windows = windows.skip(usize::from(second) % SHARD_WINDOWS);
        windows.next().into_iter().flatten()
    }

    /// Makes the slots that a key can be in, if none of them was used before.
    fn open_window(&mut self, key: &LeaseKey) {
        let [_, second, ..] = *key.key.as_bytes();
        let place = usize::from(second) % SHARD_WINDOWS;
        if let Some(window) = self.windows.get_mut(place)
            && window.is_empty()
        {
            *window = (0..WINDOW).map(|_| None).collect();
        }
    }
}

impl fmt::Debug for LeaseTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseTable")
    }
}
