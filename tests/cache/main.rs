//! The token cache and the denylist: what was accepted before, judged as if it had not been.
//!
//! Rows of the list of known defects that are shown here:
//!
//! | row | where |
//! |---|---|
//! | A13, A45, C01 to C07 | `hits.rs` |
//! | C08 | `parallel.rs`, `interleavings.rs` |
//! | D03, O02 | `denylist.rs` |
//!
//! `equivalence.rs` shows all of them at once: any sequence of steps gives the same verdicts with
//! a cache and without.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;

mod denylist;
mod equivalence;
mod hits;
mod parallel;
