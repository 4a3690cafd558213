//! Validation of JWTs, by behaviour and by kind of rejection.
//!
//! Comments name the defects that a test covers; `docs/defects.md` has the list, with tests of the
//! same defects elsewhere.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;

mod absent;
mod clients;
mod decode;
mod explain;
mod explain_hints;
mod explain_result;
mod grants;
mod header;
mod issuers;
mod key_spelling;
mod keys;
mod order;
mod property;
mod purposes;
mod requirements;
mod routing;
mod sources;
mod spelling;
mod stores;
mod tenants;
mod times;
mod types;
