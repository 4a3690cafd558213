//! Rate limits, concurrency, quotas and usage, lock-out and signals.

mod quota;
mod rate_store;
mod usage;

pub use quota::Quota;
pub use rate_store::{RateKey, RateStore, Taken};
pub use usage::{Credit, QuotaKey, QuotaWindow, Spend, SpendId, Spent};
pub use usage::{Meter, MeterBuilder};
pub use usage::{QuotaAnswer, QuotaCounter, QuotaTaken};
pub use usage::{UsageBatch, UsageQuery, UsageRow, UsageStore};

pub use crate::rate::Rate;
