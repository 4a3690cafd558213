//! When keys were last used, gathered until the writer is free.

use std::collections::HashMap;
use std::mem;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::api_key::ApiKeyId;
use crate::clock::UnixTime;
use crate::limits;

/// The notes that are not written yet, one for each key.
#[derive(Default)]
pub(super) struct Notes(Mutex<State>);

#[derive(Default)]
struct State {
    pending: HashMap<ApiKeyId, UnixTime>,
    is_awaited: bool,
}

impl Notes {
    /// Adds a note, and returns true if somebody should be sent to take them.
    pub(super) fn add(&self, id: ApiKeyId, now: UnixTime) -> bool {
        let mut state = self.lock();
        if state.pending.len() < limits::LAST_USED_NOTES || state.pending.contains_key(&id) {
            let noted = state.pending.entry(id).or_insert(now);
            *noted = now.max(*noted);
        }
        !mem::replace(&mut state.is_awaited, true)
    }

    /// Takes all notes; from then on somebody should be sent anew.
    pub(super) fn take(&self) -> HashMap<ApiKeyId, UnixTime> {
        let mut state = self.lock();
        state.is_awaited = false;
        mem::take(&mut state.pending)
    }

    /// Tells that nobody could be sent.
    pub(super) fn give_up(&self) {
        self.lock().is_awaited = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
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
    fn the_latest_note_of_a_key_is_kept_and_one_is_sent_for_all() {
        let notes = Notes::default();
        assert!(notes.add(id(1), at(20)));
        assert!(!notes.add(id(1), at(10)));
        assert!(!notes.add(id(2), at(5)));
        assert_eq!(
            notes.take(),
            HashMap::from([(id(1), at(20)), (id(2), at(5))])
        );
        assert!(notes.add(id(1), at(30)));
    }

    #[test]
    fn somebody_is_sent_again_after_nobody_could_be() {
        let notes = Notes::default();
        assert!(notes.add(id(1), at(1)));
        notes.give_up();
        assert!(notes.add(id(2), at(1)));
        assert_eq!(notes.take().len(), 2);
    }

    #[test]
    fn notes_are_bounded() {
        let notes = Notes::default();
        for number in 0..=limits::LAST_USED_NOTES {
            notes.add(id(number), at(1));
        }
        notes.add(id(0), at(2));
        let taken = notes.take();
        assert_eq!(taken.len(), limits::LAST_USED_NOTES);
        assert_eq!(taken.get(&id(0)), Some(&at(2)));
    }
}
