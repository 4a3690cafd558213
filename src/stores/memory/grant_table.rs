//! A bounded table of grants by digest, with the orders that removals need.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::REMOVED;
use super::grant_record::GrantRecord;
use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::store::{Sequence, TokenDigest};
use crate::revocation_list::RevocationTarget;

/// Records in several parts, so that a reader seldom waits for a writer of another record.
///
/// Each record is also found by when it ends, and by what a revocation of it names. So a purge
/// goes straight to what it removes: it walks over nothing that stays.
pub(super) struct GrantTable<R> {
    first: Part<R>,
    others: Vec<Part<R>>,
    /// Locked after a part: the places of the records by the hash of a revocation's target, and
    /// by their sequence number.
    names: Vec<Mutex<BTreeSet<(u64, u64, Place)>>>,
    /// Locked before a part: the creations for one subject under a limit.
    gates: Vec<Mutex<()>>,
    hasher: RandomState,
    len: AtomicUsize,
    limit: usize,
}

/// A part on its own cache lines.
#[repr(align(128))]
struct Part<R>(RwLock<Records<R>>);

pub(super) struct Records<R> {
    by_digest: HashMap<TokenDigest, Place>,
    slots: Vec<Option<Arc<R>>>,
    free: Vec<Place>,
    by_end: BTreeSet<(UnixTime, Place)>,
}

/// The number of a slot, with that of its part in the lowest bits.
type Place = u32;

/// The place of a record in the order of the numbers.
pub(super) type Position = (u64, Place);

const PARTS: u32 = 64;

