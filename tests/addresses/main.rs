//! The client behind proxies, and the lists that its address is held against.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;
mod cost;
mod forwarded;
mod forwarded_for;
mod lists;
mod peers;
mod proxy_protocol;
mod settings;
mod single;
mod sources;
