//! Opaque tokens over the network: what a resource server makes of its introspection endpoint's
//! answers, delays, faults and lies. Every provider here is a real server on loopback, and
//! requests are counted.
#![cfg(all(feature = "reqwest", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod answers;
mod clients;
mod common;
mod faults;
#[path = "../common/net.rs"]
mod net;
mod sharing;
mod signed;
