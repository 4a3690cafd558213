//! Signed requests at a gate, signed responses, and webhooks (RFC 9421, RFC 9530).
#![cfg(all(feature = "testing", feature = "issuer"))]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests")]

mod common;

mod configuration;
mod content;
mod coverage;
mod replay;
mod responses;
mod spelling;
mod times;
mod webhooks;
