//! How many revocations a denylist has, and how many more it takes.

#[cfg(not(all(test, bearergate_shuttle)))]
use std::sync;

#[cfg(all(test, bearergate_shuttle))]
use shuttle::sync;

use self::sync::atomic::{AtomicUsize, Ordering};
use crate::error::StoreErrorKind;
use crate::limits;
use crate::revocation_list::RevocationKind;

/// The number of revocations of each kind, and the bounds of all of them and of those that clients
/// can cause.
pub(super) struct Counts {
    kinds: [AtomicUsize; RevocationKind::ALL.len()],
    all: AtomicUsize,
    of_tokens: AtomicUsize,
    limit: usize,
}

impl Counts {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            kinds: std::array::from_fn(|_| AtomicUsize::new(0)),
            all: AtomicUsize::new(0),
            of_tokens: AtomicUsize::new(0),
            limit,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.load(Ordering::SeqCst)
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// The most revocations of single tokens.
    pub(super) const fn room_for_tokens(&self) -> usize {
        self.limit - self.limit / limits::REVOCATIONS_RESERVED
    }

    /// The most single tokens that one client revokes at a time, of all its subjects.
    pub(super) fn room_for_client(&self) -> usize {
        (self.room_for_tokens() / 2).max(1)
    }

    /// The most single tokens of one client and one subject.
    pub(super) fn room_for_holder(&self) -> usize {
        let part = (self.room_for_tokens() / 8).max(1);
        part.min(limits::REVOCATIONS_PER_HOLDER)
    }

    /// The most single tokens of one subject.
    pub(super) fn room_for_subject(&self) -> usize {
        let part = (self.room_for_tokens() / 4).max(1);
        part.min(limits::REVOCATIONS_PER_SUBJECT)
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.limit || self.is_full_of_tokens()
    }

    fn is_full_of_tokens(&self) -> bool {
        self.of_tokens.load(Ordering::SeqCst) >= self.room_for_tokens()
    }

    /// Returns true if the observer should hear that the list is filling up.
    pub(super) fn is_filling(&self) -> bool {
        let is_over = |len: usize, room: usize| {
            len.saturating_mul(100) >= room.saturating_mul(limits::REVOCATIONS_WARNING)
        };
        let of_tokens = self.of_tokens.load(Ordering::SeqCst);
        is_over(self.len(), self.limit) || is_over(of_tokens, self.room_for_tokens())
    }

    pub(super) fn has(&self, kind: RevocationKind) -> bool {
        self.of(kind).is_some_and(|n| n.load(Ordering::SeqCst) > 0)
    }

    /// Takes the room of one more, under the lock of its part.
    pub(super) fn reserve(&self, kind: RevocationKind) -> Result<(), StoreErrorKind> {
        take(&self.all, self.limit)?;
        if kind.is_of_tokens()
            && let Err(full) = take(&self.of_tokens, self.room_for_tokens())
        {
            self.all.fetch_sub(1, Ordering::SeqCst);
            return Err(full);
        }
        if let Some(count) = self.of(kind) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Gives the room of removed ones back, under the lock of their part.
    pub(super) fn release(&self, kind: RevocationKind, removed: usize) {
        if kind.is_of_tokens() {
            self.of_tokens.fetch_sub(removed, Ordering::SeqCst);
        }
        if let Some(count) = self.of(kind) {
            count.fetch_sub(removed, Ordering::SeqCst);
        }
        self.all.fetch_sub(removed, Ordering::SeqCst);
    }

    fn of(&self, kind: RevocationKind) -> Option<&AtomicUsize> {
        self.kinds.get(kind as usize)
    }
}

fn take(count: &AtomicUsize, room: usize) -> Result<(), StoreErrorKind> {
    let more = |len: usize| (len < room).then_some(len + 1);
    let taken = count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
    taken.map(drop).map_err(|_| StoreErrorKind::Full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_asked_for_until_the_last_of_it_is_removed() {
        let counts = Counts::new(10);
        for _ in 0..2 {
            assert_eq!(counts.reserve(RevocationKind::Token), Ok(()));
        }
        assert_eq!(counts.reserve(RevocationKind::Key), Ok(()));
        counts.release(RevocationKind::Token, 1);
        assert!(counts.has(RevocationKind::Token));
        counts.release(RevocationKind::Token, 1);
        assert!(!counts.has(RevocationKind::Token));
        assert!(counts.has(RevocationKind::Key) && counts.len() == 1);
    }
}
