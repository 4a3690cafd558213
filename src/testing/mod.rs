//! Helpers for the tests of services that use this crate (feature `testing`).
//!
//! [`FakeIssuer`] is an identity provider that runs inside the test, on loopback and with real
//! HTTP. [`FakeKey`] and [`TokenBuilder`] make valid and invalid tokens. The functions, such as
//! [`api_key_store`], check a custom store against the contract of its trait.

mod conformance;
mod issuer;
mod key;
mod memory_sink;
mod proof_key;
mod token;

pub use conformance::{
    Breach, api_key_store, grant_store, rate_store, refresh_token_store, replay_store,
    revocation_store, session_store, usage_store,
};
pub use issuer::{Answer, FakeEndpoint, FakeIssuer, FakeIssuerBuilder, Fault, SeenRequest};
pub use key::FakeKey;
pub use memory_sink::MemorySink;
pub use proof_key::{ProofBuilder, ProofKey};
pub use token::TokenBuilder;
