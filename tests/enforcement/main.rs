//! What a gate enforces around credentials and policy: the order of a request, address lists,
//! lock-out, limits and the audit trail, each with real parts and a fake clock.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

mod addresses;
mod cost;
mod explained;
mod helpers;
mod limits;
mod lock_out;
mod metrics;
mod records;
mod required;
mod two_steps;
