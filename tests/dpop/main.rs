//! DPoP proofs at a gate (RFC 9449).
#![cfg(feature = "testing")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests")]

mod common;

mod certificates;
mod checks;
mod configuration;
mod cost;
mod keys;
mod nonces;
mod places;
mod replay;
mod targets;
mod waiting;
