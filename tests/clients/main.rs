//! Real clients: DPoP and client certificates by the packages `dpop`, `oauth4webapi` and
//! `openid-client`, with tokens of `oidc-provider`, and signed requests of the Python package
//! `http-message-signatures`, against the example `resource_server`.
//!
//! BEARERGATE_NODE_CLIENTS names a folder with the packages of `package.json`, BEARERGATE_CLIENTS_PYTHON
//! a Python with those of `requirements.txt`; `.ci/run` creates both. Without them the tests are
//! skipped with a message; with `CI=true` they fail.
#![cfg(all(feature = "full", feature = "testing", unix))]
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test panics where it fails, and says why it is skipped"
)]

mod programs;
mod proofs;
mod signatures;