impl<R: GrantRecord> GrantTable<R> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            first: Part::new(),
            others: (1..PARTS).map(|_| Part::new()).collect(),
            names: (0..PARTS).map(|_| Mutex::default()).collect(),
            gates: (0..PARTS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            len: AtomicUsize::new(0),
            limit: limit.min(u32::MAX as usize / 2),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn get(&self, digest: &TokenDigest) -> Option<Arc<R>> {
        let records = self.part(self.index(digest)).read();
        records.get(digest).cloned()
    }

    /// Adds a record, if its digest is free and there is room. `complete` runs under the lock.
    pub(super) fn insert<T>(
        &self,
        mut record: R,
        complete: impl FnOnce(&mut R) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let digest = record.digest();
        let index = self.index(&digest);
        let mut records = self.part(index).write();
        if records.by_digest.contains_key(&digest) {
            return Err(StoreErrorKind::Conflict.into());
        }
        let value = complete(&mut record)?;
        self.reserve()?;
        self.put(&mut records, index, Arc::new(record));
        Ok(value)
    }

    /// Replaces the record of `old` by the one that `change` makes of it, which may have another
    /// digest that is free.
    pub(super) fn replace<T>(
        &self,
        old: &TokenDigest,
        new: &TokenDigest,
        change: impl FnOnce(&R) -> Result<(R, T), StoreError>,
    ) -> Result<T, StoreError> {
        let [from, to] = [old, new].map(|digest| self.index(digest));
        // All callers lock in one order, so that no two wait for each other.
        let mut low = self.part(from.min(to)).write();
        let mut high = (from != to).then(|| self.part(from.max(to)).write());
        let (source, target) = match &mut high {
            None => (&mut *low, None),
            Some(high) if from < to => (&mut *low, Some(&mut **high)),
            Some(high) => (&mut **high, Some(&mut *low)),
        };
        let stored = source.get(old).ok_or(StoreErrorKind::Conflict)?;
        let (record, value) = change(stored)?;
        let others = target.as_deref().unwrap_or(&*source);
        if old != new && others.by_digest.contains_key(new) {
            return Err(StoreErrorKind::Conflict.into());
        }
        drop(self.take(source, old));
        self.put(target.unwrap_or(source), to, Arc::new(record));
        Ok(value)
    }

    /// Changes a record in place, and returns true if there is one that `is_meant`. The change may
    /// move only its end.
    pub(super) fn update(
        &self,
        digest: &TokenDigest,
        is_meant: impl FnOnce(&R) -> bool,
        change: impl FnOnce(&R) -> Option<R>,
    ) -> bool {
        let mut records = self.part(self.index(digest)).write();
        let records = &mut *records;
        let Some(place) = records.by_digest.get(digest).copied() else {
            return false;
        };
        let slot = records.slots.get_mut(slot_of(place));
        let Some(stored) = slot
            .and_then(Option::as_mut)
            .filter(|stored| is_meant(stored))
        else {
            return false;
        };
        if let Some(changed) = change(stored) {
            records.by_end.remove(&(stored.ends(), place));
            records.by_end.insert((changed.ends(), place));
            *stored = Arc::new(changed);
        }
        true
    }

    /// Removes a record.
    pub(super) fn remove(&self, digest: &TokenDigest) -> Option<Arc<R>> {
        let mut records = self.part(self.index(digest)).write();
        let taken = self.take(&mut records, digest);
        self.len
            .fetch_sub(usize::from(taken.is_some()), Ordering::SeqCst);
        taken
    }

    /// Removes records that have ended at `now`, at most `most`; few under each lock.
    pub(super) fn remove_ended(&self, now: UnixTime, most: usize) -> usize {
        let mut total = 0;
        for index in 0..PARTS {
            loop {
                let wanted = REMOVED.min(most - total);
                let removed = self.remove_ended_in(index, now, wanted);
                total += removed;
                if removed < wanted || total >= most {
                    break;
                }
            }
        }
        total
    }

    fn remove_ended_in(&self, index: u32, now: UnixTime, most: usize) -> usize {
        let first_end = |records: &Records<R>| records.by_end.first().map(|(end, _)| *end);
        if most == 0 || first_end(&self.part(index).read()).is_none_or(|end| end > now) {
            return 0;
        }
        let mut removed = Vec::new();
        let mut records = self.part(index).write();
        while removed.len() < most
            && let Some((end, place)) = records.by_end.first().copied()
            && end <= now
        {
            match records.at(place).map(|record| record.digest()) {
                Some(digest) => removed.extend(self.take(&mut records, &digest)),
                None => drop(records.by_end.pop_first()),
            }
        }
        drop(records);
        self.len.fetch_sub(removed.len(), Ordering::SeqCst);
        removed.len()
    }

    /// Returns records that a revocation of `target` names, up to the sequence number `upto`, in
    /// the order of their numbers.
    pub(super) fn named(
        &self,
        target: &RevocationTarget<'_>,
        upto: Option<Sequence>,
        most: usize,
    ) -> Vec<Arc<R>> {
        let name = self.hasher.hash_one(target);
        let last = upto.map_or(u64::MAX, Sequence::as_u64);
        let range = (name, 0, 0)..=(name, last, Place::MAX);
        let places: Vec<_> = {
            let names = self.lock(&self.names, name);
            names.as_deref().map_or(Vec::new(), |names| {
                names
                    .range(range)
                    .take(most)
                    .map(|(.., place)| *place)
                    .collect()
            })
        };
        self.at_places(target, places.into_iter())
    }

    /// Reads each place under its own lock: what was removed meanwhile is left out.
    fn at_places(
        &self,
        target: &RevocationTarget<'_>,
        places: impl Iterator<Item = Place>,
    ) -> Vec<Arc<R>> {
        let record = |place: Place| self.part(place % PARTS).read().at(place).cloned();
        let is_named = |record: &Arc<R>| {
            let mut targets = record.grant().revocation_targets();
            targets.any(|own| own == *target)
        };
        places.filter_map(record).filter(is_named).collect()
    }

    /// Returns records that a revocation of `target` names, the latest number first, that come after
    /// a place in this order, and the place of the last one if there may be more.
    pub(super) fn page(
        &self,
        target: &RevocationTarget<'_>,
        after: Option<Position>,
        most: usize,
    ) -> (Vec<Arc<R>>, Option<Position>) {
        let name = self.hasher.hash_one(target);
        let (number, place) = after.unwrap_or((u64::MAX, Place::MAX));
        let range = (name, 0, 0)..(name, number, place);
        let places: Vec<_> = self.lock(&self.names, name).map_or(Vec::new(), |names| {
            let latest = names.range(range).rev().take(most);
            latest.map(|(_, number, place)| (*number, *place)).collect()
        });
        let next = places.last().copied().filter(|_| places.len() >= most);
        let places = places.into_iter().map(|(_, place)| place);
        (self.at_places(target, places), next)
    }

    /// Lets no two calls for one target run at the same time.
    pub(super) fn gate(&self, target: &RevocationTarget<'_>) -> Option<MutexGuard<'_, ()>> {
        self.lock(&self.gates, self.hasher.hash_one(target))
    }

    fn lock<'a, T>(&self, parts: &'a [Mutex<T>], name: u64) -> Option<MutexGuard<'a, T>> {
        let part = parts.get((name % u64::from(PARTS)) as usize)?;
        Some(part.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, records: &mut Records<R>, index: u32, record: Arc<R>) {
        let place = records.free.pop().unwrap_or_else(|| {
            records.slots.push(None);
            let slot = u32::try_from(records.slots.len() - 1).unwrap_or(u32::MAX);
            slot.saturating_mul(PARTS).saturating_add(index)
        });
        records.by_digest.insert(record.digest(), place);
        records.by_end.insert((record.ends(), place));
        for (name, sequence) in self.names_of(&record) {
            if let Some(mut names) = self.lock(&self.names, name) {
                names.insert((name, sequence, place));
            }
        }
        if let Some(slot) = records.slots.get_mut(slot_of(place)) {
            *slot = Some(record);
        }
    }

    fn take(&self, records: &mut Records<R>, digest: &TokenDigest) -> Option<Arc<R>> {
        let place = records.by_digest.remove(digest)?;
        let record = records
            .slots
            .get_mut(slot_of(place))
            .and_then(Option::take)?;
        records.free.push(place);
        records.by_end.remove(&(record.ends(), place));
        for (name, sequence) in self.names_of(&record) {
            if let Some(mut names) = self.lock(&self.names, name) {
                names.remove(&(name, sequence, place));
            }
        }
        Some(record)
    }

    fn names_of(&self, record: &R) -> impl Iterator<Item = (u64, u64)> {
        let grant = record.grant();
        let sequence = grant.sequence().map_or(0, Sequence::as_u64);
        let targets = grant.revocation_targets();
        targets.map(move |target| (self.hasher.hash_one(target), sequence))
    }

    /// Reserves the place of one more record, which the caller then adds.
    fn reserve(&self) -> Result<(), StoreError> {
        let more = |len: usize| len.checked_add(1).filter(|len| *len <= self.limit);
        let order = Ordering::SeqCst;
        let reserved = self.len.fetch_update(order, order, more);
        reserved.map(drop).map_err(|_| StoreErrorKind::Full.into())
    }

    fn index(&self, digest: &impl Hash) -> u32 {
        (self.hasher.hash_one(digest) % u64::from(PARTS)) as u32
    }

    fn part(&self, index: u32) -> &Part<R> {
        let other = index
            .checked_sub(1)
            .and_then(|at| self.others.get(at as usize));
        other.unwrap_or(&self.first)
    }
}

