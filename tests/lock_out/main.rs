//! Lock-outs of sources that present bad credentials.
#![expect(
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod clocks;
mod common;
mod configuration;
mod cost;
mod flood;
mod locking;
mod model;
mod threads;
mod weights;
