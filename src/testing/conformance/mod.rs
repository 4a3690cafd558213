//! Suites that check the contracts of the store traits.

mod api_key;
mod breach;
mod grant_list;
mod grant_records;
mod grant_store;
mod rate;
mod refresh;
mod replay;
mod revocation;
mod session;
mod subject_limit;
mod suites;
mod usage;
mod usage_quota;

pub use breach::Breach;
use breach::{NOW, at, conflict, ensure, good, together, winners};
pub use suites::{
    api_key_store, grant_store, rate_store, refresh_token_store, replay_store, revocation_store,
    session_store, usage_store,
};
