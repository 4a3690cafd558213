//! The closed list of reasons.

use std::fmt;

/// Why a credential was not accepted, as a stable code.
///
/// Names are stable once released; new kinds may be added.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum RejectionKind {
    /// No credential was presented: `credential_missing`.
    CredentialMissing,
    /// More than one credential was presented: `credential_ambiguous`.
    CredentialAmbiguous,
    /// The credential's header or parameter is malformed: `credential_malformed`.
    CredentialMalformed,
    /// The token is malformed: `token_malformed`.
    TokenMalformed,
    /// The token is longer than the configured size: `token_too_large`.
    TokenTooLarge,
    /// The token is encrypted, which is not supported: `token_encrypted`.
    TokenEncrypted,
    /// The token's header has an unsupported or wrong-typed member: `header_unsupported`.
    HeaderUnsupported,
    /// The token's algorithm is unknown or not allowed: `algorithm_not_allowed`.
    AlgorithmNotAllowed,
    /// No eligible key matches the token: `key_not_found`.
    KeyNotFound,
    /// More than one eligible key matches the token: `key_ambiguous`.
    KeyAmbiguous,
    /// The token's signature does not match: `signature_invalid`.
    SignatureInvalid,
    /// A required claim is missing: `claim_missing`.
    ClaimMissing,
    /// A claim has a wrong type, shape or value: `claim_invalid`.
    ClaimInvalid,
    /// The token's issuer is not trusted: `issuer_mismatch`.
    IssuerMismatch,
    /// The token is meant for another audience: `audience_mismatch`.
    AudienceMismatch,
    /// The token is of another type or purpose: `type_mismatch`.
    TypeMismatch,
    /// The token is expired: `token_expired`.
    TokenExpired,
    /// The token is not valid yet: `token_not_yet_valid`.
    TokenNotYetValid,
    /// The token was issued in the future: `token_issued_in_future`.
    TokenIssuedInFuture,
    /// The token is not active: `token_inactive`.
    TokenInactive,
    /// The token is revoked: `token_revoked`.
    TokenRevoked,
    /// A cookie came with a request from another site: `cross_site_refused`.
    CrossSiteRefused,
    /// The API key is malformed: `api_key_malformed`.
    ApiKeyMalformed,
    /// The API key is unknown: `api_key_unknown`.
    ApiKeyUnknown,
    /// The API key is disabled: `api_key_disabled`.
    ApiKeyDisabled,
    /// The API key is expired: `api_key_expired`.
    ApiKeyExpired,
    /// The session is unknown: `session_unknown`.
    SessionUnknown,
    /// The session is expired: `session_expired`.
    SessionExpired,
    /// The refresh token is unknown: `refresh_unknown`.
    RefreshUnknown,
    /// The refresh token is expired: `refresh_expired`.
    RefreshExpired,
    /// The refresh token was used before: `refresh_reused`.
    RefreshReused,
    /// The token is bound to a key and came without a checked proof: `binding_required`.
    BindingRequired,
    /// The token is bound to another key: `binding_mismatch`.
    BindingMismatch,
    /// The proof of possession is invalid: `proof_invalid`.
    ProofInvalid,
    /// The proof of possession was used before: `proof_replayed`.
    ProofReplayed,
    /// The proof of possession needs a fresh nonce: `nonce_required`.
    NonceRequired,
    /// The caller lacks a required scope: `scope_insufficient`.
    ScopeInsufficient,
    /// The policy denies the request: `access_denied`.
    AccessDenied,
    /// The caller must authenticate again or more strongly: `step_up_required`.
    StepUpRequired,
    /// The caller's address is not allowed: `address_denied`.
    AddressDenied,
    /// The caller sent too many requests: `rate_limited`.
    RateLimited,
    /// The caller is locked out after too many failures: `locked_out`.
    LockedOut,
    /// The credential could not be judged now: `unavailable`.
    Unavailable,
}

