//! The interface of stores of usage and quotas.

use std::fmt;
use std::sync::Arc;

use super::{Credit, Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow};
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// A store of the rows of usage and of the counters of quotas.
///
/// [`MemoryUsageStore`](crate::stores::MemoryUsageStore) is for one process and is lost with it;
/// `SqliteStore` (feature `sqlite`) is durable and may be shared by processes.
///
/// Contract, which `testing::usage_store` (feature `testing`) checks:
///
/// - Each call is one atomic step over all callers: none of its effects is seen alone, and after an
///   error either all or none are there.
/// - A caller that got an error repeats the call with the same number or id. What was done before
///   is then not done again, and the answer is `Ok`.
/// - An id of a spend is known for at least ten minutes ([`SPEND_MEMORY`](crate::limits::SPEND_MEMORY)),
///   the id of a credit forever, and the last number of a (node, boot) forever.
/// - Sums do not wrap: above [`u64::MAX`] they are [`u64::MAX`].
/// - Texts are compared byte for byte, and kept whole.
/// - Nothing begins before the answer is polled, unless it is ready at once. A call that has begun
///   is completed even if its answer is dropped.
/// - A store bounds its own waiting. Its callers have no deadline, and a request waits for `spend`.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
///
/// use bearergate::NowOrLater;
/// use bearergate::clock::UnixTime;
/// use bearergate::error::{StoreError, StoreErrorKind};
/// use bearergate::limit::{
///     Credit, Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow, UsageStore,
/// };
///
/// /// Keeps usage in memory, and no quotas.
/// #[derive(Debug, Default)]
/// struct OnlyUsage(Mutex<State>);
///
/// #[derive(Debug, Default)]
/// struct State {
///     /// The last number of each sender.
///     last: HashMap<(String, u128), u64>,
///     rows: Vec<UsageRow>,
/// }
///
/// impl UsageStore for OnlyUsage {
///     fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>> {
///         let mut state = self.0.lock().unwrap();
///         let last = state.last.entry((batch.node.clone(), batch.boot)).or_default();
///         if batch.number > *last {
///             *last = batch.number;
///             for row in &batch.rows {
///                 let is_same = |kept: &&mut UsageRow| {
///                     (&kept.authority, &kept.subject, &kept.meter, kept.hour)
///                         == (&row.authority, &row.subject, &row.meter, row.hour)
///                 };
///                 match state.rows.iter_mut().find(is_same) {
///                     Some(kept) => kept.amount = kept.amount.saturating_add(row.amount),
///                     None => state.rows.push(row.clone()),
///                 }
///             }
///         }
///         NowOrLater::now(Ok(()))
///     }
///
///     fn usage<'a>(
///         &'a self,
///         query: &'a UsageQuery,
///     ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>> {
///         let state = self.0.lock().unwrap();
///         let rows = state.rows.iter().filter(|row| query.matches(row));
///         NowOrLater::now(Ok(rows.cloned().collect()))
///     }
///
///     fn spend<'a>(&'a self, _: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>> {
///         NowOrLater::now(Err(StoreErrorKind::Unavailable.into()))
///     }
///
///     fn give_back(&self, _: SpendId, _: u64) -> NowOrLater<'_, Result<(), StoreError>> {
///         NowOrLater::now(Err(StoreErrorKind::Unavailable.into()))
///     }
///
///     fn credit<'a>(&'a self, _: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>> {
///         NowOrLater::now(Err(StoreErrorKind::Unavailable.into()))
///     }
///
///     fn purge(&self, before: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
///         let mut state = self.0.lock().unwrap();
///         let all = state.rows.len();
///         state.rows.retain(|row| row.hour >= before);
///         NowOrLater::now(Ok(all - state.rows.len()))
///     }
/// }
///
/// let store = OnlyUsage::default();
/// let row = UsageRow::new(("idp", "alice"), "requests", UnixTime::from_secs(7_200), 3);
/// let batch = UsageBatch::new("node 1", 7, 1, vec![row.clone()]);
/// for _ in 0..2 {
///     store.add(&batch).try_now().unwrap().unwrap();
/// }
/// let rows = store.usage(&UsageQuery::new()).try_now().unwrap().unwrap();
/// assert_eq!(rows, [row]);
/// ```
pub trait UsageStore: fmt::Debug + Send + Sync {
    /// Adds the rows, and keeps the number of the batch, in one step. A batch whose number is not
    /// above the last one of its (node, boot) changes nothing and is `Ok`.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store did not answer; it may have added the rows. The caller repeats
    /// the batch.
    fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>>;

    /// Takes `want` units, or what is left if it is at least `least`; else none. The same id twice
    /// takes once and answers with the units of the first call.
    ///
    /// The counter of a window is that of its key and its start. Of one holder the four are kept whose
    /// first use was last: no clock decides what is forgotten. Before it takes, the store frees the units of each
    /// [lease](Spend::lapses) of the window whose time is not after `at` and that was not closed. A
    /// spend without a window takes from the balance of credits, which is 0 at first.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store did not answer; it may have taken the units. The caller repeats
    /// the spend, or gives its units back.
    fn spend<'a>(&'a self, spend: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>>;

    /// Gives back `units` of a spend, at most as many as it took, and closes it: further calls with
    /// this id change nothing and are `Ok`, and so is one with an id that is not known.
    ///
    /// If the units of a lease were freed because its time was over, all but `units` are taken
    /// again, even if fewer are left.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store did not answer. The caller repeats the call.
    fn give_back(&self, id: SpendId, units: u64) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Adds units to a balance of credits, once for each id, and returns the balance.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store did not answer; it may have added the units. The caller
    /// repeats the call.
    fn credit<'a>(&'a self, credit: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>>;

    /// Returns the rows that match, in any order.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store did not answer.
    fn usage<'a>(
        &'a self,
        query: &'a UsageQuery,
    ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>>;

    /// Removes the rows whose hour starts before this time, and the windows that ended before it,
    /// and returns how many rows. Balances, and the numbers of batches and credits, stay.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store did not answer; it may have removed rows.
    fn purge(&self, before: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>>;
}

const _: Option<&dyn UsageStore> = None;

impl<S: UsageStore + ?Sized> UsageStore for Arc<S> {
    fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>> {
        (**self).add(batch)
    }

    fn spend<'a>(&'a self, spend: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>> {
        (**self).spend(spend)
    }

    fn give_back(&self, id: SpendId, units: u64) -> NowOrLater<'_, Result<(), StoreError>> {
        (**self).give_back(id, units)
    }

    fn credit<'a>(&'a self, credit: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>> {
        (**self).credit(credit)
    }

    fn usage<'a>(
        &'a self,
        query: &'a UsageQuery,
    ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>> {
        (**self).usage(query)
    }

    fn purge(&self, before: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        (**self).purge(before)
    }
}
