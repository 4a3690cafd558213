//! How a client authenticates at an OAuth 2.0 provider.

mod assertion;
mod client_auth;
mod form;

pub use assertion::ClientKey;
pub use client_auth::ClientAuth;
pub(crate) use client_auth::Credentials;
pub(crate) use client_auth::Way;
pub(crate) use form::Form;