const fn slot_of(place: Place) -> usize {
    (place / PARTS) as usize
}

impl<R> Records<R> {
    fn get(&self, digest: &TokenDigest) -> Option<&Arc<R>> {
        self.by_digest.get(digest).and_then(|place| self.at(*place))
    }

    fn at(&self, place: Place) -> Option<&Arc<R>> {
        self.slots.get(slot_of(place)).and_then(Option::as_ref)
    }
}

impl<R> Part<R> {
    fn new() -> Self {
        Self(RwLock::new(Records {
            by_digest: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            by_end: BTreeSet::new(),
        }))
    }

    fn read(&self) -> RwLockReadGuard<'_, Records<R>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Records<R>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::grant::Grant;
    use crate::session::SessionRecord;
    use crate::stores::memory::STEP;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn at(secs: u64) -> UnixTime {
        NOW.saturating_add(Duration::from_secs(secs))
    }

    fn session(number: u8, subject: u8, secs: u64) -> SessionRecord {
        let grant = Grant::new("a", format!("s{subject}"), NOW)
            .with_lifetime(at(secs), Duration::MAX)
            .with_sequence(Some(Sequence::from_u64(number.into())));
        SessionRecord::new(TokenDigest::new([number; 32]), grant)
    }

    fn table(limit: usize) -> GrantTable<SessionRecord> {
        GrantTable::new(limit)
    }