impl RejectionKind {
    /// Every kind, in the order of the checks.
    pub const ALL: &'static [Self] = &[
        Self::CredentialMissing,
        Self::CredentialAmbiguous,
        Self::CredentialMalformed,
        Self::TokenMalformed,
        Self::TokenTooLarge,
        Self::TokenEncrypted,
        Self::HeaderUnsupported,
        Self::AlgorithmNotAllowed,
        Self::KeyNotFound,
        Self::KeyAmbiguous,
        Self::SignatureInvalid,
        Self::ClaimMissing,
        Self::ClaimInvalid,
        Self::IssuerMismatch,
        Self::AudienceMismatch,
        Self::TypeMismatch,
        Self::TokenExpired,
        Self::TokenNotYetValid,
        Self::TokenIssuedInFuture,
        Self::TokenInactive,
        Self::TokenRevoked,
        Self::CrossSiteRefused,
        Self::ApiKeyMalformed,
        Self::ApiKeyUnknown,
        Self::ApiKeyDisabled,
        Self::ApiKeyExpired,
        Self::SessionUnknown,
        Self::SessionExpired,
        Self::RefreshUnknown,
        Self::RefreshExpired,
        Self::RefreshReused,
        Self::BindingRequired,
        Self::BindingMismatch,
        Self::ProofInvalid,
        Self::ProofReplayed,
        Self::NonceRequired,
        Self::ScopeInsufficient,
        Self::AccessDenied,
        Self::StepUpRequired,
        Self::AddressDenied,
        Self::RateLimited,
        Self::LockedOut,
        Self::Unavailable,
    ];

    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        self.texts().0
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::CredentialMissing => ("credential_missing", "no credential was presented"),
            Self::CredentialAmbiguous => (
                "credential_ambiguous",
                "more than one credential was presented",
            ),
            Self::CredentialMalformed => (
                "credential_malformed",
                "the credential's header or parameter is malformed",
            ),
            Self::TokenMalformed => ("token_malformed", "the token is malformed"),
            Self::TokenTooLarge => (
                "token_too_large",
                "the token is longer than the configured size",
            ),
            Self::TokenEncrypted => (
                "token_encrypted",
                "the token is encrypted, which is not supported",
            ),
            Self::HeaderUnsupported => (
                "header_unsupported",
                "the token's header has an unsupported or wrong-typed member",
            ),
            Self::AlgorithmNotAllowed => (
                "algorithm_not_allowed",
                "the token's algorithm is unknown or not allowed",
            ),
            Self::KeyNotFound => ("key_not_found", "no eligible key matches the token"),
            Self::KeyAmbiguous => (
                "key_ambiguous",
                "more than one eligible key matches the token",
            ),
            Self::SignatureInvalid => ("signature_invalid", "the token's signature does not match"),
            Self::ClaimMissing => ("claim_missing", "a required claim is missing"),
            Self::ClaimInvalid => ("claim_invalid", "a claim has a wrong type, shape or value"),
            Self::IssuerMismatch => ("issuer_mismatch", "the token's issuer is not trusted"),
            Self::AudienceMismatch => (
                "audience_mismatch",
                "the token is meant for another audience",
            ),
            Self::TypeMismatch => ("type_mismatch", "the token is of another type or purpose"),
            Self::TokenExpired => ("token_expired", "the token is expired"),
            Self::TokenNotYetValid => ("token_not_yet_valid", "the token is not valid yet"),
            Self::TokenIssuedInFuture => (
                "token_issued_in_future",
                "the token was issued in the future",
            ),
            Self::TokenInactive => ("token_inactive", "the token is not active"),
            Self::TokenRevoked => ("token_revoked", "the token is revoked"),
            Self::CrossSiteRefused => (
                "cross_site_refused",
                "a cookie came with a request from another site",
            ),
            Self::ApiKeyMalformed => ("api_key_malformed", "the API key is malformed"),
            Self::ApiKeyUnknown => ("api_key_unknown", "the API key is unknown"),
            Self::ApiKeyDisabled => ("api_key_disabled", "the API key is disabled"),
            Self::ApiKeyExpired => ("api_key_expired", "the API key is expired"),
            Self::SessionUnknown => ("session_unknown", "the session is unknown"),
            Self::SessionExpired => ("session_expired", "the session is expired"),
            Self::RefreshUnknown => ("refresh_unknown", "the refresh token is unknown"),
            Self::RefreshExpired => ("refresh_expired", "the refresh token is expired"),
            Self::RefreshReused => ("refresh_reused", "the refresh token was used before"),
            Self::BindingRequired => (
                "binding_required",
                "the token is bound to a key and came without a checked proof",
            ),
            Self::BindingMismatch => ("binding_mismatch", "the token is bound to another key"),
            Self::ProofInvalid => ("proof_invalid", "the proof of possession is invalid"),
            Self::ProofReplayed => ("proof_replayed", "the proof of possession was used before"),
            Self::NonceRequired => (
                "nonce_required",
                "the proof of possession needs a fresh nonce",
            ),
            Self::ScopeInsufficient => ("scope_insufficient", "the caller lacks a required scope"),
            Self::AccessDenied => ("access_denied", "the policy denies the request"),
            Self::StepUpRequired => (
                "step_up_required",
                "the caller must authenticate again or more strongly",
            ),
            Self::AddressDenied => ("address_denied", "the caller's address is not allowed"),
            Self::RateLimited => ("rate_limited", "the caller sent too many requests"),
            Self::LockedOut => (
                "locked_out",
                "the caller is locked out after too many failures",
            ),
            Self::Unavailable => ("unavailable", "the credential could not be judged now"),
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.texts().1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_snake_case() {
        let codes: HashSet<_> = RejectionKind::ALL.iter().map(|k| k.as_str()).collect();
        assert_eq!(codes.len(), RejectionKind::ALL.len());
        assert!(
            codes
                .iter()
                .all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
    }
}
