//! An identity provider inside the test: a real HTTP server on loopback.

mod builder;
mod endpoint;
mod fake_issuer;
mod fault;
mod oauth;
mod serve;
mod server;
mod state;
mod wire;

pub use builder::FakeIssuerBuilder;
pub use endpoint::FakeEndpoint;
pub use fake_issuer::FakeIssuer;
pub use fault::{Answer, Fault};
pub use wire::SeenRequest;
