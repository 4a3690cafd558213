//! Keys over the network: what a resource server does while its provider rotates, lags, fails
//! and lies. Every provider here is a real server on loopback, and requests are counted.
#![cfg(all(feature = "reqwest", feature = "testing"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where it fails"
)]

mod bounds;
mod common;
mod discovery;
mod faults;
mod gate;
#[path = "../common/net.rs"]
mod net;
mod rotation;
mod tls;
mod waiting;
