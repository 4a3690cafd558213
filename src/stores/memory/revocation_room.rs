//! The room for the revocations of grants in memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{StoreError, StoreErrorKind};
use crate::grant::store::RevocationRecord;
use crate::limits;
use crate::revocation_list::{RevocationKind, RevocationTarget};

/// What causes a revocation, the one with the most room first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Cause {
    /// The service, which revokes a subject or a client.
    Service,
    /// A subject, which ends its own sessions.
    Session,
    /// A client, which revokes its own access tokens (RFC 7009).
    Token,
}

impl Cause {
    pub(super) fn of(record: &RevocationRecord) -> Self {
        match record.target().kind() {
            _ if record.is_of_token() => Self::Token,
            RevocationKind::Session => Self::Session,
            _ => Self::Service,
        }
    }
}

/// How many revocations of single sessions and tokens there are, and how many more there may be: a
/// part of the room is for the service only, and of the rest half is for sessions only.
pub(super) struct Room {
    singles: AtomicUsize,
    of_tokens: AtomicUsize,
    /// Single ones by the number of their holder.
    held: Mutex<HashMap<u64, usize>>,
    hasher: RandomState,
    limit: usize,
}

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            singles: AtomicUsize::new(0),
            of_tokens: AtomicUsize::new(0),
            held: Mutex::default(),
            hasher: RandomState::new(),
            limit,
        }
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    const fn for_singles(&self) -> usize {
        self.limit - self.limit / limits::REVOCATIONS_RESERVED
    }

    const fn for_tokens(&self) -> usize {
        self.for_singles().div_ceil(2)
    }

    /// Returns the number of a holder, by the target that ends all that it holds.
    pub(super) fn holder(&self, wider: &RevocationTarget<'_>) -> u64 {
        self.hasher.hash_one(wider)
    }

    /// Returns true if a holder has as many single ones as it may have.
    pub(super) fn is_full_for(&self, holder: u64, cause: Cause) -> bool {
        let (part, most) = match cause {
            Cause::Token => (8, limits::REVOCATIONS_PER_HOLDER),
            Cause::Service | Cause::Session => (4, limits::ENDED_SESSIONS_PER_SUBJECT),
        };
        let most = (self.for_singles() / part).clamp(1, most);
        self.held().get(&holder).is_some_and(|held| *held >= most)
    }

    /// Takes the room of one more.
    pub(super) fn take(&self, cause: Cause, holder: Option<u64>) -> Result<(), StoreError> {
        if cause >= Cause::Session {
            take(&self.singles, self.for_singles())?;
        }
        if cause == Cause::Token
            && let Err(full) = take(&self.of_tokens, self.for_tokens())
        {
            self.singles.fetch_sub(1, Ordering::SeqCst);
            return Err(full);
        }
        if let Some(holder) = holder {
            let mut held = self.held();
            let count = held.entry(holder).or_default();
            *count = count.saturating_add(1);
        }
        Ok(())
    }

    /// Gives the room of one back that is removed.
    pub(super) fn give(&self, cause: Cause, holder: Option<u64>) {
        self.change(cause, Cause::Service);
        let Some(holder) = holder else { return };
        let mut held = self.held();
        if let Some(count) = held.get_mut(&holder) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&holder);
            }
        }
    }

    /// Notes that one has another cause from now on, one with more room.
    pub(super) fn change(&self, old: Cause, new: Cause) {
        let less = |count: &AtomicUsize, was: bool, is: bool| {
            count.fetch_sub(usize::from(was && !is), Ordering::SeqCst);
        };
        let is_single = |cause| cause >= Cause::Session;
        less(&self.singles, is_single(old), is_single(new));
        less(&self.of_tokens, old == Cause::Token, new == Cause::Token);
    }

    /// Returns true if all of them, of which there are `len`, or the single ones have nearly the
    /// room that there is.
    pub(super) fn is_filling(&self, len: usize) -> bool {
        let is_over = |len: usize, room: usize| {
            len.saturating_mul(100) >= room.saturating_mul(limits::REVOCATIONS_WARNING)
        };
        let [singles, of_tokens] =
            [&self.singles, &self.of_tokens].map(|count| count.load(Ordering::SeqCst));
        is_over(len, self.limit)
            || is_over(singles, self.for_singles())
            || is_over(of_tokens, self.for_tokens())
    }

    // No code of others runs while the lock is held.
    fn held(&self) -> MutexGuard<'_, HashMap<u64, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(count: &AtomicUsize, room: usize) -> Result<(), StoreError> {
    let more = |len: usize| (len < room).then_some(len + 1);
    let taken = count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
    taken.map(drop).map_err(|_| StoreErrorKind::Full.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_part_of_the_room() {
        let room = Room::new(16);
        for _ in 0..6 {
            room.take(Cause::Token, None).unwrap();
        }
        assert!(room.take(Cause::Token, None).is_err());
        for _ in 6..12 {
            room.take(Cause::Session, None).unwrap();
        }
        assert!(room.take(Cause::Session, None).is_err());
        assert!(room.take(Cause::Service, None).is_ok());
        room.give(Cause::Token, None);
        assert!(room.take(Cause::Token, None).is_ok());
        assert!(room.take(Cause::Token, None).is_err());
    }

    #[test]
    fn what_the_service_revokes_too_gives_its_room_back() {
        let room = Room::new(4);
        for _ in 0..3 {
            room.take(Cause::Session, None).unwrap();
        }
        assert!(room.take(Cause::Session, None).is_err());
        room.change(Cause::Session, Cause::Session);
        assert!(room.take(Cause::Session, None).is_err());
        room.change(Cause::Session, Cause::Service);
        assert!(room.take(Cause::Session, None).is_ok());
    }

    #[test]
    fn a_holder_is_counted_until_its_last_one_is_removed() {
        let room = Room::new(80);
        for held in 0..7 {
            assert!(!room.is_full_for(1, Cause::Token), "{held}");
            room.take(Cause::Token, Some(1)).unwrap();
        }
        assert!(room.is_full_for(1, Cause::Token));
        assert!(!room.is_full_for(1, Cause::Session) && !room.is_full_for(2, Cause::Token));
        room.give(Cause::Token, Some(1));
        assert!(!room.is_full_for(1, Cause::Token));
        (0..6).for_each(|_| room.give(Cause::Token, Some(1)));
        assert!(room.held().is_empty());
    }
}
