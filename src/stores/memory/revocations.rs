//! The revocations of grants in memory.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::REMOVED;
use super::revocation_room::{Cause, Room};
use super::shards::{Map, Shards};
use crate::clock::{Leeway, UnixTime};
use crate::error::StoreError;
use crate::grant::Grant;
use crate::grant::store::{RevocationRecord, Sequence};
use crate::revocation_list::RevocationTarget;

/// Revocations by their target, by when they may be forgotten, and those whose grants are still to
/// be removed.
pub(super) struct Revocations {
    room: Room,
    by_target: Shards<RevocationTarget<'static>, Written>,
    // Locked after a part of the map.
    by_end: Mutex<BTreeSet<(UnixTime, RevocationTarget<'static>)>>,
    /// Each target once: nothing that a revocation ends is stored after it was written, so what it
    /// ends has to be removed once.
    unswept: Mutex<VecDeque<RevocationTarget<'static>>>,
}

/// A revocation as it was written.
#[derive(Clone, Copy)]
struct Written {
    sequence: Sequence,
    until: UnixTime,
    /// Its target is in the queue.
    is_queued: bool,
    cause: Cause,
    /// The number of the holder that it counts for.
    holder: Option<u64>,
}

/// What was written for a revocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Added {
    /// The revocation, or a wider one of its holder that there was already.
    Asked,
    /// The first wider one of its holder.
    Merged,
}

/// What a bounded step removed.
pub(super) struct Swept {
    pub(super) removed: usize,
    /// Nothing is left to remove.
    pub(super) is_done: bool,
}

