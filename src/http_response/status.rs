//! The table from rejection kinds to HTTP statuses, challenges and problem documents.

use http::StatusCode;

use crate::error::RejectionKind;

/// One row of the table. All its texts are constant, so that a client learns nothing but the row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct StatusRow {
    pub(super) status: StatusCode,
    /// What the `WWW-Authenticate` header asks for.
    pub(super) challenge: ChallengeKind,
    /// The error code of RFC 6750 section 3.1, RFC 9449 section 12.2 or RFC 9470 section 3; for a
    /// refresh token, of RFC 6749 section 5.2.
    pub(super) error: Option<&'static str>,
    /// A text for people: `error_description` of `invalid_token`, `detail` of a problem document.
    pub(super) detail: &'static str,
    /// The problem document (RFC 9457).
    pub(super) problem: &'static str,
}

/// What a challenge asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ChallengeKind {
    /// No challenge.
    Absent,
    /// Any credential: a challenge for each offered scheme.
    AnyScheme,
    /// Another bearer token.
    Bearer,
    /// A bearer token with more scopes.
    Scope,
    /// A token of a stronger or more recent authentication.
    StepUp,
    /// A DPoP proof if DPoP is offered, else the client certificate of the token.
    Binding,
    /// Another DPoP proof.
    Proof,
}

/// Returns the row of a kind. There is no `_` arm on purpose: a new kind must be given its row.
pub(super) const fn row(kind: RejectionKind) -> StatusRow {
    use RejectionKind as K;
    match kind {
        K::CredentialMissing => StatusRow::MISSING,
        K::MessageUnsigned | K::MessageSignatureInvalid | K::MessageReplayed => StatusRow::UNSIGNED,
        K::CredentialAmbiguous | K::CredentialMalformed => StatusRow::INVALID_REQUEST,
        K::TokenMalformed
        | K::TokenTooLarge
        | K::TokenEncrypted
        | K::DecryptionFailed
        | K::HeaderUnsupported
        | K::AlgorithmNotAllowed
        | K::KeyNotFound
        | K::KeyAmbiguous
        | K::SignatureInvalid
        | K::ClaimMissing
        | K::ClaimInvalid
        | K::IssuerMismatch
        | K::AudienceMismatch
        | K::TypeMismatch
        | K::TokenExpired
        | K::TokenNotYetValid
        | K::TokenIssuedInFuture
        | K::TokenInactive
        | K::TokenRevoked
        | K::ApiKeyMalformed
        | K::ApiKeyUnknown
        | K::ApiKeyDisabled
        | K::ApiKeyExpired
        | K::SessionUnknown
        | K::SessionExpired => StatusRow::INVALID_TOKEN,
        K::BindingRequired | K::BindingMismatch => StatusRow::UNBOUND,
        K::ProofInvalid | K::ProofReplayed => StatusRow::INVALID_PROOF,
        K::NonceRequired => StatusRow::USE_NONCE,
        K::RefreshUnknown | K::RefreshExpired | K::RefreshReused => StatusRow::INVALID_GRANT,
        K::ScopeInsufficient => StatusRow::INSUFFICIENT_SCOPE,
        K::StepUpRequired => StatusRow::STEP_UP,
        K::AccessDenied
        | K::AddressDenied
        | K::TlsRequired
        | K::CreditsExhausted
        | K::CrossSiteRefused => StatusRow::FORBIDDEN,
        K::RateLimited | K::QuotaExhausted | K::LockedOut => StatusRow::TOO_MANY,
        K::Unavailable => StatusRow::UNAVAILABLE,
    }
}

/// Creates a row. The title of a problem without a `type` is the status phrase (RFC 9457
/// section 4.2.1).
macro_rules! row {
    ($status:ident $code:literal $phrase:literal, $challenge:ident, $error:expr, $detail:literal) => {
        StatusRow {
            status: StatusCode::$status,
            challenge: ChallengeKind::$challenge,
            error: $error,
            detail: $detail,
            problem: concat!(
                r#"{"title":""#,
                $phrase,
                r#"","status":"#,
                $code,
                r#","detail":""#,
                $detail,
                r#""}"#
            ),
        }
    };
}

