//! The examples `guarded` and `audit_verify`, as processes of their own that are called over the
//! network.
#![cfg(all(feature = "full", unix))]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod address;
mod answers;
mod audit;
mod chain;
mod common;
mod concurrency;
mod limits;
mod lock_out;
mod metrics;
mod starting;
mod usage;
