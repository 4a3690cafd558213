//! API keys from creation to expiry, and the answers to requests with them.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;
mod errors;
mod explain;
mod faults;
mod gate;
mod legacy;
mod lifecycle;
mod peppers;
mod secrecy;
mod update;
mod validation;
