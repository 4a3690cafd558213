//! Helpers for the tests of services that use this crate (feature `testing`).
//!
//! [`FakeIssuer`] is an identity provider that runs inside the test, on loopback and with real
//! HTTP. [`FakeKey`] and [`TokenBuilder`] make valid and invalid tokens. The functions, such as
//! [`api_key_store`], check a custom store against the contract of its trait.

mod conformance;
mod issuer;
mod key;
mod token;

pub use conformance::Breach;
pub use conformance::api_key_store;
pub use conformance::grant_store;
pub use conformance::refresh_token_store;
pub use conformance::revocation_store;
pub use conformance::session_store;
pub use issuer::Answer;
pub use issuer::FakeEndpoint;
pub use issuer::FakeIssuer;
pub use issuer::FakeIssuerBuilder;
pub use issuer::Fault;
pub use issuer::SeenRequest;
pub use key::FakeKey;
pub use token::TokenBuilder;
