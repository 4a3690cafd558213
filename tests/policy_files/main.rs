//! Policy files: what their errors and lints say, and how they are loaded again.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod errors;
mod lints;
mod reload;
#[cfg(feature = "tokio")]
mod watch;
