//! Rate limits, concurrent limits and quotas, as a service asks them.
#![expect(
    clippy::result_large_err,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod allocations;
mod clocks;
mod common;
mod errors;
mod flood;
mod in_flight;
mod keys;
mod plans;
mod reference;
mod refunds;
mod replaced;
mod shared;
mod waits;
