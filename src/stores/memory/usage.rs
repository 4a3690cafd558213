//! Usage and quotas in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::usage_quota::QuotaTable;
use crate::clock::UnixTime;
use crate::error::{ConfigError, StoreError, StoreErrorKind};
use crate::limit::{Credit, Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow, UsageStore};
use crate::now_or_later::NowOrLater;

/// Usage and quotas in memory: for tests, and for quotas of one process that may start at zero when
/// it restarts.
///
/// It answers at once. It keeps at most `limit` records of each kind (rows of usage, holders of
/// quotas, ids of spends, credits, senders of batches); one more row, credit or sender is
/// [`Full`](StoreErrorKind::Full), and so is one more holder as long as the window of no other one
/// ended two days ago. Of the ids of spends the oldest is forgotten: a call in memory loses no
/// answer, so nobody repeats it, and what can then not be given back stays taken.
///
/// ```
/// use bearergate::clock::UnixTime;
/// use bearergate::limit::{UsageBatch, UsageQuery, UsageRow, UsageStore};
/// use bearergate::stores::MemoryUsageStore;
///
/// let store = MemoryUsageStore::new(10_000)?;
/// let row = UsageRow::new(("idp", "alice"), "requests", UnixTime::from_secs(7_200), 3);
/// let batch = UsageBatch::new("node 1", 7, 1, vec![row.clone()]);
/// store.add(&batch).try_now().unwrap()?;
/// assert_eq!(store.usage(&UsageQuery::new()).try_now().unwrap()?, [row]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MemoryUsageStore {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The last number of each (node, boot).
    last: HashMap<(String, u128), u64>,
    rows: HashMap<RowKey, u64>,
    quotas: QuotaTable,
}

/// Authority, subject, meter and hour.
type RowKey = (String, String, String, UnixTime);

impl MemoryUsageStore {
    /// Creates an empty store of at most `limit` records of each kind.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a limit of 0.
    pub fn new(limit: usize) -> Result<Self, ConfigError> {
        if limit == 0 {
            return Err(ConfigError::out_of_range("limit", limit, 1..));
        }
        let state = State {
            last: HashMap::new(),
            rows: HashMap::new(),
            quotas: QuotaTable::new(limit),
        };
        Ok(Self {
            limit,
            state: Mutex::new(state),
        })
    }

    // Nothing under this lock panics between two parts of a change.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, batch: &UsageBatch, limit: usize) -> Result<(), StoreError> {
        let sender = (batch.node.clone(), batch.boot);
        let last = self.last.get(&sender).copied();
        if batch.number <= last.unwrap_or_default() {
            return Ok(());
        }
        if last.is_none() && self.last.len() >= limit {
            return Err(StoreErrorKind::Full.into());
        }
        let mut sums: HashMap<RowKey, u64> = HashMap::with_capacity(batch.rows.len());
        for row in &batch.rows {
            let sum = sums.entry(key(row)).or_default();
            *sum = sum.saturating_add(row.amount);
        }
        let new = sums.keys().filter(|key| !self.rows.contains_key(*key));
        if self.rows.len() + new.count() > limit {
            return Err(StoreErrorKind::Full.into());
        }
        for (key, amount) in sums {
            let sum = self.rows.entry(key).or_default();
            *sum = sum.saturating_add(amount);
        }
        self.last.insert(sender, batch.number);
        Ok(())
    }

    fn purge(&mut self, before: UnixTime) -> usize {
        let all = self.rows.len();
        self.rows.retain(|(.., hour), _| *hour >= before);
        self.quotas.purge(before);
        all - self.rows.len()
    }
}

fn key(row: &UsageRow) -> RowKey {
    (
        row.authority.clone(),
        row.subject.clone(),
        row.meter.clone(),
        row.hour,
    )
}

impl UsageStore for MemoryUsageStore {
    fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>> {
        NowOrLater::now(self.lock().add(batch, self.limit))
    }

    fn spend<'a>(&'a self, spend: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>> {
        NowOrLater::now(self.lock().quotas.spend(spend))
    }

    fn give_back(&self, id: SpendId, units: u64) -> NowOrLater<'_, Result<(), StoreError>> {
        self.lock().quotas.give_back(id, units);
        NowOrLater::now(Ok(()))
    }

    fn credit<'a>(&'a self, credit: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>> {
        NowOrLater::now(self.lock().quotas.credit(credit))
    }

    fn usage<'a>(
        &'a self,
        query: &'a UsageQuery,
    ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>> {
        let state = self.lock();
        let rows = state
            .rows
            .iter()
            .map(|((authority, subject, meter, hour), amount)| {
                let who = (authority.as_str(), subject.as_str());
                UsageRow::new(who, meter.as_str(), *hour, *amount)
            });
        let rows = rows.filter(|row| query.matches(row)).collect();
        NowOrLater::now(Ok(rows))
    }

    fn purge(&self, before: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        NowOrLater::now(Ok(self.lock().purge(before)))
    }
}