impl Revocations {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            room: Room::new(limit),
            by_target: Shards::new(limit),
            by_end: Mutex::default(),
            unswept: Mutex::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_target.len()
    }

    pub(super) fn has_revoked(&self, grant: &Grant) -> bool {
        self.len() > 0
            && grant.revocation_targets().any(|target| {
                let part = self.by_target.read(&target);
                let revocations: &Map<RevocationTarget<'_>, Written> = &part;
                let written = revocations.get(&target);
                written.is_some_and(|w| RevocationRecord::revokes(target.kind(), w.sequence, grant))
            })
    }

    /// Returns true if there are so many that the service should know.
    pub(super) fn is_filling(&self) -> bool {
        self.room.is_filling(self.len())
    }

    pub(super) const fn limit(&self) -> usize {
        self.room.limit()
    }

    /// Writes a revocation, in place of an older one of the same target; a wider one in its place if
    /// its holder has many single ones.
    pub(super) fn add(
        &self,
        record: &RevocationRecord,
        sequence: Sequence,
    ) -> Result<Added, StoreError> {
        let target = record.target();
        let cause = Cause::of(record);
        let mut new = Written {
            sequence,
            until: record.until(),
            is_queued: false,
            cause,
            holder: None,
        };
        if let Some(wider) = record.wider(sequence).filter(|_| !self.has(target)) {
            let holder = self.room.holder(wider);
            if self.room.is_full_for(holder, cause) {
                return Ok(match self.write(wider, new)? {
                    true => Added::Merged,
                    false => Added::Asked,
                });
            }
            new.holder = Some(holder);
        }
        self.write(target, new).map(|_| Added::Asked)
    }

    fn has(&self, target: &RevocationTarget<'static>) -> bool {
        self.by_target.read(target).contains_key(target)
    }

    /// Writes a revocation of this target, and returns true if there was none.
    fn write(&self, target: &RevocationTarget<'static>, new: Written) -> Result<bool, StoreError> {
        let mut revocations = self.by_target.write(target);
        let old = revocations.get(target).copied();
        let mut written = match old {
            Some(old) => {
                let written = old.joined(new);
                self.room.change(old.cause, written.cause);
                written
            }
            None => {
                self.room.take(new.cause, new.holder)?;
                if let Err(full) = self.by_target.reserve() {
                    self.room.give(new.cause, new.holder);
                    return Err(full);
                }
                new
            }
        };
        if !written.is_queued {
            written.is_queued = true;
            lock(&self.unswept).push_back(target.clone());
        }
        if old.is_none_or(|old| old.until != written.until) {
            let mut by_end = lock(&self.by_end);
            if let Some(old) = old {
                by_end.remove(&(old.until, target.clone()));
            }
            by_end.insert((written.until, target.clone()));
        }
        revocations.insert(target.clone(), written);
        Ok(old.is_none())
    }

    /// Lets `remove` remove what the next revocations end, at most `most` records.
    ///
    /// `remove` takes a target, its number and how many to remove, and returns how many it removed.
    pub(super) fn sweep(
        &self,
        most: usize,
        remove: impl Fn(&RevocationTarget<'_>, Sequence, usize) -> usize,
    ) -> Swept {
        let mut removed = 0;
        for _ in 0..most {
            let next = lock(&self.unswept).pop_front();
            let Some(target) = next else {
                return Swept {
                    removed,
                    is_done: true,
                };
            };
            // Before the removal: a revocation that is written meanwhile is queued again.
            let Some(sequence) = self.set_queued(&target, false) else {
                continue;
            };
            let wanted = most - removed;
            let now = remove(&target, sequence, wanted);
            removed += now;
            if now >= wanted {
                if self.set_queued(&target, true).is_some() {
                    lock(&self.unswept).push_front(target);
                }
                break;
            }
        }
        Swept {
            removed,
            is_done: false,
        }
    }

    fn set_queued(&self, target: &RevocationTarget<'static>, is_queued: bool) -> Option<Sequence> {
        let mut revocations = self.by_target.write(target);
        let written = revocations.get_mut(target)?;
        written.is_queued = is_queued;
        Some(written.sequence)
    }

    /// Removes revocations that may be forgotten at `now`, at most `most`.
    pub(super) fn remove_ended(&self, now: UnixTime, most: usize) -> usize {
        let mut total = 0;
        while total < most {
            let ended = self.ended(now, REMOVED.min(most - total));
            let forgotten = ended.iter().filter(|target| self.forget(target, now));
            match forgotten.count() {
                0 => break,
                some => total += some,
            }
        }
        total
    }

    fn ended(&self, now: UnixTime, most: usize) -> Vec<RevocationTarget<'static>> {
        let by_end = lock(&self.by_end);
        let ended = by_end.iter().take(most);
        let ended = ended.take_while(|(until, _)| until.has_passed(now, Leeway::ZERO));
        ended.map(|(_, target)| target.clone()).collect()
    }

    fn forget(&self, target: &RevocationTarget<'static>, now: UnixTime) -> bool {
        let forgotten = self.by_target.remove(target, |written| {
            let has_ended = written.until.has_passed(now, Leeway::ZERO);
            // Under the lock of the part, so that a new one of this target keeps its place.
            has_ended && lock(&self.by_end).remove(&(written.until, target.clone()))
        });
        if let Some(written) = forgotten {
            self.room.give(written.cause, written.holder);
        }
        forgotten.is_some()
    }
}

impl Written {
    fn joined(self, other: Self) -> Self {
        Self {
            sequence: self.sequence.max(other.sequence),
            until: self.until.max(other.until),
            is_queued: self.is_queued || other.is_queued,
            // What the service revokes itself does not count as caused by others.
            cause: self.cause.min(other.cause),
            holder: self.holder,
        }
    }
}

// No code of others runs while one of these locks is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two revocations of one target may be written in another order than they took their numbers.
    #[test]
    fn of_two_revocations_the_later_number_and_the_later_end_are_kept() {
        let written = |sequence, until| Written {
            sequence: Sequence::from_u64(sequence),
            until: UnixTime::from_secs(until),
            is_queued: false,
            cause: Cause::Service,
            holder: None,
        };
        for (one, two) in [((1, 9), (2, 8)), ((2, 8), (1, 9))] {
            let joined = written(one.0, one.1).joined(written(two.0, two.1));
            assert_eq!(joined.sequence.as_u64(), 2);
            assert_eq!(joined.until.as_secs(), 9);
        }
    }
}
