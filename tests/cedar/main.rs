//! Cedar policies as an authorizer.
#![cfg(feature = "cedar")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod agreement;
mod building;
mod deciding;
#[expect(dead_code, reason = "others take more of it")]
#[path = "../policy_reference/random.rs"]
mod random;
mod slots;
