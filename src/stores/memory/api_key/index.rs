//! The index that lists are read from.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;

use super::peppers::Peppers;
use crate::api_key::store::{ApiKeyFilter, ApiKeyQuery};
use crate::api_key::{ApiKeyId, ApiKeyRecord};
use crate::clock::UnixTime;
use crate::principal::Authority;

/// The ids of all records, sorted in each order that a query needs.
#[derive(Default)]
pub(super) struct Index {
    records: usize,
    entries: BTreeSet<(Order, u64, ApiKeyId)>,
    /// By authority and end.
    ends: BTreeSet<(u64, u64, ApiKeyId)>,
    pub(super) peppers: Peppers,
    /// Names are kept as hashes, so the caller checks each record itself.
    hasher: RandomState,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Order {
    Authority,
    Subject,
    Tenant,
}

impl Index {
    /// Returns how many records there are.
    pub(super) fn len(&self) -> usize {
        self.records
    }

    /// Updates the entries of a record that changed.
    pub(super) fn update(&mut self, old: Option<&ApiKeyRecord>, new: Option<&ApiKeyRecord>) {
        for entry in self.entries_of(old) {
            self.entries.remove(&entry);
        }
        let added = self.entries_of(new);
        self.entries.extend(added);
        if let Some(end) = self.end_of(old) {
            self.ends.remove(&end);
        }
        self.ends.extend(self.end_of(new));
        self.peppers.update(old, new);
        self.records += usize::from(new.is_some());
        self.records -= usize::from(old.is_some());
    }

    /// Returns the ids of the next records that may match the query, in ascending order, after
    /// looking at no more than `most` records; and whether they are the last ones.
    pub(super) fn candidates(&self, query: &ApiKeyQuery, most: usize) -> (Vec<ApiKeyId>, bool) {
        let name = |order, name: &str| (order, self.hash(&query.authority, name));
        let (order, key) = match &query.filter {
            ApiKeyFilter::All => name(Order::Authority, ""),
            ApiKeyFilter::Subject(subject) => name(Order::Subject, subject),
            ApiKeyFilter::Tenant(tenant) => name(Order::Tenant, tenant),
            ApiKeyFilter::EndedBy(time) | ApiKeyFilter::ExpiresBy(time) => {
                let mut ids = self.ended(&query.authority, *time, most);
                if ids.len() < most {
                    ids.retain(|id| query.after < Some(*id));
                    ids.sort_unstable();
                    return (ids, true);
                }
                // So many have ended that they are soon found in the order of all.
                name(Order::Authority, "")
            }
        };
        let start = match query.after {
            Some(after) => Bound::Excluded((order, key, after)),
            None => Bound::Included((order, key, ApiKeyId::LEAST)),
        };
        let entries = self.entries.range((start, Bound::Unbounded));
        let own = entries.take_while(|(own, value, _)| (*own, *value) == (order, key));
        let ids: Vec<_> = own.take(most).map(|(.., id)| *id).collect();
        let is_last = ids.len() < most;
        (ids, is_last)
    }

    /// Returns the ids of records that have ended at `time`, in the order of their ends.
    pub(super) fn ended(
        &self,
        authority: &Authority,
        time: UnixTime,
        most: usize,
    ) -> Vec<ApiKeyId> {
        let key = self.hash(authority, "");
        let entries = self.ends.range((key, 0, ApiKeyId::LEAST)..);
        let ended = entries.take_while(|(own, end, _)| *own == key && *end <= time.as_secs());
        ended.take(most).map(|(.., id)| *id).collect()
    }

    fn end_of(&self, record: Option<&ApiKeyRecord>) -> Option<(u64, u64, ApiKeyId)> {
        let record = record?;
        let end = record.ends_at()?.as_secs();
        Some((self.hash(record.authority(), ""), end, record.id()))
    }

    fn entries_of(&self, record: Option<&ApiKeyRecord>) -> Vec<(Order, u64, ApiKeyId)> {
        let Some(record) = record else {
            return Vec::new();
        };
        let authority = record.authority();
        let tenant = record.tenant();
        let named = |order, name: &str| (order, self.hash(authority, name));
        let subject = record.subject();
        let mut entries = vec![named(Order::Authority, ""), named(Order::Subject, subject)];
        entries.extend(tenant.map(|tenant| named(Order::Tenant, &tenant)));
        let id = record.id();
        entries
            .into_iter()
            .map(|(order, key)| (order, key, id))
            .collect()
    }

    fn hash(&self, authority: &Authority, name: &str) -> u64 {
        self.hasher.hash_one((authority, name))
    }
}
