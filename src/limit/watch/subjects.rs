//! What is counted for each source, identity, caller or key, in memory of a fixed size.

use std::sync::{Mutex, PoisonError};

use crossbeam_utils::CachePadded;

use crate::limits;

const STRIPES: usize = 16;

/// Entries by the hash of their subject.
///
/// An entry that was not used for the life of the table equals no entry.
#[derive(Debug)]
pub(super) struct Subjects<T> {
    stripes: [Stripe<T>; STRIPES],
    life: u64,
    when_full: WhenFull,
}

type Stripe<T> = CachePadded<Mutex<Box<[Slot<T>]>>>;

/// What happens to a new subject whose window has no free slot.
#[derive(Clone, Copy, Debug)]
pub(super) enum WhenFull {
    /// It is not counted.
    Skip,
    /// It takes the slot that was used the longest time ago.
    Replace,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot<T> {
    /// 0 if it was never used.
    hash: u64,
    /// Milliseconds of elapsed time.
    used: u64,
    entry: T,
}

impl<T: Copy + Default> Subjects<T> {
    /// Creates a table whose entries are over `life` milliseconds after they were last used.
    pub(super) fn new(slots: usize, life: u64, when_full: WhenFull) -> Self {
        let slots = slots / STRIPES;
        let stripe = || vec![Slot::default(); slots].into_boxed_slice();
        Self {
            stripes: std::array::from_fn(|_| CachePadded::new(Mutex::new(stripe()))),
            life,
            when_full,
        }
    }

    /// Passes the entry of a subject to `act`, a default one if it has none. Returns `None` if there
    /// is no slot for it.
    pub(super) fn with<R>(
        &self,
        hash: u64,
        millis: u64,
        act: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let hash = hash.max(1);
        let stripe = self.stripes.get((hash >> 60) as usize)?;
        let mut slots = stripe.lock().unwrap_or_else(PoisonError::into_inner);
        let index = self.find(&slots, hash, millis)?;
        let slot = slots.get_mut(index)?;
        if slot.hash != hash || self.is_over(slot, millis) {
            slot.hash = hash;
            slot.entry = T::default();
        }
        slot.used = millis;
        Some(act(&mut slot.entry))
    }

    /// Finds the slot of a subject, or the one that it may take.
    fn find(&self, slots: &[Slot<T>], hash: u64, millis: u64) -> Option<usize> {
        let mut free = None;
        let mut oldest: Option<(u64, usize)> = None;
        for offset in 0..limits::TABLE_WINDOW {
            let index = (hash as usize).wrapping_add(offset) % slots.len().max(1);
            let slot = slots.get(index)?;
            if slot.hash == hash {
                return Some(index);
            }
            if slot.hash == 0 {
                return Some(free.unwrap_or(index));
            }
            if free.is_none() && self.is_over(slot, millis) {
                free = Some(index);
            }
            if oldest.is_none_or(|(used, _)| slot.used < used) {
                oldest = Some((slot.used, index));
            }
        }
        free.or_else(|| match self.when_full {
            WhenFull::Skip => None,
            WhenFull::Replace => oldest.map(|(_, index)| index),
        })
    }

    /// A time that is far ahead is from before the clock was set back.
    const fn is_over(&self, slot: &Slot<T>, millis: u64) -> bool {
        slot.used.abs_diff(millis) >= self.life
    }
}
