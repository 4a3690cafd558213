//! Usage and quotas: what is counted, how often, and what a failure loses.
#![cfg(feature = "testing")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;
mod conformance;
mod faulty;
mod journal;
mod metering;
mod quotas;
