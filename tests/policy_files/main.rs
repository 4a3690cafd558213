//! Policy files: what their errors and lints say.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod errors;
mod lints;
