//! One part of the table of records.

use crate::api_key::{ApiKeyId, ApiKeyRecord};

/// Records by id. A lookup does the same work whether a record exists or not.
///
/// An id has two buckets, both are read whole, and an unknown id leads to some other record by the
/// same steps: neither a branch nor the cache shows the difference. A slot has only a 32-bit tag
/// of the id, so the caller compares the id with that of the record.
#[derive(Default)]
pub(super) struct Table {
    // INVARIANT: a power of two of them, or none while there is no record.
    buckets: Vec<Bucket>,
    records: Vec<(IdHash, ApiKeyRecord)>,
    /// Places of records that no slot leads to, because another record in their buckets has the
    /// same tag, or both buckets are full. Even with a million records there is rarely one.
    unlinked: Vec<u32>,
}

/// Slots in one cache line: the tags, and the places of their records.
#[derive(Clone, Default)]
#[repr(align(64))]
struct Bucket {
    /// 0 in an empty slot.
    tags: [u32; SLOTS],
    places: [u32; SLOTS],
}

const SLOTS: usize = 8;

/// The bits of an id's hash that a table uses.
#[derive(Clone, Copy)]
pub(super) struct IdHash {
    tag: u32,
    bucket: u32,
}

impl IdHash {
    /// The halves are used separately; the highest bits of the lower half are not used.
    pub(super) fn new(hash: u64) -> Self {
        let [bucket, tag] = [hash, hash >> 32].map(|half| (half & u64::from(u32::MAX)) as u32);
        let tag = tag.max(1);
        Self { tag, bucket }
    }

    /// Returns the numbers of both buckets among `count`.
    const fn buckets(self, count: usize) -> [usize; 2] {
        let second = self.bucket ^ self.tag.wrapping_mul(0x5bd1_e995);
        let mask = count.wrapping_sub(1);
        [self.bucket as usize & mask, second as usize & mask]
    }
}

impl Table {
    /// Returns the record of the id with this hash, or some other one: the caller compares the id.
    /// `None` only if the table is empty.
    pub(super) fn probe(&self, hash: IdHash) -> Option<&ApiKeyRecord> {
        let (mut hit, mut place) = (0, 0);
        for at in hash.buckets(self.buckets.len()) {
            let bucket = self.buckets.get(at)?;
            for (tag, own) in bucket.tags.iter().zip(&bucket.places) {
                let mask = u32::from(*tag == hash.tag).wrapping_neg();
                hit |= mask;
                place |= mask & own;
            }
        }
        let other = (u64::from(hash.tag) * self.records.len() as u64) >> 32;
        let place = (place & hit) | (other as u32 & !hit);
        self.record(place)
    }

    /// Returns the record of this id.
    pub(super) fn get(&self, hash: IdHash, id: ApiKeyId) -> Option<&ApiKeyRecord> {
        let is_own = |record: &&ApiKeyRecord| record.id() == id;
        let probed = self.probe(hash).filter(is_own);
        probed.or_else(|| self.find_unlinked(id))
    }

    /// Returns true if [`probe`](Self::probe) may miss a record.
    pub(super) const fn has_unlinked(&self) -> bool {
        !self.unlinked.is_empty()
    }

    fn find_unlinked(&self, id: ApiKeyId) -> Option<&ApiKeyRecord> {
        let mut unlinked = self.unlinked.iter().filter_map(|place| self.record(*place));
        unlinked.find(|record| record.id() == id)
    }

    /// Sets the record of an id, or removes it.
    pub(super) fn set(&mut self, hash: IdHash, id: ApiKeyId, record: Option<ApiKeyRecord>) {
        match (self.place(hash, id), record) {
            (Some(place), Some(record)) => self.replace(place, record),
            (Some(place), None) => self.remove(place),
            (None, Some(record)) => self.insert(hash, record),
            (None, None) => {}
        }
    }

    fn place(&self, hash: IdHash, id: ApiKeyId) -> Option<u32> {
        let is_own = |place: &u32| self.record(*place).is_some_and(|own| own.id() == id);
        let buckets = hash.buckets(self.buckets.len()).into_iter();
        let buckets = buckets.filter_map(|at| self.buckets.get(at));
        let places = buckets.flat_map(|bucket| bucket.tags.iter().zip(&bucket.places));
        let own = places.filter(|(tag, _)| **tag == hash.tag);
        let mut own = own
            .map(|(_, place)| *place)
            .chain(self.unlinked.iter().copied());
        own.find(is_own)
    }

    fn record(&self, place: u32) -> Option<&ApiKeyRecord> {
        self.records.get(place as usize).map(|(_, record)| record)
    }

    fn replace(&mut self, place: u32, record: ApiKeyRecord) {
        if let Some((_, own)) = self.records.get_mut(place as usize) {
            // The last use belongs to no version: the later one is kept.
            let used = own.last_used();
            used.into_iter().for_each(|time| record.touch(time));
            *own = record;
        }
    }

