//! The audit trail: nothing is lost uncounted, and no sink hurts a request or another sink.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test panics where it fails"
)]

mod collapse;
mod common;
mod configuration;
mod content;
mod cost;
mod failures;
mod files;
mod kill;
mod loss;
mod modes;
