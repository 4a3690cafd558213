//! The step at which a token was rejected.

use super::case::{Case, Stage};
use super::step_name::StepName;
use crate::error::{Rejection, RejectionKind};
use crate::jwt::claim_name::ClaimName;
use crate::jwt::issuer_rules::{AcceptedNames, Expiry, Purpose};

/// Returns the step that has made a rejection. The kind decides it, except for kinds that several
/// steps have; for these the claim, and the last stage of the validation.
pub(super) fn failed_step(case: &Case<'_>, rejection: &Rejection) -> StepName {
    // A key store can make a rejection of any kind.
    if case.stage == Stage::Keys {
        return StepName::Key;
    }
    step_of_kind(case, rejection)
}

fn step_of_kind(case: &Case<'_>, rejection: &Rejection) -> StepName {
    match rejection.kind() {
        RejectionKind::TokenTooLarge => StepName::Size,
        RejectionKind::TokenMalformed
        | RejectionKind::TokenEncrypted
        | RejectionKind::DecryptionFailed => StepName::Shape,
        RejectionKind::HeaderUnsupported | RejectionKind::AlgorithmNotAllowed => StepName::Header,
        RejectionKind::IssuerMismatch => StepName::Issuer,
        RejectionKind::KeyNotFound | RejectionKind::KeyAmbiguous | RejectionKind::Unavailable => {
            StepName::Key
        }
        RejectionKind::SignatureInvalid => StepName::Signature,
        RejectionKind::ClaimInvalid => invalid_claim(case, rejection),
        RejectionKind::ClaimMissing => missing_claim(case, rejection),
        RejectionKind::TypeMismatch => StepName::Type,
        RejectionKind::AudienceMismatch => StepName::Audience,
        // A maximum age counts from `iat`.
        RejectionKind::TokenExpired if rejection.claim() == Some("iat") => StepName::Demands,
        RejectionKind::TokenExpired => StepName::Expiry,
        RejectionKind::TokenNotYetValid => StepName::NotBefore,
        RejectionKind::TokenIssuedInFuture => StepName::IssuedAt,
        RejectionKind::BindingRequired
        | RejectionKind::BindingMismatch
        | RejectionKind::ProofInvalid
        | RejectionKind::ProofReplayed
        | RejectionKind::NonceRequired => StepName::Binding,
        // Kinds that the checks of a JWT do not make.
        RejectionKind::CredentialMissing
        | RejectionKind::CredentialAmbiguous
        | RejectionKind::CredentialMalformed
        | RejectionKind::TokenInactive
        | RejectionKind::TokenRevoked
        | RejectionKind::CrossSiteRefused
        | RejectionKind::ApiKeyMalformed
        | RejectionKind::ApiKeyUnknown
        | RejectionKind::ApiKeyDisabled
        | RejectionKind::ApiKeyExpired
        | RejectionKind::SessionUnknown
        | RejectionKind::SessionExpired
        | RejectionKind::RefreshUnknown
        | RejectionKind::RefreshExpired
        | RejectionKind::RefreshReused
        | RejectionKind::MessageUnsigned
        | RejectionKind::MessageSignatureInvalid
        | RejectionKind::MessageReplayed
        | RejectionKind::ScopeInsufficient
        | RejectionKind::AccessDenied
        | RejectionKind::StepUpRequired
        | RejectionKind::AddressDenied
        | RejectionKind::TlsRequired
        | RejectionKind::RateLimited
        | RejectionKind::QuotaExhausted
        | RejectionKind::CreditsExhausted
        | RejectionKind::LockedOut => StepName::Demands,
    }
}

fn invalid_claim(case: &Case<'_>, rejection: &Rejection) -> StepName {
    if case.stage == Stage::Issuer {
        return StepName::Issuer;
    }
    if !case.has_well_formed_claims() {
        return StepName::Claims;
    }
    match is_of_id_token(case, rejection) {
        true => StepName::Type,
        false => StepName::Demands,
    }
}

fn missing_claim(case: &Case<'_>, rejection: &Rejection) -> StepName {
    let Some(rules) = case.rules.filter(|_| case.stage != Stage::Issuer) else {
        return StepName::Issuer;
    };
    let is_audience_checked = matches!(rules.audiences, AcceptedNames::OneOf(_));
    match rejection.claim() {
        _ if is_of_id_token(case, rejection) => StepName::Type,
        Some("aud") if is_audience_checked => StepName::Audience,
        Some("exp") if rules.expiry == Expiry::Required => StepName::Expiry,
        _ => StepName::Demands,
    }
}

/// Returns true for the rule of ID tokens about the client, which is checked with the purpose.
fn is_of_id_token(case: &Case<'_>, rejection: &Rejection) -> bool {
    let Some(Purpose::IdToken(rules)) = case.rules.map(|rules| &rules.purpose) else {
        return false;
    };
    let is_azp = rejection.claim() == Some(ClaimName::Azp.as_str());
    is_azp && case.with_claims(|token| rules.check(token).is_err()) == Some(true)
}
