//! The rejections that several checks share.

use super::claim_name::ClaimName;
use crate::error::{Rejection, RejectionKind};
use crate::json::JsonError;

/// Returns the kind for a part of a token that the scanner refused.
#[cold]
pub(super) fn json(error: JsonError) -> RejectionKind {
    if error.is_over_cap() {
        RejectionKind::TokenTooLarge
    } else {
        RejectionKind::TokenMalformed
    }
}

#[cold]
pub(super) fn missing(name: ClaimName) -> Rejection {
    Rejection::new(RejectionKind::ClaimMissing).with_claim(name.as_str())
}

#[cold]
pub(super) fn invalid(claim: &'static str) -> Rejection {
    Rejection::new(RejectionKind::ClaimInvalid).with_claim(claim)
}

#[cold]
pub(super) fn issuer_mismatch() -> Rejection {
    Rejection::new(RejectionKind::IssuerMismatch).with_claim("iss")
}

#[cold]
pub(super) fn type_mismatch(claim: &'static str) -> Rejection {
    Rejection::new(RejectionKind::TypeMismatch).with_claim(claim)
}

#[cold]
pub(super) fn binding_required() -> Rejection {
    Rejection::new(RejectionKind::BindingRequired).with_claim("cnf")
}
