//! API keys from their creation to their end, and what a request with one is answered.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;
mod faults;
mod foreign;
mod gate;
mod judging;
mod life;
mod secrecy;
