//! Services that are configured from a file: what they accept, and every error of a bad file.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

#[path = "../../examples/configured/app.rs"]
mod app;
mod common;
mod embedding;
mod faults;
mod guide;
mod schema;
mod secrets;
mod service;
mod settings;
#[path = "../signing/mod.rs"]
mod signing;
