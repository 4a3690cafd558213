//! Suites that check the contracts of the store traits.

mod api_key;
mod breach;
mod grant_records;
mod grant_store;
mod refresh;
mod revocation;
mod session;
mod suites;

pub use breach::Breach;
use breach::NOW;
use breach::at;
use breach::conflict;
use breach::ensure;
use breach::good;
use breach::together;
use breach::winners;
pub use suites::api_key_store;
pub use suites::grant_store;
pub use suites::refresh_token_store;
pub use suites::revocation_store;
pub use suites::session_store;
