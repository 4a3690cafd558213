//! Requests in flight, in fixed memory.

use std::sync::{Arc, PoisonError};

use crossbeam_utils::CachePadded;

use super::sync::{AtomicU32, Mutex, Ordering};
use super::table::STRIPE;
use crate::limits;

/// Counts of requests in flight, by key. A count of 0 is a free slot; a key without a slot shares a
/// count with others.
#[derive(Debug)]
pub(super) struct InFlight {
    stripes: Box<[CachePadded<Mutex<Counts>>]>,
    cells: Box<[AtomicU32]>,
}

/// The counts behind one lock.
type Counts = Box<[Count; STRIPE]>;

#[derive(Clone, Copy, Debug)]
struct Count {
    key: u64,
    count: u32,
}

/// Where a request in flight is counted.
#[derive(Debug)]
enum Spot {
    /// The stripe, and the place in it. It stays this key's while its count is not 0.
    Slot(usize, usize),
    Cell(usize),
}

/// A request in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Flight {
    counts: Arc<InFlight>,
    spot: Spot,
}

impl InFlight {
    pub(super) fn new(slots: usize) -> Self {
        let slots = slots.next_power_of_two().max(STRIPE);
        const FREE: Count = Count { key: 0, count: 0 };
        let stripe = || CachePadded::new(Mutex::new(Box::new([FREE; STRIPE])));
        Self {
            stripes: (0..slots / STRIPE).map(|_| stripe()).collect(),
            cells: (0..slots / 2).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Counts one more request of a key if fewer than `most` are in flight; returns how many there
    /// are then.
    pub(super) fn enter(
        self: &Arc<Self>,
        key: u64,
        most: u32,
        coarse: impl FnOnce() -> u64,
    ) -> Option<(Flight, u32)> {
        let stripe = (key >> 32) as usize & (self.stripes.len() - 1);
        let (spot, count) = match self.enter_slot(stripe, key, most) {
            Some(Ok((place, count))) => (Spot::Slot(stripe, place), count),
            Some(Err(())) => return None,
            None => {
                let index = coarse() as usize & (self.cells.len() - 1);
                let count = enter(self.cells.get(index)?, most)?;
                (Spot::Cell(index), count)
            }
        };
        let counts = Arc::clone(self);
        Some((Flight { counts, spot }, count))
    }

    /// Returns `None` if the key has no slot, and an error if it has as many as it may.
    fn enter_slot(&self, stripe: usize, key: u64, most: u32) -> Option<Result<(usize, u32), ()>> {
        let stripe = self.stripes.get(stripe)?;
        let mut counts = stripe.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for step in 0..limits::TABLE_WINDOW {
            let place = (key as usize).wrapping_add(step) & (STRIPE - 1);
            let slot = counts.get(place)?;
            if slot.key == key && slot.count > 0 {
                found = Some(place);
                break;
            }
            if found.is_none() && slot.count == 0 {
                found = Some(place);
            }
        }
        let place = found?;
        let slot = counts.get_mut(place)?;
        let count = slot.count + 1;
        if count > most {
            return Some(Err(()));
        }
        *slot = Count { key, count };
        Some(Ok((place, count)))
    }

    /// Counts the requests in flight.
    #[cfg(all(test, bearergate_shuttle))]
    pub(super) fn count(&self) -> u64 {
        let slots = self.stripes.iter().map(|stripe| {
            let counts = stripe.lock().unwrap_or_else(PoisonError::into_inner);
            counts.iter().map(|slot| u64::from(slot.count)).sum::<u64>()
        });
        let cells = self.cells.iter();
        let cells = cells.map(|cell| u64::from(cell.load(Ordering::Acquire)));
        slots.sum::<u64>() + cells.sum::<u64>()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        match self.spot {
            Spot::Slot(stripe, place) => {
                let Some(stripe) = self.counts.stripes.get(stripe) else {
                    return;
                };
                let mut counts = stripe.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(slot) = counts.get_mut(place) {
                    slot.count = slot.count.saturating_sub(1);
                }
            }
            Spot::Cell(index) => {
                if let Some(cell) = self.counts.cells.get(index) {
                    leave(cell);
                }
            }
        }
    }
}

/// Counts one more if fewer than `most` are counted, and returns how many there are then.
pub(super) fn enter(cell: &AtomicU32, most: u32) -> Option<u32> {
    let next = |count: u32| (count < most).then_some(count + 1);
    let before = cell.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    before.ok().map(|count| count + 1)
}

/// Counts one less, never below 0.
pub(super) fn leave(cell: &AtomicU32) {
    let next = |count: u32| count.checked_sub(1);
    let _ = cell.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
}
