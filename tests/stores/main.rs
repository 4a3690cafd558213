//! The contracts of all stores, and durability of the store in a SQLite file.
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
mod doctor;
mod durable;
mod faulty;
mod keys;
mod model;
mod opening;
mod purging;
mod races;
mod revocations;
