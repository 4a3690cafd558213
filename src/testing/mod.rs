//! Help for the tests of those who use this crate: feature `testing`.

mod conformance;

pub use conformance::Breach;
pub use conformance::api_key_store;
pub use conformance::grant_store;
pub use conformance::refresh_token_store;
pub use conformance::session_store;