    fn target(subject: u8) -> RevocationTarget<'static> {
        let name = format!("s{subject}");
        RevocationTarget::new(crate::revocation_list::RevocationKind::Subject, "a", name)
    }

    fn indexed(table: &GrantTable<SessionRecord>) -> [usize; 3] {
        let parts = (0..PARTS).map(|index| table.part(index).read());
        let ends = parts.map(|records| records.by_end.len()).sum();
        let names = table.names.iter().map(|part| part.lock().unwrap().len());
        [table.len(), ends, names.sum()]
    }

    #[test]
    fn few_records_are_removed_under_one_lock() {
        let table = table(usize::MAX);
        for number in 0..20_000_u32 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_le_bytes());
            let mut record = session(0, 0, 1);
            record.digest = TokenDigest::new(digest);
            table.insert(record, |_| Ok(())).unwrap();
        }
        let removed = table.remove_ended_in(0, at(1), REMOVED);
        assert_eq!(removed, REMOVED);
        assert_eq!(table.remove_ended_in(0, at(0), REMOVED), 0);
        assert_eq!(table.remove_ended(at(1), STEP), STEP);
        let left = 20_000 - REMOVED - STEP;
        assert_eq!(indexed(&table), [left; 3]);
        assert_eq!(table.remove_ended(at(1), usize::MAX), left);
        assert_eq!(indexed(&table), [0; 3]);
    }

    proptest! {
        #[test]
        fn the_orders_follow_every_change(
            steps in prop::collection::vec((0..4_u8, 0..12_u8, 0..3_u8, 1..9_u64), 0..200),
        ) {
            let table = table(8);
            let mut model: HashMap<u8, (u8, u64)> = HashMap::new();
            for (step, number, subject, secs) in steps {
                let digest = TokenDigest::new([number; 32]);
                match step {
                    0 => {
                        let is_new = !model.contains_key(&number) && model.len() < 8;
                        let added = table.insert(session(number, subject, secs), |_| Ok(()));
                        prop_assert_eq!(added.is_ok(), is_new);
                        if is_new {
                            model.insert(number, (subject, secs));
                        }
                    }
                    1 => {
                        let removed = table.remove(&digest).is_some();
                        prop_assert_eq!(removed, model.remove(&number).is_some());
                    }
                    2 => {
                        // To the digest of the subject's number plus twelve.
                        let to = subject + 12;
                        let moved = TokenDigest::new([to; 32]);
                        let may = model.contains_key(&number) && !model.contains_key(&to);
                        let replaced = table.replace(&digest, &moved, |_| {
                            Ok((session(to, subject, secs), ()))
                        });
                        prop_assert_eq!(replaced.is_ok(), may);
                        if may {
                            model.remove(&number);
                            model.insert(to, (subject, secs));
                        }
                    }
                    _ => {
                        let kept = model.iter().filter(|(_, (_, end))| *end > secs).count();
                        let removed = table.remove_ended(at(secs), usize::MAX);
                        prop_assert_eq!(removed, model.len() - kept);
                        model.retain(|_, (_, end)| *end > secs);
                    }
                }
                prop_assert_eq!(indexed(&table), [model.len(); 3]);
                for subject in 0..3 {
                    let mut named: Vec<_> = table
                        .named(&target(subject), None, 100)
                        .iter()
                        .map(|record| record.digest.as_bytes()[0])
                        .collect();
                    named.sort_unstable();
                    let own = model.iter().filter(|(_, (own, _))| *own == subject);
                    let mut own: Vec<_> = own.map(|(number, _)| *number).collect();
                    own.sort_unstable();
                    prop_assert_eq!(named, own);
                }
            }
        }
    }
}
