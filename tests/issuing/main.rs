//! Minting, rotation and what the issuer answers, through the public interface.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod canary;
mod common;
mod grant_revocations;
mod mint;
mod ring;
mod rotation;
mod token_endpoints;
