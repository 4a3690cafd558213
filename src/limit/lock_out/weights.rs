//! How many points a rejection costs its source.

use crate::error::{ConfigError, RejectionKind};

/// Points of each kind of rejection.
#[derive(Clone, Debug)]
pub(super) struct Weights([u32; KINDS]);

const KINDS: usize = RejectionKind::ALL.len();

impl Weights {
    pub(super) fn points(&self, kind: RejectionKind) -> u32 {
        self.0.get(kind as usize).copied().unwrap_or_default()
    }

    /// Sets the points of a kind.
    pub(super) fn set(&mut self, kind: RejectionKind, points: u32) -> Result<(), ConfigError> {
        if points > 0 && !is_about_credential(kind) {
            let detail = format!(
                "expected a kind that says something about a credential, found `{kind_code}`; \
                 limit callers with `Limits`, a lock-out counts bad credentials only",
                kind_code = kind.as_str(),
            );
            return Err(ConfigError::conflict("weight", detail));
        }
        if let Some(weight) = self.0.get_mut(kind as usize) {
            *weight = points;
        }
        Ok(())
    }
}

impl Default for Weights {
    fn default() -> Self {
        let mut weights = [0; KINDS];
        for (weight, kind) in weights.iter_mut().zip(RejectionKind::ALL) {
            *weight = default_weight(*kind);
        }
        Self(weights)
    }
}

/// Returns the default points of a kind.
pub(in crate::limit) const fn default_weight(kind: RejectionKind) -> u32 {
    use RejectionKind as Kind;
    match kind {
        // Honest clients do that, or it is no fault of the client. An expired credential was
        // genuine once.
        Kind::CredentialMissing
        | Kind::TokenExpired
        | Kind::TokenNotYetValid
        | Kind::TokenIssuedInFuture
        | Kind::SessionExpired
        | Kind::RefreshExpired
        | Kind::ApiKeyExpired
        | Kind::NonceRequired
        | Kind::CrossSiteRefused
        | Kind::ScopeInsufficient
        | Kind::AccessDenied
        | Kind::StepUpRequired
        | Kind::AddressDenied
        | Kind::TlsRequired
        | Kind::RateLimited
        | Kind::QuotaExhausted
        | Kind::CreditsExhausted
        | Kind::LockedOut
        | Kind::Unavailable => 0,
        // A misconfigured client, or one that was logged out. After a key was removed in an
        // emergency, every honest client sends the `kid` of a dead key.
        Kind::TokenInactive
        | Kind::TokenRevoked
        | Kind::SessionUnknown
        | Kind::ApiKeyDisabled
        | Kind::KeyNotFound
        | Kind::IssuerMismatch
        | Kind::AudienceMismatch
        | Kind::TypeMismatch
        | Kind::ClaimMissing
        | Kind::ClaimInvalid
        | Kind::BindingRequired
        | Kind::BindingMismatch
        | Kind::ProofInvalid
        | Kind::MessageUnsigned
        | Kind::MessageSignatureInvalid => 1,
        // No honest client sends it often.
        Kind::SignatureInvalid
        | Kind::ApiKeyUnknown
        | Kind::ApiKeyMalformed
        | Kind::CredentialMalformed
        | Kind::CredentialAmbiguous
        | Kind::TokenMalformed
        | Kind::TokenTooLarge
        | Kind::TokenEncrypted
        | Kind::HeaderUnsupported
        | Kind::AlgorithmNotAllowed
        | Kind::KeyAmbiguous
        | Kind::RefreshReused
        | Kind::RefreshUnknown
        | Kind::ProofReplayed
        | Kind::MessageReplayed => 3,
        // Anyone who knows the public key can make this service decrypt.
        Kind::DecryptionFailed => 6,
    }
}

/// Returns false for what a verified caller can have, for limits, and for faults of the service.
pub(in crate::limit) const fn is_about_credential(kind: RejectionKind) -> bool {
    use RejectionKind as Kind;
    !matches!(
        kind,
        Kind::ScopeInsufficient
            | Kind::AccessDenied
            | Kind::StepUpRequired
            | Kind::AddressDenied
            | Kind::TlsRequired
            | Kind::RateLimited
            | Kind::QuotaExhausted
            | Kind::CreditsExhausted
            | Kind::LockedOut
            | Kind::Unavailable
    )
}
