//! DPoP proofs at a gate (RFC 9449).
#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

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
