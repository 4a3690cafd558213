//! The rejections that several checks share.

use super::claim_name::ClaimName;
use super::contrast::{Contrast, SOURCE_NAMES};
use super::purpose::TokenPurpose;
use crate::clock::{Leeway, UnixTime};
use crate::crypto::{Algorithm, Algorithms};
use crate::error::{Rejection, RejectionKind};
use crate::json::{JsonError, Value};
use crate::key::KeySet;

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

#[cold]
pub(super) fn algorithm(found: Algorithm, expected: Algorithms) -> Rejection {
    let contrast = Contrast::of_algorithm(found.as_str(), expected);
    contrast.reject(RejectionKind::AlgorithmNotAllowed)
}

#[cold]
pub(super) fn key(
    kind: RejectionKind,
    kid: Option<&str>,
    algorithm: Algorithm,
    keys: &KeySet,
) -> Rejection {
    Contrast::of_kid(kid, algorithm.as_str(), keys).reject(kind)
}

#[cold]
pub(super) fn audience_mismatch(accepted: &[Box<str>], found: Option<Value<'_>>) -> Rejection {
    let names = accepted.iter().map(|name| &**name);
    let contrast = Contrast::of_names("aud", names, found, SOURCE_NAMES);
    let rejection = contrast.reject(RejectionKind::AudienceMismatch);
    rejection.with_claim("aud")
}

#[cold]
pub(super) fn expired(exp: UnixTime, now: UnixTime, leeway: Leeway) -> Rejection {
    let contrast = Contrast::of_past("exp", exp, now, leeway);
    contrast
        .reject(RejectionKind::TokenExpired)
        .with_claim("exp")
}

#[cold]
pub(super) fn not_yet_valid(nbf: UnixTime, now: UnixTime, leeway: Leeway) -> Rejection {
    let contrast = Contrast::of_future("nbf", nbf, now, leeway);
    let rejection = contrast.reject(RejectionKind::TokenNotYetValid);
    rejection.with_claim("nbf")
}

#[cold]
pub(super) fn issued_in_future(iat: UnixTime, now: UnixTime, leeway: Leeway) -> Rejection {
    let contrast = Contrast::of_future("iat", iat, now, leeway);
    let rejection = contrast.reject(RejectionKind::TokenIssuedInFuture);
    rejection.with_claim("iat")
}

/// Rejects a claim that marks a token of another purpose.
#[cold]
pub(super) fn marked(claim: &'static str, own: TokenPurpose, other: &str) -> Rejection {
    let found = format!("`{claim}`, which marks {other}");
    type_mismatch(claim).with_source(Contrast::new(own.as_str(), found))
}
