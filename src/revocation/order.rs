//! The order of reads of a store and of revocations that are taken back meanwhile.

use std::collections::{HashMap, HashSet};
#[cfg(not(all(test, bearergate_shuttle)))]
use std::sync;
use std::sync::PoisonError;

#[cfg(all(test, bearergate_shuttle))]
use shuttle::sync;

use self::sync::{Mutex, MutexGuard};
use crate::limits;
use crate::revocation_list::RevocationTarget;

/// Which targets are being taken back, and which were while the store was read.
///
/// What a store returned may have been taken back since, so a read must not add it again. No check
/// of a request needs this.
#[derive(Default)]
pub(super) struct Order(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    in_flight: HashMap<RevocationTarget<'static>, usize>,
    /// The targets that were taken back since the first of the current reads began.
    taken_back: HashSet<RevocationTarget<'static>>,
    reads: usize,
    /// The targets of calls that were dropped before they ended: the store may lack a revocation
    /// of them that memory has.
    unsettled: HashSet<RevocationTarget<'static>>,
}

/// A read of the store, until it is dropped.
pub(super) struct Reading<'o>(&'o Order);

/// A call that takes a revocation back, until it is dropped.
pub(super) struct TakingBack<'o> {
    order: &'o Order,
    target: RevocationTarget<'static>,
    has_ended: bool,
}

impl Order {
    pub(super) fn begin_reading(&self) -> Reading<'_> {
        self.lock().reads += 1;
        Reading(self)
    }

    pub(super) fn begin_taking_back(&self, target: RevocationTarget<'static>) -> TakingBack<'_> {
        *self.lock().in_flight.entry(target.clone()).or_default() += 1;
        TakingBack {
            order: self,
            target,
            has_ended: false,
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.lock().unsettled.is_empty()
    }

    /// Returns the targets of which the store may lack a revocation.
    pub(super) fn unsettled(&self) -> Vec<RevocationTarget<'static>> {
        self.lock().unsettled.iter().cloned().collect()
    }

    /// Notes that the store has what memory has of this target.
    pub(super) fn settle(&self, target: &RevocationTarget<'static>) {
        self.lock().unsettled.remove(target);
    }

    // INVARIANT: the state is consistent between any two of its steps, so poison is ignored.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns true if what a read returned for this target may have been taken back since.
    pub(super) fn is_taken_back(&self, target: &RevocationTarget<'static>) -> bool {
        let is_quiet = self.in_flight.is_empty() && self.taken_back.is_empty();
        !is_quiet && (self.in_flight.contains_key(target) || self.taken_back.contains(target))
    }

    /// Notes that memory has lost a revocation of this target.
    pub(super) fn note_taken_back(&mut self, target: &RevocationTarget<'static>) {
        // With more than that, a read may bring one back, which revokes too much and not too little.
        if self.reads > 0 && self.taken_back.len() < limits::REVOCATIONS_STEP {
            self.taken_back.insert(target.clone());
        }
    }
}

impl TakingBack<'_> {
    pub(super) const fn target(&self) -> &RevocationTarget<'static> {
        &self.target
    }

    /// Ends the call: store and memory agree.
    pub(super) fn end(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.reads -= 1;
        if state.reads == 0 {
            state.taken_back.clear();
        }
    }
}

impl Drop for TakingBack<'_> {
    fn drop(&mut self) {
        let mut state = self.order.lock();
        if let Some(calls) = state.in_flight.get_mut(&self.target) {
            *calls -= 1;
            if *calls == 0 {
                state.in_flight.remove(&self.target);
            }
        }
        if !self.has_ended && state.unsettled.len() < limits::REVOCATIONS_STEP {
            state.unsettled.insert(self.target.clone());
        }
    }
}
