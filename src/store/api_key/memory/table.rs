//! One part of the table of records.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use hashbrown::HashTable;

use crate::clock::UnixTime;
use crate::key_format::ApiKeyId;
use crate::store::ApiKeyRecord;
use crate::store::api_key::record::Kept;

/// Records in chunks that never move, found through a table of their places.
///
/// A table of records itself would keep room for up to twice as many of them.
#[derive(Default)]
pub(super) struct Table {
    places: HashTable<u32>,
    slots: Slots,
}

#[derive(Default)]
struct Slots {
    chunks: Vec<Vec<Option<Slot>>>,
    free: Vec<u32>,
}

struct Slot {
    kept: Kept,
    /// Seconds, or [`NEVER`].
    last_used: AtomicU64,
}

const NEVER: u64 = u64::MAX;

/// Slots of a chunk.
const CHUNK: usize = 256;

impl Table {
    pub(super) fn get(&self, hash: u64, id: ApiKeyId) -> Option<ApiKeyRecord> {
        self.slot(hash, id).map(Slot::read)
    }

    pub(super) fn touch(&self, hash: u64, id: ApiKeyId, now: UnixTime) {
        if let Some(slot) = self.slot(hash, id) {
            slot.touch(now);
        }
    }

    /// Sets what stands under an id, or takes it away.
    pub(super) fn set(
        &mut self,
        hash: u64,
        id: ApiKeyId,
        record: Option<ApiKeyRecord>,
        hash_of: impl Fn(ApiKeyId) -> u64,
    ) {
        let slots = &mut self.slots;
        let found = self.places.find_entry(hash, |p| slots.id(*p) == Some(id));
        match (found, record) {
            (Ok(entry), Some(record)) => slots.replace(*entry.get(), record),
            (Ok(entry), None) => slots.remove(entry.remove().0),
            (Err(_), Some(record)) => {
                let place = slots.add(Slot::new(record));
                let hasher = |p: &u32| slots.id(*p).map_or(0, &hash_of);
                self.places.insert_unique(hash, place, hasher);
            }
            (Err(_), None) => {}
        }
    }

    fn slot(&self, hash: u64, id: ApiKeyId) -> Option<&Slot> {
        let is_own = |place: &u32| self.slots.id(*place) == Some(id);
        self.slots.get(*self.places.find(hash, is_own)?)
    }
}

impl Slots {
    fn get(&self, place: u32) -> Option<&Slot> {
        let (chunk, at) = split(place);
        self.chunks.get(chunk)?.get(at)?.as_ref()
    }

    fn get_mut(&mut self, place: u32) -> Option<&mut Option<Slot>> {
        let (chunk, at) = split(place);
        self.chunks.get_mut(chunk)?.get_mut(at)
    }

    fn id(&self, place: u32) -> Option<ApiKeyId> {
        self.get(place).map(|slot| slot.kept.id())
    }

    fn add(&mut self, slot: Slot) -> u32 {
        if let Some(place) = self.free.pop() {
            if let Some(free) = self.get_mut(place) {
                *free = Some(slot);
            }
            return place;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::new());
        }
        let chunk = self.chunks.len() - 1;
        let last = self.chunks.last_mut();
        let at = last.map_or(0, |last| {
            last.push(Some(slot));
            last.len() - 1
        });
        u32::try_from(chunk * CHUNK + at).unwrap_or(u32::MAX)
    }

    fn replace(&mut self, place: u32, record: ApiKeyRecord) {
        if let Some(Some(slot)) = self.get_mut(place) {
            let used = slot.read().last_used();
            *slot = Slot::new(record);
            used.into_iter().for_each(|time| slot.touch(time));
        }
    }

    fn remove(&mut self, place: u32) {
        if let Some(slot) = self.get_mut(place) {
            *slot = None;
            self.free.push(place);
        }
    }
}

const fn split(place: u32) -> (usize, usize) {
    (place as usize / CHUNK, place as usize % CHUNK)
}

impl Slot {
    fn new(record: ApiKeyRecord) -> Self {
        let last_used = record.last_used().map_or(NEVER, UnixTime::as_secs);
        Self {
            kept: record.into_kept(),
            last_used: AtomicU64::new(last_used),
        }
    }

    fn read(&self) -> ApiKeyRecord {
        let secs = self.last_used.load(Ordering::Relaxed);
        let last_used = (secs != NEVER).then_some(UnixTime::from_secs(secs));
        ApiKeyRecord::new(self.kept.clone(), last_used)
    }

    fn touch(&self, now: UnixTime) {
        let now = now.as_secs();
        let later = |own: u64| (own == NEVER || own < now).then_some(now);
        // It fails where a later note stands already.
        let _ = self
            .last_used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }
}
