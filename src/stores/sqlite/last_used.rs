//! Last uses of API keys that wait to be written.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::api_key::ApiKeyId;
use crate::clock::UnixTime;
use crate::limits;

/// Last uses that are not written yet, one for each key.
#[derive(Default)]
pub(super) struct PendingUses(Mutex<PendingState>);

#[derive(Default)]
struct PendingState {
    pending: HashMap<ApiKeyId, UnixTime>,
    /// A job that takes them is in the writer's queue.
    is_scheduled: bool,
}

impl PendingUses {
    /// Adds a use, and returns true if the caller must schedule a job that [takes](Self::take) all.
    pub(super) fn add(&self, id: ApiKeyId, now: UnixTime) -> bool {
        let mut state = self.lock();
        if state.pending.len() < limits::LAST_USED_NOTES || state.pending.contains_key(&id) {
            let known = state.pending.entry(id).or_insert(now);
            *known = now.max(*known);
        }
        !mem::replace(&mut state.is_scheduled, true)
    }

    /// Takes all uses; the next one needs a new job.
    pub(super) fn take(&self) -> HashMap<ApiKeyId, UnixTime> {
        let mut state = self.lock();
        state.is_scheduled = false;
        mem::take(&mut state.pending)
    }

    /// Reports that the job could not be scheduled.
    pub(super) fn not_scheduled(&self) {
        self.lock().is_scheduled = false;
    }

    fn lock(&self) -> MutexGuard<'_, PendingState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ApiKeyId {
        format!("{number:016}").parse().unwrap()
    }

    const fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn latest_use_of_a_key_is_kept_and_one_job_takes_all() {
        let uses = PendingUses::default();
        assert!(uses.add(id(1), at(20)));
        assert!(!uses.add(id(1), at(10)));
        assert!(!uses.add(id(2), at(5)));
        assert_eq!(
            uses.take(),
            HashMap::from([(id(1), at(20)), (id(2), at(5))])
        );
        assert!(uses.add(id(1), at(30)));
    }

    #[test]
    fn job_is_requested_again_if_it_could_not_be_scheduled() {
        let uses = PendingUses::default();
        assert!(uses.add(id(1), at(1)));
        uses.not_scheduled();
        assert!(uses.add(id(2), at(1)));
        assert_eq!(uses.take().len(), 2);
    }

    #[test]
    fn pending_uses_are_bounded() {
        let uses = PendingUses::default();
        for number in 0..=limits::LAST_USED_NOTES {
            uses.add(id(number), at(1));
        }
        uses.add(id(0), at(2));
        let taken = uses.take();
        assert_eq!(taken.len(), limits::LAST_USED_NOTES);
        assert_eq!(taken.get(&id(0)), Some(&at(2)));
    }
}
