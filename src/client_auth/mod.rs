//! Authentication of this service as a client of an OAuth 2.0 provider.
//!
//! An introspection or revocation endpoint asks who calls it. A [`ClientAuth`] holds the
//! credentials that the provider registered for this service, and a [`ClientKey`] is the private
//! key of one of the methods.

mod client_key;
mod form;
mod method;

pub use client_key::ClientKey;
pub(crate) use form::Form;
pub use method::ClientAuth;
pub(crate) use method::{ClientAuthKind, Credentials};
