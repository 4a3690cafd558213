//! Tokens that are bound to a key of their holder: when the proof is checked, and under which
//! schemes they are accepted.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod common;

mod challenges;
mod limits;
mod proofs;
mod schemes;
mod wrapped;
