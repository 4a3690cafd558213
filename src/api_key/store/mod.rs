//! What authors of API key stores need: records as plain data, changes and queries.
//!
//! The trait itself is [`ApiKeyStore`](crate::api_key::ApiKeyStore);
//! `testing::api_key_store` (feature `testing`) checks an implementation.

mod change;
pub(super) mod contract;
mod details;
mod pepper;
mod query;
mod row;

pub use change::ApiKeyChange;
pub use details::ApiKeyDetails;
pub use pepper::{KeptCheck, PepperCheck, PepperProof, PepperUse};
pub use query::{ApiKeyFilter, ApiKeyQuery};
pub use row::{ApiKeyRow, Disabled};
