//! The sums of one generation of usage, in bounded memory.

use std::hash::{BuildHasher, RandomState};

use crate::clock::UnixTime;
use crate::limit::usage::batch::UsageRow;
use crate::limits;
use crate::principal::Authority;

/// Sums by authority, subject, meter and hour.
///
/// An addition to a known key allocates nothing. Keys stay known for one more generation after their
/// last use. Where as many keys have an amount as it takes, further ones add to the row of the
/// subject `overflow`.
#[derive(Debug)]
pub(super) struct UsageTable {
    hasher: RandomState,
    sums: Vec<Sum>,
    /// Places in `sums` plus one, 0 for a free slot. Its length is a power of two, and at least twice
    /// the number of sums.
    index: Vec<u32>,
    /// Sums with an amount.
    active: usize,
    /// How many keys with an amount it takes.
    limit: usize,
    overflow: usize,
    /// The place of the sum of all that not even an overflow row has space for.
    rest: Option<usize>,
}

#[derive(Debug)]
struct Sum {
    hash: u64,
    authority: Authority,
    subject: Box<str>,
    meter: &'static str,
    hour: UnixTime,
    amount: u64,
}

/// What is counted: whose it is, the meter, and the start of the hour.
#[derive(Clone, Copy, Debug)]
pub(super) struct SumKey<'a> {
    pub(super) authority: &'a Authority,
    pub(super) subject: &'a str,
    pub(super) meter: &'static str,
    pub(super) hour: UnixTime,
}

/// Where an amount was added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Added {
    /// The place of its sum.
    pub(super) place: usize,
    /// The sum is at its largest and does not have all of it.
    pub(super) is_saturated: bool,
}

/// The subject of the rows that sum up what has no row of its own.
const OVERFLOW: &str = "overflow";

impl UsageTable {
    /// Creates a table for so many keys with an amount.
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            sums: Vec::new(),
            index: Vec::new(),
            active: 0,
            limit,
            overflow: 0,
            rest: None,
        }
    }

    /// Adds an amount that is not 0.
    pub(super) fn add(&mut self, key: SumKey<'_>, amount: u64) -> Added {
        let hash = self.hash(&key);
        let place = match self.find(hash, &key) {
            Some(place) if self.is_active(place) || self.has_space() => place,
            None if self.has_space() => self.insert(hash, &key),
            _ => self.overflow_place(&key),
        };
        let Some(sum) = self.sums.get_mut(place) else {
            // Every place that was found or inserted is there.
            return Added {
                place,
                is_saturated: true,
            };
        };
        if sum.amount == 0 {
            self.active += 1;
        }
        let (amount, is_saturated) = match sum.amount.checked_add(amount) {
            Some(amount) => (amount, false),
            None => (u64::MAX, true),
        };
        sum.amount = amount;
        Added {
            place,
            is_saturated,
        }
    }

    /// Returns the key of a place: that of the overflow row, if it was added there.
    pub(super) fn key_at(&self, place: usize) -> Option<SumKey<'_>> {
        self.sums.get(place).map(Sum::key)
    }

    /// Returns the number of sums with an amount.
    pub(super) const fn active(&self) -> usize {
        self.active
    }

    fn has_space(&self) -> bool {
        self.active < self.limit + self.overflow
    }

    fn is_active(&self, place: usize) -> bool {
        self.sums.get(place).is_some_and(|sum| sum.amount > 0)
    }

    /// Returns the place of the row for what has no row of its own.
    fn overflow_place(&mut self, key: &SumKey<'_>) -> usize {
        let shared = SumKey {
            subject: OVERFLOW,
            ..*key
        };
        let hash = self.hash(&shared);
        if let Some(place) = self.find(hash, &shared)
            && self.is_active(place)
        {
            return place;
        }
        if self.overflow < limits::METER_OVERFLOW {
            self.overflow += 1;
            return match self.find(hash, &shared) {
                Some(place) => place,
                None => self.insert(hash, &shared),
            };
        }
        let rest = self.rest.filter(|place| *place < self.sums.len());
        let place = rest.unwrap_or_else(|| {
            let rest = SumKey {
                authority: &Authority::from(OVERFLOW),
                subject: OVERFLOW,
                meter: OVERFLOW,
                hour: key.hour,
            };
            let hash = self.hash(&rest);
            self.find(hash, &rest)
                .unwrap_or_else(|| self.insert(hash, &rest))
        });
        self.rest = Some(place);
        place
    }

    fn hash(&self, key: &SumKey<'_>) -> u64 {
        let authority = key.authority.as_str();
        self.hasher
            .hash_one((authority, key.subject, key.meter, key.hour))
    }

    fn find(&self, hash: u64, key: &SumKey<'_>) -> Option<usize> {
        for slot in slots(hash, self.index.len()) {
            let place = (*self.index.get(slot)?).checked_sub(1)? as usize;
            let sum = self.sums.get(place)?;
            if sum.hash == hash && sum.is_of(key) {
                return Some(place);
            }
        }
        None
    }

    fn insert(&mut self, hash: u64, key: &SumKey<'_>) -> usize {
        self.sums.push(Sum {
            hash,
            authority: key.authority.clone(),
            subject: key.subject.into(),
            meter: key.meter,
            hour: key.hour,
            amount: 0,
        });
        if self.sums.len() * 2 > self.index.len() {
            self.rebuild_index();
        } else {
            enter(&mut self.index, hash, self.sums.len());
        }
        self.sums.len() - 1
    }

    fn rebuild_index(&mut self) {
        let slots = (self.sums.len() * 2).next_power_of_two().max(64);
        self.index.clear();
        self.index.resize(slots, 0);
        for (place, sum) in (1..).zip(&self.sums) {
            enter(&mut self.index, sum.hash, place);
        }
    }

    /// Returns the sums as rows, and makes them 0. Keys that had none are forgotten, and if more than
    /// half of the space was used, all of them.
    pub(super) fn drain(&mut self) -> Vec<UsageRow> {
        let rows = self.sums.iter().filter(|sum| sum.amount > 0).map(Sum::row);
        let rows: Vec<_> = rows.collect();
        let keeps = rows.len() <= self.limit / 2;
        let all = self.sums.len();
        self.sums.retain(|sum| keeps && sum.amount > 0);
        for sum in &mut self.sums {
            sum.amount = 0;
        }
        if self.sums.len() < all {
            self.rebuild_index();
        }
        self.active = 0;
        self.overflow = 0;
        self.rest = None;
        rows
    }
}

