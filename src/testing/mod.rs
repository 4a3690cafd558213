//! Help for the tests of those who use this crate: feature `testing`.
//!
//! [`FakeIssuer`] is an identity provider that runs inside the test, on loopback and with real
//! HTTP; [`FakeKey`] and [`TokenBuilder`] make tokens, right ones and wrong ones alike. The
//! functions judge a store of one's own by what its trait asks for.

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
