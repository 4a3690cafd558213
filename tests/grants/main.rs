//! Sessions and refresh tokens, from login to logout.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test panics where it fails"
)]

mod common;
mod cookies;
mod faults;
mod judging;
mod lifecycle;
mod parallel;
mod refresh;
mod store;
