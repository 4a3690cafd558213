//! Minting, key rotation and the endpoints of the issuer, through the public interface.
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
mod rotation;
mod shared_secret;
mod stored_keys;
mod token_answers;
mod token_endpoints;