impl StatusRow {
    // RFC 6750 section 3.1: without a credential there is no error code.
    const MISSING: Self = row!(
        UNAUTHORIZED 401 "Unauthorized",
        AnyScheme,
        None,
        "a credential is required"
    );
    // RFC 9421 section 5.1: `Accept-Signature` says what is missing.
    const UNSIGNED: Self = row!(
        UNAUTHORIZED 401 "Unauthorized",
        AnyScheme,
        None,
        "a signature of the request is required"
    );
    const INVALID_REQUEST: Self = row!(
        BAD_REQUEST 400 "Bad Request",
        Bearer,
        Some("invalid_request"),
        "the credential is malformed or not the only one"
    );
    const INVALID_TOKEN: Self = row!(
        UNAUTHORIZED 401 "Unauthorized",
        Bearer,
        Some("invalid_token"),
        "the credential is not accepted"
    );
    const UNBOUND: Self = row!(
        UNAUTHORIZED 401 "Unauthorized",
        Binding,
        Some("invalid_token"),
        "the credential is not accepted"
    );
    const INVALID_PROOF: Self = row!(
        UNAUTHORIZED 401 "Unauthorized",
        Proof,
        Some("invalid_dpop_proof"),
        "the proof of possession is not accepted"
    );
    const USE_NONCE: Self = row!(
        UNAUTHORIZED 401 "Unauthorized",
        Proof,
        Some("use_dpop_nonce"),
        "the proof of possession needs the given nonce"
    );
    const INVALID_GRANT: Self = row!(
        BAD_REQUEST 400 "Bad Request",
        Absent,
        Some("invalid_grant"),
        "the refresh token is not accepted"
    );
    const INSUFFICIENT_SCOPE: Self = row!(
        FORBIDDEN 403 "Forbidden",
        Scope,
        Some("insufficient_scope"),
        "the credential lacks a required scope"
    );
    const STEP_UP: Self = row!(
        UNAUTHORIZED 401 "Unauthorized",
        StepUp,
        Some("insufficient_user_authentication"),
        "a stronger or more recent authentication is required"
    );
    const FORBIDDEN: Self = row!(
        FORBIDDEN 403 "Forbidden",
        Absent,
        None,
        "the request is not allowed"
    );
    const TOO_MANY: Self = row!(
        TOO_MANY_REQUESTS 429 "Too Many Requests",
        Absent,
        None,
        "too many requests"
    );
    const UNAVAILABLE: Self = row!(
        SERVICE_UNAVAILABLE 503 "Service Unavailable",
        Absent,
        None,
        "the credential cannot be validated now"
    );

    /// Returns true if the client may repeat the same request later.
    pub(super) fn is_temporary(self) -> bool {
        [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ]
        .contains(&self.status)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn problem_documents_agree_with_their_status() {
        for kind in RejectionKind::ALL {
            let row = row(*kind);
            let problem: Value = serde_json::from_str(row.problem).unwrap();
            assert_eq!(problem["status"], row.status.as_u16());
            assert_eq!(problem["title"], row.status.canonical_reason().unwrap());
            assert_eq!(problem["detail"], row.detail);
        }
    }

    #[test]
    fn kinds_that_clients_must_not_distinguish_share_a_row() {
        let expected = row(RejectionKind::TokenExpired);
        for kind in [
            RejectionKind::SignatureInvalid,
            RejectionKind::TokenRevoked,
            RejectionKind::ApiKeyUnknown,
            RejectionKind::ApiKeyDisabled,
            RejectionKind::SessionUnknown,
        ] {
            assert_eq!(row(kind), expected, "{kind}");
        }
        let expected = row(RejectionKind::AccessDenied);
        assert_eq!(row(RejectionKind::AddressDenied), expected);
        assert_eq!(row(RejectionKind::CrossSiteRefused), expected);
        let expected = row(RejectionKind::RefreshUnknown);
        assert_eq!(row(RejectionKind::RefreshReused), expected);
    }
}
