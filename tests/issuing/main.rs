//! Minting, rotation and what the issuer answers, through the public interface.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod canary;
mod common;
mod marked;
mod mint;
mod responder;
mod ring;
mod rotation;
