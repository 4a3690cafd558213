//! Refusals that are counted in place of being recorded one by one.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::collapse::Collapse;
use super::tally::Loss;
use crate::address::Source;
use crate::error::RejectionKind;

/// Slots for pairs of a source and a kind: 256 KiB.
const SLOTS: usize = 8_192;
/// Slots that a pair can be in. If none of them is free, pairs share one.
const WINDOW: usize = 8;
const MINUTE: Duration = Duration::from_secs(60);

/// The counts of unverified refusals, in fixed memory.
#[derive(Debug)]
pub(super) struct Refusals {
    per_minute: u32,
    hasher: RandomState,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    slots: Vec<Slot>,
    /// What was not recorded, for each kind.
    sums: Vec<Sum>,
    /// When the first of them was refused.
    since: Option<Duration>,
    /// The number of the summary that is next.
    turn: u64,
}

/// One pair of a source and a kind, or several that share it.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    /// When its minute began; the slot is free after it.
    began: Option<Duration>,
    count: u32,
    /// The summary that it was counted in last.
    turn: u64,
}

/// The refusals of one kind that were not recorded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Sum {
    pub(super) loss: Loss,
    pub(super) sources: u64,
}

/// What becomes of a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Counted {
    /// It gets a record of its own.
    Recorded,
    /// It is in the next summary.
    Summed {
        /// Nothing was in that summary before.
        is_first: bool,
    },
}

impl Refusals {
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            hasher: RandomState::new(),
            table: Mutex::new(Table {
                slots: vec![Slot::default(); SLOTS],
                sums: vec![Sum::default(); RejectionKind::ALL.len()],
                since: None,
                turn: 1,
            }),
        }
    }

    /// Counts a refusal at this elapsed time.
    pub(super) fn count(
        &self,
        source: Source,
        kind: RejectionKind,
        at: Duration,
        millis: u64,
    ) -> Counted {
        let key = self.hasher.hash_one((source.key(), kind as u8));
        let mut table = self.lock();
        let turn = table.turn;
        let Some(slot) = table.slot(key, at) else {
            return Counted::Recorded;
        };
        if slot.is_free(at) {
            *slot = Slot {
                key,
                began: Some(at),
                ..Slot::default()
            };
        }
        if slot.count < self.per_minute {
            slot.count += 1;
            return Counted::Recorded;
        }
        let is_new = slot.turn != turn;
        slot.turn = turn;
        let is_first = table.since.is_none();
        table.since.get_or_insert(at);
        if let Some(sum) = table.sums.get_mut(kind as usize) {
            sum.loss = sum.loss.and(Loss::one(millis));
            sum.sources += u64::from(is_new);
        }
        Counted::Summed { is_first }
    }

    /// Takes the sum of one kind, if the time for summaries has come.
    pub(super) fn next_due(&self, at: Option<Duration>) -> Option<(RejectionKind, Sum)> {
        let mut table = self.lock();
        let since = table.since?;
        // A clock that was set back must not hold summaries back.
        if at.is_some_and(|at| at.abs_diff(since) < Collapse::EVERY) {
            return None;
        }
        let mut sums = table.sums.iter_mut().zip(RejectionKind::ALL);
        let Some((sum, kind)) = sums.find(|(sum, _)| sum.loss.count > 0) else {
            table.since = None;
            table.turn += 1;
            return None;
        };
        Some((*kind, std::mem::take(sum)))
    }

    /// Returns whether something was not recorded yet.
    pub(super) fn has_some(&self) -> bool {
        self.lock().since.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Returns the slot of a key: its own, a free one, or one that it shares.
    fn slot(&mut self, key: u64, at: Duration) -> Option<&mut Slot> {
        let start = usize::try_from(key).unwrap_or(0) % SLOTS;
        let places = (0..WINDOW).map(|step| (start + step) % SLOTS);
        let is_own = |place: &usize| {
            let slot = self.slots.get(*place);
            slot.is_some_and(|slot| slot.key == key && slot.began.is_some())
        };
        let is_free = |place: &usize| {
            let slot = self.slots.get(*place);
            slot.is_some_and(|slot| slot.is_free(at))
        };
        let own = places.clone().find(is_own);
        let place = own
            .or_else(|| places.clone().find(is_free))
            .unwrap_or(start);
        self.slots.get_mut(place)
    }
}

impl Slot {
    /// A minute that is far ahead is from before the clock was set back.
    fn is_free(&self, at: Duration) -> bool {
        self.began.is_none_or(|began| at.abs_diff(began) >= MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: RejectionKind = RejectionKind::TokenMalformed;

    fn source(number: u32) -> Source {
        Source::of(std::net::Ipv4Addr::from_bits(number).into())
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn is_recorded(refusals: &Refusals, source: Source, at: u64, millis: u64) -> bool {
        refusals.count(source, KIND, secs(at), millis) == Counted::Recorded
    }

    #[test]
    fn refusals_beyond_ten_a_minute_are_summed() {
        let refusals = Refusals::new(10);
        let recorded = (0..25).filter(|n| is_recorded(&refusals, source(1), 5, 100 + n));
        assert_eq!(recorded.count(), 10);
        let other = refusals.count(source(1), RejectionKind::TokenExpired, secs(5), 1);
        assert_eq!(other, Counted::Recorded);
        assert_eq!(refusals.next_due(Some(secs(14))), None);
        let (kind, sum) = refusals.next_due(Some(secs(15))).unwrap();
        let loss = Loss {
            count: 15,
            first_millis: 110,
            last_millis: 124,
        };
        assert_eq!((kind, sum), (KIND, Sum { loss, sources: 1 }));
        assert_eq!(refusals.next_due(None), None);
        assert!(!is_recorded(&refusals, source(1), 64, 1));
        assert!(is_recorded(&refusals, source(1), 65, 1));
    }

    #[test]
    fn any_time_is_taken_and_a_clock_that_was_set_back_delays_nothing() {
        let refusals = Refusals::new(1);
        let day = 86_400;
        for at in [u64::MAX, day, 0] {
            assert!(is_recorded(&refusals, source(1), at, 1));
            assert!(!is_recorded(&refusals, source(1), at, 2));
            assert_eq!(refusals.next_due(Some(secs(at))), None);
            let later = secs(at.saturating_sub(11));
            assert_eq!(refusals.next_due(Some(later)).is_some(), at > 0);
            refusals.next_due(None);
            refusals.next_due(None);
        }
    }

    #[test]
    fn sources_of_a_summary_are_counted_once_each() {
        let refusals = Refusals::new(1);
        for n in 0..9 {
            refusals.count(source(n % 3), KIND, secs(0), 1);
        }
        assert_eq!(refusals.next_due(None).unwrap().1.sources, 3);
        assert_eq!(refusals.next_due(None), None);
        refusals.count(source(2), KIND, secs(1), 1);
        assert_eq!(refusals.next_due(None).unwrap().1.sources, 1);
    }

    #[test]
    fn a_million_sources_are_counted_exactly_in_fixed_memory() {
        let refusals = Refusals::new(10);
        let all = 200_000_u32;
        let recorded = (0..all).filter(|n| is_recorded(&refusals, source(*n), 0, 1));
        let recorded = recorded.count() as u64;
        assert!(recorded <= 10 * SLOTS as u64, "{recorded}");
        let summed = refusals.next_due(None).map_or(0, |(_, sum)| sum.loss.count);
        assert_eq!(recorded + summed, u64::from(all));
    }
}
