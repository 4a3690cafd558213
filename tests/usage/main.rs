//! Usage and quotas: what is counted, how often, and what a failure loses.
#![cfg(feature = "testing")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

#[cfg(feature = "sqlite")]
#[path = "../stores/child.rs"]
mod child;
mod common;
mod conformance;
#[cfg(feature = "sqlite")]
mod crash;
mod faulty;
mod journal;
mod metering;
mod quotas;
