//! Why a proof is refused.

use std::borrow::Cow;

use crate::error::{Rejection, RejectionKind};

/// Why a proof is refused: the check that failed, for the operator, and the kind.
#[derive(Debug)]
pub(super) struct Fault {
    step: &'static str,
    kind: RejectionKind,
    detail: Cow<'static, str>,
}

impl Fault {
    /// There is no proof.
    pub(super) const ABSENT: Self = Self {
        step: "header_field",
        kind: RejectionKind::BindingRequired,
        detail: Cow::Borrowed(
            "expected a header `DPoP`, found none; let the client send a proof with each request",
        ),
    };

    pub(super) const REPLAYED: Self = Self {
        step: "replay",
        kind: RejectionKind::ProofReplayed,
        detail: Cow::Borrowed(
            "expected a `jti` that this key has not used, found one that it has; let the client make a \
             proof for each request",
        ),
    };

    pub(super) const OTHER_KEY: Self = Self {
        step: "thumbprint",
        kind: RejectionKind::BindingMismatch,
        detail: Cow::Borrowed(
            "expected the key that the token is bound to, found another; let the client sign with the \
             key that it requested the token with",
        ),
    };

    pub(super) const NONCE: Self = Self {
        step: "nonce",
        kind: RejectionKind::NonceRequired,
        detail: Cow::Borrowed(
            "expected a nonce of this service, found none, another or an old one; let the client repeat the \
             request with the nonce of `DPoP-Nonce`",
        ),
    };

    /// The proof is invalid.
    pub(super) fn invalid(step: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            step,
            kind: RejectionKind::ProofInvalid,
            detail: detail.into(),
        }
    }

    pub(super) const fn step(&self) -> &'static str {
        self.step
    }

    pub(super) const fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// Returns whether there was a proof.
    pub(super) const fn is_presented(&self) -> bool {
        !matches!(self.kind, RejectionKind::BindingRequired)
    }

    pub(super) fn into_rejection(self) -> Rejection {
        Rejection::new(self.kind).with_source(format!("DPoP proof, {}: {}", self.step, self.detail))
    }
}
