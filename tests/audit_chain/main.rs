//! Audit files and their chain, from the engine to verification.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test panics where it fails"
)]

mod common;
mod files;
mod killed;
mod program;
mod restarts;
