//! Introspection over the network: responses, delays, faults and forgeries of the endpoint. Every
//! provider is a real server on loopback, and requests are counted.
#![cfg(all(feature = "reqwest", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod answers;
mod bound;
mod clients;
mod common;
mod explain;
mod faults;
#[path = "../common/net.rs"]
mod net;
mod requests;
mod sharing;
mod signed;
