//! Fetched keys while the provider rotates keys, is slow, fails, or sends wrong data. Each provider
//! is a real server on loopback that counts requests.
#![cfg(all(feature = "reqwest", feature = "testing"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where it fails"
)]

mod bounds;
mod certificates;
mod common;
mod discovery;
mod faults;
mod gate;
mod kept_keys;
#[path = "../common/net.rs"]
mod net;
mod plain_http;
mod requests;
mod rotation;
mod tls;
mod waiting;
