//! Usage: what was used, in a store, and quotas over it.

mod quota_counter;

use std::fmt;

pub use quota_counter::{QuotaAnswer, QuotaCounter, QuotaTaken};

use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// Rows of usage and the counters of quotas.
pub trait UsageStore: fmt::Debug + Send + Sync {
    /// Adds the rows in one step, once: a batch whose number is not above the last one of its
    /// (node, boot) changes nothing and is `Ok`.
    fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>>;

    /// Takes `want` units, at least `least`, if so many are left in the window; one atomic step; the
    /// same id twice takes once.
    fn spend<'a>(&'a self, spend: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>>;

    /// Gives back units of a spend, once.
    fn give_back<'a>(&'a self, id: SpendId, units: u64) -> NowOrLater<'a, Result<(), StoreError>>;

    /// Returns the rows that match.
    fn usage<'a>(
        &'a self,
        query: &'a UsageQuery,
    ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>>;
}

const _: Option<&dyn UsageStore> = None;

/// One sum of usage.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct UsageRow {
    /// The authority of the subject.
    pub authority: String,
    /// The subject, or the id of the API key.
    pub subject: String,
    /// The name of the meter.
    pub meter: String,
    /// The start of the UTC hour of the use.
    pub hour: UnixTime,
    /// The amount.
    pub amount: u64,
}

/// Rows that are added in one step.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UsageBatch {
    /// The name of the node.
    pub node: String,
    /// The random number of its start.
    pub boot: u128,
    /// The number of the batch, from 1.
    pub number: u64,
    /// The rows.
    pub rows: Vec<UsageRow>,
}

/// The random number of one spend.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SpendId(pub u128);

/// Units that are taken from a quota.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spend {
    /// The random number of this spend.
    pub id: SpendId,
    /// The quota, and whose it is.
    pub key: String,
    /// The start of the window.
    pub window: UnixTime,
    /// The amount of the window.
    pub amount: u64,
    /// Most units.
    pub want: u64,
    /// Fewest units.
    pub least: u64,
}

/// What a store took from a quota.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Spent {
    /// The units: 0, or from `least` to `want`.
    pub units: u64,
    /// The units that are left.
    pub left: u64,
}

/// Which rows of usage are asked for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UsageQuery {
    /// Only of this subject.
    pub subject: Option<String>,
}
