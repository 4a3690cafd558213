//! Buckets in fixed memory.
//!
//! A bucket whose time is over equals one that was never used, so it is its own free slot: nothing
//! is swept, grows or is evicted, and no key that owes anything is forgotten. A key that finds no
//! slot shares a cell with others.

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use super::gcra::{Answer, Pace, clamped, counted_at};
use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering};
use crate::event::EventThrottle;
use crate::limits;
use crate::metrics::Counter;

/// Slots behind one lock.
pub(super) const STRIPE: usize = 1_024;

/// A table of buckets.
pub(super) struct Table {
    stripes: Box<[CachePadded<Mutex<Stripe>>]>,
    cells: Box<[AtomicU64]>,
    /// The longest span that a limit of this table has ever had. What lies further ahead is of a
    /// clock that went back.
    longest: AtomicU64,
    pub(super) saturated: Counter,
    pub(super) throttle: EventThrottle,
}

/// Shows nothing of what it holds: it is as large as it was configured.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Stripe {
    /// The last time that it was asked at.
    now: u64,
    slots: Box<[Slot; STRIPE]>,
}

/// A bucket. The key 0 is that of a slot that was never used.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: u64,
    tat: u64,
}

/// Where a key was counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spot {
    Slot,
    /// The shared cell of this index.
    Cell(u64),
}

impl Table {
    /// Creates a table of at least so many slots, and half as many cells.
    pub(super) fn new(slots: usize) -> Self {
        let slots = slots.next_power_of_two().max(STRIPE);
        let stripe = || CachePadded::new(Mutex::new(Stripe::new()));
        Self {
            stripes: (0..slots / STRIPE).map(|_| stripe()).collect(),
            cells: (0..slots / 2).map(|_| AtomicU64::new(0)).collect(),
            longest: AtomicU64::new(0),
            saturated: Counter::new(),
            throttle: EventThrottle::new(),
        }
    }

    /// Makes room for limits of this span.
    pub(super) fn allow(&self, span: u64) {
        self.longest.fetch_max(span, Ordering::Relaxed);
    }

    /// Asks the bucket of a key that is not 0. `coarse` is what keys without a slot share by.
    #[inline]
    pub(super) fn take(
        &self,
        key: u64,
        now: u64,
        (pace, price): (Pace, Option<u64>),
        coarse: impl FnOnce() -> u64,
    ) -> (Spot, Answer) {
        let ask = |tat, now| pace.take(tat, now, price);
        match self.with_slot(key, now, ask) {
            Ok(answer) => (Spot::Slot, answer),
            Err(now) => {
                self.saturated.add(1);
                let index = self.cell_of(coarse());
                (Spot::Cell(index), self.take_cell(index, now, pace, price))
            }
        }
    }

    /// Takes what there is room for, at most the price, and returns what was taken and is
    /// owed.
    pub(super) fn take_room(
        &self,
        key: u64,
        now: u64,
        (pace, price): (Pace, Option<u64>),
        coarse: impl FnOnce() -> u64,
    ) -> (Spot, (u64, u64)) {
        let ask = |tat, now| pace.take_room(tat, now, price);
        let now = match self.with_slot(key, now, ask) {
            Ok(taken) => return (Spot::Slot, taken),
            Err(now) => now,
        };
        self.saturated.add(1);
        let index = self.cell_of(coarse());
        let mut all = (0, 0);
        self.update_cell(index, |tat| {
            let (next, taken) = pace.take_room(tat, now, price);
            all = taken;
            next.max(tat)
        });
        (Spot::Cell(index), all)
    }

    /// Gives back what a key has taken in its slot. A slot that is another key's by now was over.
    pub(super) fn give_back(&self, key: u64, taken: u64) {
        let Some(mut stripe) = self.stripe(key) else {
            return;
        };
        if let Some(slot) = stripe.slot_of(key) {
            slot.tat = slot.tat.saturating_sub(taken);
        }
    }

    /// Gives back what was taken in a shared cell.
    pub(super) fn give_back_cell(&self, index: u64, taken: u64) {
        self.update_cell(index, |tat| tat.saturating_sub(taken));
    }

    /// Counts the slots that owe something, and all slots.
    pub(super) fn live(&self) -> (u64, u64) {
        let lock =
            |stripe: &Mutex<Stripe>| stripe.lock().unwrap_or_else(PoisonError::into_inner).now;
        let now = self.stripes.iter().map(|stripe| lock(stripe)).max();
        let now = now.unwrap_or_default();
        let longest = self.longest.load(Ordering::Relaxed);
        let live = self.stripes.iter().map(|stripe| {
            let stripe = stripe.lock().unwrap_or_else(PoisonError::into_inner);
            let slots = stripe.slots.iter();
            slots.filter(|slot| slot.is_live(now, longest)).count() as u64
        });
        (live.sum(), (self.stripes.len() * STRIPE) as u64)
    }

