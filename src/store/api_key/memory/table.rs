//! One part of the table of records.

use hashbrown::HashTable;

use crate::key_format::ApiKeyId;
use crate::store::ApiKeyRecord;

/// Records by their ids.
#[derive(Default)]
pub(super) struct Table(HashTable<ApiKeyRecord>);

impl Table {
    pub(super) fn get(&self, hash: u64, id: ApiKeyId) -> Option<&ApiKeyRecord> {
        self.0.find(hash, |record| record.id() == id)
    }

    /// Sets what stands under an id, or takes it away.
    pub(super) fn set(
        &mut self,
        hash: u64,
        id: ApiKeyId,
        record: Option<ApiKeyRecord>,
        hash_of: impl Fn(ApiKeyId) -> u64,
    ) {
        match (self.0.find_entry(hash, |own| own.id() == id), record) {
            (Ok(mut entry), Some(record)) => {
                // The note belongs to no version: the later one stays.
                let used = entry.get().last_used();
                used.into_iter().for_each(|time| record.touch(time));
                *entry.get_mut() = record;
            }
            (Ok(entry), None) => {
                entry.remove();
            }
            (Err(_), Some(record)) => {
                self.0.insert_unique(hash, record, |own| hash_of(own.id()));
            }
            (Err(_), None) => {}
        }
    }
}
