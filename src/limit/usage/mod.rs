//! Usage: what was used, in a store, and quotas over it.

mod batch;
mod meter;
mod quota_counter;
mod quota_ledger;
mod quota_taken;
mod spend;
mod usage_store;

pub use batch::{UsageBatch, UsageQuery, UsageRow};
pub use meter::{Meter, MeterBuilder};
pub use quota_counter::{QuotaAnswer, QuotaCounter};
pub use quota_taken::QuotaTaken;
pub use spend::{Credit, QuotaKey, QuotaWindow, Spend, SpendId, Spent};
pub use usage_store::UsageStore;