    /// Returns how many things happened since the last event, if one is due.
    pub(super) fn saturation(&self, at: Duration) -> Option<u64> {
        self.throttle.admit(at, 1)
    }

    /// Asks the slot of a key with its time and the time at which the request is counted, or returns
    /// the latter if the key has none.
    #[inline]
    fn with_slot<T>(
        &self,
        key: u64,
        now: u64,
        ask: impl FnOnce(u64, u64) -> (u64, T),
    ) -> Result<T, u64> {
        let longest = self.longest.load(Ordering::Relaxed);
        let mut stripe = self.stripe(key).ok_or(now)?;
        let now = counted_at(now, stripe.now);
        stripe.now = now;
        let slot = stripe.find(key, now, longest).ok_or(now)?;
        let tat = if slot.key == key { slot.tat } else { 0 };
        let (next, answer) = ask(tat, now);
        *slot = Slot { key, tat: next };
        Ok(answer)
    }

    #[inline]
    fn stripe(&self, key: u64) -> Option<MutexGuard<'_, Stripe>> {
        let index = (key >> 32) as usize & (self.stripes.len() - 1);
        let stripe = self.stripes.get(index)?;
        Some(stripe.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn cell_of(&self, coarse: u64) -> u64 {
        coarse & (self.cells.len() as u64 - 1)
    }

    /// Asks a shared cell. Its time may be another limit's, which has a longer span, so it is not
    /// clamped to the span of this one: that would forget what is owed there. Only what no limit can
    /// owe is.
    fn take_cell(&self, index: u64, now: u64, pace: Pace, price: Option<u64>) -> Answer {
        let latest = now.saturating_add(self.longest.load(Ordering::Relaxed));
        let mut answer = Answer::Over { debt: 0, wait: 0 };
        self.update_cell(index, |tat| {
            let tat = clamped(tat, latest);
            let (next, asked) = pace.take(tat, now, price);
            answer = asked;
            match &mut answer {
                Answer::Pass { .. } => next,
                Answer::Over { wait, .. } => {
                    let beyond = tat.saturating_sub(now).saturating_sub(pace.span);
                    *wait = wait.saturating_add(beyond);
                    tat
                }
            }
        });
        answer
    }

    fn update_cell(&self, index: u64, mut next: impl FnMut(u64) -> u64) {
        let Some(cell) = self.cells.get(index as usize) else {
            return;
        };
        update(cell, &mut next);
    }
}

/// Replaces a number by the next one, in one step.
pub(super) fn update(cell: &AtomicU64, next: &mut impl FnMut(u64) -> u64) {
    let mut found = cell.load(Ordering::Acquire);
    loop {
        let wanted = next(found);
        if wanted == found {
            return;
        }
        match cell.compare_exchange_weak(found, wanted, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(changed) => found = changed,
        }
    }
}

impl Stripe {
    fn new() -> Self {
        const UNUSED: Slot = Slot { key: 0, tat: 0 };
        Self {
            now: 0,
            slots: Box::new([UNUSED; STRIPE]),
        }
    }

    /// Returns the slot of a key, or else the first one of its window that owes nothing.
    #[inline]
    fn find(&mut self, key: u64, now: u64, longest: u64) -> Option<&mut Slot> {
        let mut found = None;
        for place in window(key) {
            let slot = self.slots.get(place)?;
            if slot.key == key {
                found = Some(place);
                break;
            }
            if found.is_none() && !slot.is_live(now, longest) {
                found = Some(place);
            }
            // A slot that was never used ends the search: nobody has gone past it.
            if slot.key == 0 {
                break;
            }
        }
        self.slots.get_mut(found?)
    }

    fn slot_of(&mut self, key: u64) -> Option<&mut Slot> {
        let place =
            window(key).find(|place| self.slots.get(*place).is_some_and(|slot| slot.key == key));
        self.slots.get_mut(place?)
    }
}

/// The places in which a key can be.
#[inline]
fn window(key: u64) -> impl Iterator<Item = usize> {
    (0..limits::TABLE_WINDOW).map(move |step| (key as usize).wrapping_add(step) & (STRIPE - 1))
}

impl Slot {
    /// Returns whether it owes something: 0 < tat - now <= longest.
    #[inline]
    const fn is_live(&self, now: u64, longest: u64) -> bool {
        self.tat.wrapping_sub(now).wrapping_sub(1) < longest
    }
}
