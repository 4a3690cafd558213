//! Sessions and refresh tokens, from login to logout.
#![expect(
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;
mod cookies;
mod devices;
mod doctor;
mod errors;
mod explain;
mod faults;
mod grace;
mod lifecycle;
mod limits;
mod parallel;
mod refresh;
mod room;
mod store;
mod validation;
