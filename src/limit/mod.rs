//! Rate limits, concurrency, quotas and usage, lock-out and signals.

mod rate_store;
mod shared;
mod usage;

pub use rate_store::{RateKey, RateStore, Taken};
pub use usage::{Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow, UsageStore};

pub use crate::rate::Rate;
pub(crate) use shared::{SharedAnswer, SharedRate};