    fn insert(&mut self, hash: IdHash, record: ApiKeyRecord) {
        let place = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.records.push((hash, record));
        if self.link(hash, place) {
            return;
        }
        if self.records.len() > self.buckets.len() * SLOTS / 4 {
            self.grow();
        } else {
            self.unlinked.push(place);
        }
    }

    fn grow(&mut self) {
        let count = (self.buckets.len() * 2).max(1);
        self.buckets = vec![Bucket::default(); count];
        self.unlinked.clear();
        let hashes: Vec<_> = self.records.iter().map(|(hash, _)| *hash).collect();
        for (hash, place) in hashes.into_iter().zip(0..) {
            if !self.link(hash, place) {
                self.unlinked.push(place);
            }
        }
    }

    /// Makes the tag lead to this place from the emptier bucket, unless both are full or one of
    /// them has the tag already.
    fn link(&mut self, hash: IdHash, place: u32) -> bool {
        let numbers = hash.buckets(self.buckets.len());
        let count = |at: usize, tag| {
            let bucket = self.buckets.get(at);
            bucket.map_or(0, |b| b.tags.iter().filter(|own| **own == tag).count())
        };
        let [first, second] = numbers;
        let clashes = count(first, hash.tag) + count(second, hash.tag) > 0;
        let emptier = if count(second, 0) > count(first, 0) {
            second
        } else {
            first
        };
        let bucket = self.buckets.get_mut(emptier).filter(|_| !clashes);
        bucket.is_some_and(|bucket| bucket.set((0, 0), (hash.tag, place)))
    }

    fn remove(&mut self, place: u32) {
        let last = self.records.len().saturating_sub(1);
        let hash = |at: usize| self.records.get(at).map(|(hash, _)| *hash);
        let (Some(own), Some(moved)) = (hash(place as usize), hash(last)) else {
            return;
        };
        self.relink(own, place, None);
        if place as usize != last {
            let last = u32::try_from(last).unwrap_or(u32::MAX);
            self.relink(moved, last, Some(place));
        }
        self.records.swap_remove(place as usize);
    }

    /// Replaces the place that a slot leads to, or empties the slot.
    fn relink(&mut self, hash: IdHash, from: u32, to: Option<u32>) {
        if let Some(at) = self.unlinked.iter().position(|place| *place == from) {
            self.unlinked.swap_remove(at);
            self.unlinked.extend(to);
            return;
        }
        let new = to.map_or((0, 0), |to| (hash.tag, to));
        for at in hash.buckets(self.buckets.len()) {
            let bucket = self.buckets.get_mut(at);
            if bucket.is_some_and(|bucket| bucket.set((hash.tag, from), new)) {
                return;
            }
        }
    }
}

impl Bucket {
    /// Changes the first slot with this content; returns false if there is none.
    fn set(&mut self, old: (u32, u32), new: (u32, u32)) -> bool {
        let mut slots = self.tags.iter_mut().zip(&mut self.places);
        let found = slots.find(|(tag, place)| (**tag, **place) == old);
        let is_found = found.is_some();
        if let Some((tag, place)) = found {
            (*tag, *place) = new;
        }
        is_found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::api_key::PepperedDigest;
    use crate::api_key::store::ApiKeyRow;
    use crate::clock::UnixTime;

    fn record(n: u64, version: u64) -> ApiKeyRecord {
        let id = format!("{n:016}").parse().unwrap();
        let owner = ("keys".into(), "robot".to_owned());
        let digest = PepperedDigest::sha256([0; 32]);
        let mut row = ApiKeyRow::new(id, digest, owner, UnixTime::from_secs(0));
        row.version = version;
        ApiKeyRecord::from_row(row).unwrap()
    }

    /// Spreads well, or so badly that tags collide and buckets overflow.
    fn hash(id: ApiKeyId, spread: u64) -> IdHash {
        let n: u64 = id.as_str().parse().unwrap();
        IdHash::new((n % spread).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    proptest! {
        #[test]
        fn table_finds_exactly_the_inserted_records(
            steps in prop::collection::vec((0..200_u64, 0..4_u64), 0..600),
            spread in prop::sample::select(vec![1_u64, 3, 40, u64::MAX]),
        ) {
            let (mut table, mut model) = (Table::default(), HashMap::new());
            let hash_of = |id| hash(id, spread);
            for (n, version) in steps {
                let id = record(n, 1).id();
                let new = (version > 0).then(|| record(n, version));
                table.set(hash_of(id), id, new);
                if version > 0 {
                    model.insert(n, version);
                } else {
                    model.remove(&n);
                }
                prop_assert_eq!(table.records.len(), model.len());
            }
            for n in 0..200 {
                let id = record(n, 1).id();
                let found = table.get(hash_of(id), id).map(ApiKeyRecord::version);
                prop_assert_eq!(found, model.get(&n).copied());
                let probed = table.probe(hash_of(id)).map(ApiKeyRecord::id);
                prop_assert_eq!(probed.is_some(), !model.is_empty());
                let is_missed = found.is_some() && probed != Some(id);
                prop_assert!(!is_missed || table.has_unlinked());
            }
            if spread == u64::MAX {
                prop_assert!(!table.has_unlinked());
            }
        }
    }
}
