//! One part of the table of records.

use crate::api_key::ApiKeyId;
use crate::api_key::ApiKeyRecord;

/// Records by their ids, such that a look-up does the same work whether there is one or not.
///
/// An id has two buckets, both are read whole, and what stands under no id is led to some record
/// by the same steps: neither a jump nor the cache tells the two apart. So one comes to the record
/// by a tag of 32 bits, and whoever looks up an id compares it with the record's.
#[derive(Default)]
pub(super) struct Table {
    // INVARIANT: a power of two of them, or none while there is no record.
    buckets: Vec<Bucket>,
    records: Vec<(Hash, ApiKeyRecord)>,
    /// Places of records without a slot: another one with their tag stands in their bucket. Of a
    /// million records there is one in few stores.
    strays: Vec<u32>,
}

/// Slots in one cache line: tags and what they lead to.
#[derive(Clone, Default)]
#[repr(align(64))]
struct Bucket {
    /// 0 in an empty slot.
    tags: [u32; SLOTS],
    places: [u32; SLOTS],
}

const SLOTS: usize = 8;

/// The hash of an id, as far as a table uses it.
#[derive(Clone, Copy)]
pub(super) struct Hash {
    tag: u32,
    bucket: u32,
}

impl Hash {
    /// The halves are used for themselves; the highest bits of the lower one are free.
    pub(super) fn new(hash: u64) -> Self {
        let [bucket, tag] = [hash, hash >> 32].map(|half| (half & u64::from(u32::MAX)) as u32);
        let tag = tag.max(1);
        Self { tag, bucket }
    }

    /// The numbers of both buckets among so many.
    const fn buckets(self, count: usize) -> [usize; 2] {
        let second = self.bucket ^ self.tag.wrapping_mul(0x5bd1_e995);
        let mask = count.wrapping_sub(1);
        [self.bucket as usize & mask, second as usize & mask]
    }
}

impl Table {
    /// Returns the record of the id with this hash, or else some other one: whichever it is, its
    /// id tells. There is none in an empty table alone.
    pub(super) fn probe(&self, hash: Hash) -> Option<&ApiKeyRecord> {
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
    pub(super) fn get(&self, hash: Hash, id: ApiKeyId) -> Option<&ApiKeyRecord> {
        let is_own = |record: &&ApiKeyRecord| record.id() == id;
        let probed = self.probe(hash).filter(is_own);
        probed.or_else(|| self.stray(id))
    }

    /// Says whether a look-up by [`probe`](Self::probe) may miss a record.
    pub(super) const fn has_strays(&self) -> bool {
        !self.strays.is_empty()
    }

    fn stray(&self, id: ApiKeyId) -> Option<&ApiKeyRecord> {
        let mut strays = self.strays.iter().filter_map(|place| self.record(*place));
        strays.find(|record| record.id() == id)
    }

    /// Sets what stands under an id, or takes it away.
    pub(super) fn set(&mut self, hash: Hash, id: ApiKeyId, record: Option<ApiKeyRecord>) {
        match (self.place(hash, id), record) {
            (Some(place), Some(record)) => self.replace(place, record),
            (Some(place), None) => self.remove(place),
            (None, Some(record)) => self.insert(hash, record),
            (None, None) => {}
        }
    }

    fn place(&self, hash: Hash, id: ApiKeyId) -> Option<u32> {
        let is_own = |place: &u32| self.record(*place).is_some_and(|own| own.id() == id);
        let buckets = hash.buckets(self.buckets.len()).into_iter();
        let buckets = buckets.filter_map(|at| self.buckets.get(at));
        let places = buckets.flat_map(|bucket| bucket.tags.iter().zip(&bucket.places));
        let own = places.filter(|(tag, _)| **tag == hash.tag);
        let mut own = own
            .map(|(_, place)| *place)
            .chain(self.strays.iter().copied());
        own.find(is_own)
    }

    fn record(&self, place: u32) -> Option<&ApiKeyRecord> {
        self.records.get(place as usize).map(|(_, record)| record)
    }

    fn replace(&mut self, place: u32, record: ApiKeyRecord) {
        if let Some((_, own)) = self.records.get_mut(place as usize) {
            // The note belongs to no version: the later one stays.
            let used = own.last_used();
            used.into_iter().for_each(|time| record.touch(time));
            *own = record;
        }
    }

    fn insert(&mut self, hash: Hash, record: ApiKeyRecord) {
        let place = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.records.push((hash, record));
        if self.link(hash, place) {
            return;
        }
        if self.records.len() > self.buckets.len() * SLOTS / 4 {
            self.grow();
        } else {
            self.strays.push(place);
        }
    }

    fn grow(&mut self) {
        let count = (self.buckets.len() * 2).max(1);
        self.buckets = vec![Bucket::default(); count];
        self.strays.clear();
        let hashes: Vec<_> = self.records.iter().map(|(hash, _)| *hash).collect();
        for (hash, place) in hashes.into_iter().zip(0..) {
            if !self.link(hash, place) {
                self.strays.push(place);
            }
        }
    }

    /// Lets the tag lead to this place from the emptier bucket, unless both are full or one
    /// of them has the tag already.
    fn link(&mut self, hash: Hash, place: u32) -> bool {
        let numbers = hash.buckets(self.buckets.len());
        let of = |at: usize, tag| {
            let bucket = self.buckets.get(at);
            bucket.map_or(0, |b| b.tags.iter().filter(|own| **own == tag).count())
        };
        let [first, second] = numbers;
        let clashes = of(first, hash.tag) + of(second, hash.tag) > 0;
        let emptier = if of(second, 0) > of(first, 0) {
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

    /// Leads what led to one place to another one, or nowhere.
    fn relink(&mut self, hash: Hash, from: u32, to: Option<u32>) {
        if let Some(at) = self.strays.iter().position(|stray| *stray == from) {
            self.strays.swap_remove(at);
            self.strays.extend(to);
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
    /// Changes the first slot that holds this; says whether one does.
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
    use crate::api_key::ApiKeyRow;
    use crate::api_key::PepperedDigest;
    use crate::clock::UnixTime;

    fn record(n: u64, version: u64) -> ApiKeyRecord {
        let id = format!("{n:016}").parse().unwrap();
        let owner = ("ring".into(), "robot".to_owned());
        let digest = PepperedDigest::sha256([0; 32]);
        let mut parts = ApiKeyRow::new(id, digest, owner, UnixTime::from_secs(0));
        parts.version = version;
        ApiKeyRecord::from_parts(parts).unwrap()
    }

    /// Spreads well, or so badly that tags clash and buckets overflow.
    fn hash(id: ApiKeyId, spread: u64) -> Hash {
        let n: u64 = id.as_str().parse().unwrap();
        Hash::new((n % spread).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    proptest! {
        #[test]
        fn a_table_finds_what_was_put_in_and_nothing_else(
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
                prop_assert!(!is_missed || table.has_strays());
            }
            if spread == u64::MAX {
                prop_assert!(!table.has_strays());
            }
        }
    }
}
