//! Explanations of requests: the same result as `check`, one step that failed, and no secret.
#![cfg(all(feature = "api-key", feature = "testing"))]
#![expect(
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;
mod extraction;
mod forms;
mod kinds;
mod policy;
mod secrecy;
mod side_effects;
mod validators;
