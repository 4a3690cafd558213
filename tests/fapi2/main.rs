//! The FAPI 2.0 Security Profile (Final) for a resource server.
#![cfg(all(feature = "testing", feature = "introspection"))]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests")]

mod conformance;
mod guide;
mod rows;
