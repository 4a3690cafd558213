//! Rate limits, concurrency, quotas and usage, lock-out and signals.

mod ask;
mod builder;
mod by;
mod charge_list;
mod charges;
mod config;
mod limits;
mod permit;
mod quota;
mod rate_store;
mod rules;
mod shared;
mod standing;
mod usage;

pub use ask::Ask;
pub use builder::LimitsBuilder;
pub use by::{By, Outage};
pub use charges::{Charges, Exceeded};
pub use config::Limit;
pub use limits::Limits;
pub use quota::Quota;
pub use rate_store::{RateKey, RateStore, Taken};
pub use standing::Standing;
pub use usage::{QuotaAnswer, QuotaCounter, QuotaTaken};
pub use usage::{Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow, UsageStore};

pub use crate::rate::Rate;
pub(crate) use shared::{SharedAnswer, SharedRate};
