//! Policy files: what their errors say.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod errors;
