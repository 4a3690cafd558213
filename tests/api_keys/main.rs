//! API keys from their creation to their end, and what a request with one is answered.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;
mod faults;
mod foreign;
mod gate;
mod judging;
mod life;
mod secrecy;
