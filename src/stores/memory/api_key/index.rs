//! The index that lists are read from.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;

use crate::api_key::store::{ApiKeyFilter, ApiKeyQuery};
use crate::api_key::{ApiKeyId, ApiKeyRecord};
use crate::principal::Authority;

/// The ids of all records, sorted in each order that a query needs.
#[derive(Default)]
pub(super) struct Index {
    records: usize,
    entries: BTreeSet<(Order, u64, ApiKeyId)>,
    /// Names are kept as hashes, so the caller checks each record itself.
    hasher: RandomState,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Order {
    Authority,
    End,
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
        self.records += usize::from(new.is_some());
        self.records -= usize::from(old.is_some());
    }

    /// Returns the ids of all records that may match the query, in ascending order.
    pub(super) fn candidates(
        &self,
        query: &ApiKeyQuery,
    ) -> Box<dyn Iterator<Item = ApiKeyId> + '_> {
        let name =
            |order, name: &str| self.with_name(order, self.hash(&query.authority, name), query);
        match &query.filter {
            ApiKeyFilter::All => name(Order::Authority, ""),
            ApiKeyFilter::Subject(subject) => name(Order::Subject, subject),
            ApiKeyFilter::Tenant(tenant) => name(Order::Tenant, tenant),
            ApiKeyFilter::EndedBy(time) | ApiKeyFilter::ExpiresBy(time) => {
                let entries = self.entries.range((Order::End, 0, ApiKeyId::LEAST)..);
                let ended = entries
                    .take_while(|(order, end, _)| *order == Order::End && *end <= time.as_secs());
                let ids = ended.map(|(.., id)| *id);
                let mut ids: Vec<_> = ids.filter(|id| query.after < Some(*id)).collect();
                ids.sort_unstable();
                Box::new(ids.into_iter())
            }
        }
    }

    fn with_name(
        &self,
        order: Order,
        key: u64,
        query: &ApiKeyQuery,
    ) -> Box<dyn Iterator<Item = ApiKeyId> + '_> {
        let start = match query.after {
            Some(after) => Bound::Excluded((order, key, after)),
            None => Bound::Included((order, key, ApiKeyId::LEAST)),
        };
        let entries = self.entries.range((start, Bound::Unbounded));
        let own = entries.take_while(move |(own, value, _)| (*own, *value) == (order, key));
        Box::new(own.map(|(.., id)| *id))
    }

    fn entries_of(&self, record: Option<&ApiKeyRecord>) -> Vec<(Order, u64, ApiKeyId)> {
        let Some(record) = record else {
            return Vec::new();
        };
        let authority = record.authority();
        let end = record.ends_at().map(|end| (Order::End, end.as_secs()));
        let tenant = record.tenant();
        let named = |order, name: &str| (order, self.hash(authority, name));
        let subject = record.subject();
        let mut entries = vec![named(Order::Authority, ""), named(Order::Subject, subject)];
        entries.extend(end);
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
