//! Stores: what all of them must do, and what the one in a SQLite file must do beside.
#![cfg(all(feature = "sqlite", feature = "testing"))]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;
mod conformance;
mod opening;
