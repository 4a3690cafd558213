//! Rate limits, concurrency, quotas and usage, lock-out and signals.

mod ask;
mod ask_denied;
mod ask_quota;
mod ask_rule;
mod asking;
mod assembly;
mod builder;
mod by;
mod charge_list;
mod charges;
mod config;
mod config_check;
mod exceeded;
mod gcra;
mod in_flight;
mod limit_state;
mod limits;
mod lock_out;
mod permit;
mod quota;
mod rate_store;
mod results;
mod rule;
mod rule_key;
mod rules;
mod shared;
mod stage;
mod standing;
mod sync;
mod table;
mod usage;
mod watch;

pub use ask::Ask;
pub use builder::LimitsBuilder;
pub use by::{By, Outage};
pub use charges::Charges;
pub use config::Limit;
#[cfg(feature = "config-file")]
pub(crate) use config_check::Culprit;
pub use exceeded::Exceeded;
pub use limits::Limits;
pub use lock_out::{LockOut, LockOutBuilder, LockStanding, Locked};
pub use quota::Quota;
pub use rate_store::{RateKey, RateStore, Taken};
pub use standing::Standing;
pub use usage::{Credit, QuotaKey, QuotaWindow, Spend, SpendId, Spent};
pub use usage::{Meter, MeterBuilder};
pub use usage::{QuotaAnswer, QuotaCounter, QuotaTaken};
pub use usage::{UsageBatch, UsageQuery, UsageRow, UsageStore};
pub(crate) use watch::Signals;
pub use watch::{Signal, Watch, WatchBuilder};

pub use crate::rate::Rate;

#[cfg(all(test, bearergate_shuttle))]
mod test_interleavings;
