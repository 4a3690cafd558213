//! Stores: what all of them must do, and what the one in a SQLite file must do beside.
#![cfg(all(feature = "sqlite", feature = "testing"))]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod cache;
mod child;
mod common;
mod conformance;
mod crash;
mod durable;
mod faulty;
mod model;
mod opening;
mod races;
mod revocations;
