//! The example `resource_server`, called over the network, with a fake identity provider.
#![cfg(all(feature = "full", feature = "testing", unix))]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod bound;
mod certificates;
mod encrypted;
mod forwarded;
mod metadata;
mod nonces;
mod options;
mod process;
mod proofs;
mod server;
mod signed;
mod tokens;
