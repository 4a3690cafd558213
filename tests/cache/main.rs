//! The token cache and the denylist: tokens that were accepted before.
//!
//! Comments name the defects that a test covers; `docs/defects.md` has the list.
//!
//! `equivalence.rs` covers all of them at once: any sequence of steps gives the same results with
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
mod revocation_facts;
mod revocation_order;
mod revocation_room;
