//! Rate limits, concurrency, quotas and usage, lock-out and signals.

mod lock_out;
mod rate_store;
mod usage;
mod watch;

pub use lock_out::{LockOut, LockOutBuilder, LockStanding, Locked};
pub use rate_store::{RateKey, RateStore, Taken};
pub use usage::{Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow, UsageStore};
pub(crate) use watch::Signals;
pub use watch::{Signal, Watch, WatchBuilder};

pub use crate::rate::Rate;