impl Sum {
    fn key(&self) -> SumKey<'_> {
        SumKey {
            authority: &self.authority,
            subject: &self.subject,
            meter: self.meter,
            hour: self.hour,
        }
    }

    fn is_of(&self, key: &SumKey<'_>) -> bool {
        self.hour == key.hour
            && self.meter == key.meter
            && *self.subject == *key.subject
            && self.authority == *key.authority
    }

    fn row(&self) -> UsageRow {
        let who = (self.authority.as_str(), &*self.subject);
        UsageRow::new(who, self.meter, self.hour, self.amount)
    }
}

/// Returns the slots of a hash, in the order in which they are searched.
fn slots(hash: u64, len: usize) -> impl Iterator<Item = usize> {
    let mask = len.wrapping_sub(1);
    // Only the low bits count, also where `usize` has 32.
    let start = hash as usize;
    (0..len).map(move |step| start.wrapping_add(step) & mask)
}

/// Enters the place, counted from 1, in the first free slot.
fn enter(index: &mut [u32], hash: u64, place: usize) {
    let len = index.len();
    let mut free = slots(hash, len).filter(|slot| index.get(*slot) == Some(&0));
    if let Some(slot) = free.next()
        && let Some(slot) = index.get_mut(slot)
    {
        *slot = u32::try_from(place).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn key<'a>(authority: &'a Authority, subject: &'a str, hour: u64) -> SumKey<'a> {
        SumKey {
            authority,
            subject,
            meter: "requests",
            hour: UnixTime::from_secs(hour * 3_600),
        }
    }

    fn total(rows: &[UsageRow]) -> u64 {
        rows.iter().map(|row| row.amount).sum()
    }

    #[test]
    fn sums_equal_those_of_a_map() {
        let (a, b) = (Authority::from("a"), Authority::from("b"));
        let mut table = UsageTable::with_limit(limits::METER_KEYS);
        for generation in 0..4_u64 {
            let mut map: HashMap<(String, String, u64), u64> = HashMap::new();
            for step in 0..5_000_u64 {
                let subject = (step * 7_919 % 613).to_string();
                let authority = if step % 3 == 0 { &a } else { &b };
                let hour = step % 2 + generation;
                table.add(key(authority, &subject, hour), step + 1);
                let name = (authority.as_str().to_owned(), subject, hour * 3_600);
                *map.entry(name).or_default() += step + 1;
            }
            assert_eq!(table.active(), map.len());
            let rows = table.drain();
            assert_eq!(rows.len(), map.len());
            for row in rows {
                let name = (row.authority, row.subject, row.hour.as_secs());
                assert_eq!(map.get(&name), Some(&row.amount));
            }
            assert_eq!(table.active(), 0);
        }
    }

    #[test]
    fn full_table_adds_to_overflow_and_the_total_stays_right() {
        let authority = Authority::from("idp");
        let mut table = UsageTable::with_limit(10);
        for generation in 0..3 {
            for subject in 0..25 {
                table.add(key(&authority, &format!("{generation} {subject}"), 0), 2);
            }
            // A known key still has its own row.
            table.add(key(&authority, &format!("{generation} 3"), 0), 2);
            let rows = table.drain();
            assert_eq!(total(&rows), 52);
            assert_eq!(rows.len(), 11);
            let overflow = rows.iter().find(|row| row.subject == OVERFLOW).unwrap();
            assert_eq!((overflow.amount, overflow.authority.as_str()), (30, "idp"));
        }
    }

    #[test]
    fn rows_of_overflow_are_bounded_too() {
        let authority = Authority::from("idp");
        let mut table = UsageTable::with_limit(1);
        for hour in 0..3_000 {
            table.add(key(&authority, "alice", hour), 1);
        }
        assert!(table.sums.len() <= limits::METER_OVERFLOW + 2);
        assert_eq!(total(&table.drain()), 3_000);
    }

    #[test]
    fn keys_that_are_not_used_are_forgotten() {
        let authority = Authority::from("idp");
        let mut table = UsageTable::with_limit(limits::METER_KEYS);
        for hour in 0..100 {
            table.add(key(&authority, "alice", hour), 1);
            assert_eq!(table.drain().len(), 1);
            assert!(table.sums.len() <= 1);
        }
    }

    #[test]
    fn sum_that_is_too_large_is_the_largest_number() {
        let authority = Authority::from("idp");
        let mut table = UsageTable::with_limit(limits::METER_KEYS);
        assert!(
            !table
                .add(key(&authority, "alice", 0), u64::MAX)
                .is_saturated
        );
        assert!(table.add(key(&authority, "alice", 0), 1).is_saturated);
        assert_eq!(table.drain().first().map(|row| row.amount), Some(u64::MAX));
    }
}
