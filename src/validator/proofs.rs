//! What a sender constraint can check.

use crate::crypto::{Algorithm, Algorithms};

/// What a sender constraint can check, for challenges and metadata.
///
/// ```
/// use bearergate::crypto::Algorithm;
/// use bearergate::validator::Proofs;
///
/// let proofs = Proofs::dpop([Algorithm::Es256]).and(Proofs::CERTIFICATE).required();
/// assert!(proofs.has_dpop() && proofs.has_certificate() && proofs.is_required());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Proofs {
    dpop: Algorithms,
    certificate: bool,
    required: bool,
    own_nonces: bool,
}

impl Proofs {
    /// Nothing is checked.
    pub const NONE: Self = Self {
        dpop: Algorithms::from_slice(&[]),
        certificate: false,
        required: false,
        own_nonces: false,
    };

    /// The client certificate of the connection (RFC 8705).
    pub const CERTIFICATE: Self = Self {
        certificate: true,
        ..Self::NONE
    };

    /// DPoP proofs with one of these signature algorithms (RFC 9449).
    pub fn dpop(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        Self {
            dpop: algorithms.into_iter().collect(),
            ..Self::NONE
        }
    }

    /// Returns the same, and that tokens which are bound to nothing are refused.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Adds the methods of another value; whether they are required stays as it is.
    pub fn and(self, other: Self) -> Self {
        Self {
            required: self.required,
            ..self.with(other)
        }
    }

    /// Joins what several validators check. Proofs are required only if both require them.
    pub fn with(self, other: Self) -> Self {
        Self {
            dpop: self.dpop.union(other.dpop),
            certificate: self.certificate || other.certificate,
            required: self.required && other.required,
            own_nonces: self.own_nonces || other.own_nonces,
        }
    }

    /// Says whether proofs need nonces that only this process accepts.
    pub(crate) const fn with_own_nonces(mut self, own_nonces: bool) -> Self {
        self.own_nonces = own_nonces;
        self
    }

    /// Returns true if proofs need nonces that only this process accepts.
    pub(crate) const fn has_own_nonces(self) -> bool {
        self.own_nonces
    }

    /// Returns the signature algorithms of DPoP proofs; empty if DPoP is not checked.
    pub const fn dpop_algorithms(self) -> Algorithms {
        self.dpop
    }

    /// Returns the names of these algorithms as clients send them, separated by single spaces. Ed25519
    /// has two names (RFC 8037 section 3.1, RFC 9864 section 2.2).
    pub(crate) fn dpop_names(self) -> String {
        let names = self.dpop.iter().flat_map(|algorithm| {
            let other = (algorithm == Algorithm::EdDsa).then_some("Ed25519");
            [algorithm.as_str()].into_iter().chain(other)
        });
        names.collect::<Vec<_>>().join(" ")
    }

    /// Returns true if DPoP proofs are checked.
    pub const fn has_dpop(self) -> bool {
        !self.dpop.is_empty()
    }

    /// Returns true if client certificates are checked.
    pub const fn has_certificate(self) -> bool {
        self.certificate
    }

    /// Returns true if tokens that are bound to nothing are refused.
    pub const fn is_required(self) -> bool {
        self.required
    }
}
