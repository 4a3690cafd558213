//! Proof of possession: tokens that are bound to a key (DPoP, RFC 9449) or to a client certificate
//! (RFC 8705).
//!
//! A stolen bearer token works for the thief. A bound token does not: its `cnf` names a key, and each
//! request has to prove possession of it. [`Binding`] is the check; give a clone of it to each
//! validator of tokens.

#[expect(clippy::module_inception, reason = "the type of the module")]
mod binding;
mod builder;
mod certificate;
pub(crate) mod dpop;
mod forwarded;
mod matrix;
mod methods;

pub use binding::Binding;
pub use builder::BindingBuilder;
pub use dpop::{Dpop, DpopBuilder};
pub use forwarded::{CertificateHeader, ForwardedCertificates};
