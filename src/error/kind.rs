//! The closed list of reasons.

use super::kinds;

kinds! {
    /// Why a credential was not accepted, as a stable code.
    ///
    /// Codes are stable once released; new kinds may be added. `Display` writes the sentence that
    /// is next to the code below. The order is that of the checks.
    #[derive(Ord, PartialOrd)]
    pub enum RejectionKind {
        CredentialMissing = "credential_missing", "no credential was presented";
        CredentialAmbiguous = "credential_ambiguous", "more than one credential was presented";
        CredentialMalformed = "credential_malformed",
            "the credential's header or parameter is malformed";
        TokenMalformed = "token_malformed", "the token is malformed";
        TokenTooLarge = "token_too_large", "the token is longer than the configured size";
        TokenEncrypted = "token_encrypted", "the token is encrypted, which is not supported";
        HeaderUnsupported = "header_unsupported",
            "the token's header has an unsupported or wrong-typed member";
        AlgorithmNotAllowed = "algorithm_not_allowed",
            "the token's algorithm is unknown or not allowed";
        KeyNotFound = "key_not_found", "no eligible key matches the token";
        KeyAmbiguous = "key_ambiguous", "more than one eligible key matches the token";
        SignatureInvalid = "signature_invalid", "the token's signature does not match";
        ClaimMissing = "claim_missing", "a required claim is missing";
        ClaimInvalid = "claim_invalid", "a claim has a wrong type, shape or value";
        IssuerMismatch = "issuer_mismatch", "the token's issuer is not trusted";
        AudienceMismatch = "audience_mismatch", "the token is meant for another audience";
        TypeMismatch = "type_mismatch", "the token is of another type or purpose";
        TokenExpired = "token_expired", "the token is expired";
        TokenNotYetValid = "token_not_yet_valid", "the token is not valid yet";
        TokenIssuedInFuture = "token_issued_in_future", "the token was issued in the future";
        TokenInactive = "token_inactive", "the token is not active";
        TokenRevoked = "token_revoked", "the token is revoked";
        CrossSiteRefused = "cross_site_refused",
            "a cookie was sent with a request from another site";
        ApiKeyMalformed = "api_key_malformed", "the API key is malformed";
        ApiKeyUnknown = "api_key_unknown", "the API key is unknown";
        ApiKeyDisabled = "api_key_disabled", "the API key is disabled";
        ApiKeyExpired = "api_key_expired", "the API key is expired";
        SessionUnknown = "session_unknown", "the session is unknown";
        SessionExpired = "session_expired", "the session is expired";
        RefreshUnknown = "refresh_unknown", "the refresh token is unknown";
        RefreshExpired = "refresh_expired", "the refresh token is expired";
        RefreshReused = "refresh_reused", "the refresh token was used before";
        BindingRequired = "binding_required",
            "the token is bound to a key and no proof of possession was checked";
        BindingMismatch = "binding_mismatch", "the token is bound to another key";
        ProofInvalid = "proof_invalid", "the proof of possession is invalid";
        ProofReplayed = "proof_replayed", "the proof of possession was used before";
        NonceRequired = "nonce_required", "the proof of possession needs a fresh nonce";
        ScopeInsufficient = "scope_insufficient", "the caller lacks a required scope";
        AccessDenied = "access_denied", "the policy denies the request";
        StepUpRequired = "step_up_required", "the caller must authenticate again or more strongly";
        AddressDenied = "address_denied", "the caller's address is not allowed";
        RateLimited = "rate_limited", "the caller sent too many requests";
        LockedOut = "locked_out", "the caller is locked out after too many failures";
        Unavailable = "unavailable", "the credential could not be validated now";
    }
}
