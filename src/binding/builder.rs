//! The builder of bindings.

use std::sync::Arc;

use super::binding::Binding;
use super::dpop::Dpop;
use super::methods::Methods;

/// Configures a [`Binding`]. It has one method at least, and its parts were checked when they were
/// built.
#[derive(Debug)]
#[must_use]
pub struct BindingBuilder(Methods);

impl Binding {
    /// Starts a binding that checks DPoP proofs.
    pub fn dpop(dpop: Dpop) -> BindingBuilder {
        BindingBuilder::new(Some(dpop), false)
    }

    /// Starts a binding that compares client certificates with the certificate of the connection
    /// ([`ClientCertificate`](crate::request::ClientCertificate)).
    pub fn certificates() -> BindingBuilder {
        BindingBuilder::new(None, true)
    }
}

impl BindingBuilder {
    const fn new(dpop: Option<Dpop>, certificates: bool) -> Self {
        Self(Methods {
            dpop,
            certificates,
            required: false,
        })
    }

    /// Checks DPoP proofs of tokens that are bound to a key. Called twice, the later call wins.
    pub fn or_dpop(mut self, dpop: Dpop) -> Self {
        self.0.dpop = Some(dpop);
        self
    }

    /// Checks the certificate of tokens that are bound to one.
    pub const fn or_certificates(mut self) -> Self {
        self.0.certificates = true;
        self
    }

    /// Refuses tokens that are bound to nothing, as
    /// [`BindingRequired`](crate::error::RejectionKind::BindingRequired). By default they pass, for a
    /// service whose clients are moved to bound tokens one by one.
    pub const fn required(mut self) -> Self {
        self.0.required = true;
        self
    }

    /// Builds the binding.
    pub fn build(self) -> Binding {
        Binding(Arc::new(self.0))
    }
}
