//! The closed list of reasons.

use super::kinds;

kinds! {
    /// Why a credential was not accepted, as a stable code.
    ///
    /// Codes are stable once released; new kinds may be added. `Display` writes the sentence that
    /// is next to the code below. The order is that of the checks.
    #[derive(Ord, PartialOrd)]
    pub enum RejectionKind {
        /// No enabled place has one. Another scheme of `Authorization`, a bare `Bearer`, an empty
        /// cookie and an empty header of one's own count as none. Enable the place with
        /// [`Sources`](crate::credential::Sources), or let the client send a credential.
        CredentialMissing = "credential_missing", "no credential was presented";
        /// RFC 6750 section 2 allows one method for each request. Let the client send one, or
        /// disable the places that are not used.
        CredentialAmbiguous = "credential_ambiguous", "more than one credential was presented";
        /// The value of `Authorization` is a scheme, one or more spaces and one token (RFC 6750
        /// section 2.1). Only a header of one's own and `Basic` take characters outside `b64token`.
        CredentialMalformed = "credential_malformed",
            "the credential's header or parameter is malformed";
        /// It is not three base64url segments with strict JSON, or no validator takes credentials
        /// of this [`Shape`](crate::validator::Shape), for example an SD-JWT.
        TokenMalformed = "token_malformed", "the token is malformed";
        /// It is longer than 16 KiB, or its header than 4 KiB, or an object in it has too many
        /// members or is nested too deeply ([`limits`](crate::limits)). Let the issuer send less, or
        /// raise `max_token_bytes` or `max_header_bytes`.
        TokenTooLarge = "token_too_large", "the token exceeds a size limit";
        /// It has five segments, so it is a JWE (RFC 7516). Switch the encryption of access tokens
        /// off at the issuer.
        TokenEncrypted = "token_encrypted", "the token is encrypted, which is not supported";
        /// It was encrypted for another key, or changed on the way. Everything from the encrypted key
        /// to the tag has this one kind (RFC 7516 section 11.5).
        DecryptionFailed = "decryption_failed", "the token cannot be decrypted";
        /// It has `crit`, `b64` or `enc`, a nested JWT, no `alg`, or an `alg`, `kid` or `typ` that is
        /// not a string. No option accepts such a token; members that are not known are ignored.
        HeaderUnsupported = "header_unsupported",
            "the token's header has an unsupported or wrong-typed member";
        /// The algorithm is `none`, no key of the issuer can serve it, or the configuration
        /// excludes it. Nothing in the token widens the allowed algorithms.
        AlgorithmNotAllowed = "algorithm_not_allowed",
            "the token's algorithm is unknown or not allowed";
        /// The token is of another environment, is forged, or its key was withdrawn. Publish a key
        /// before it signs.
        KeyNotFound = "key_not_found", "no eligible key matches the token";
        /// The token has no `kid`, or its `kid` does not select one key. Let the issuer send a
        /// `kid`, or use [`KeySet::rotating`](crate::key::KeySet::rotating) for local keys.
        KeyAmbiguous = "key_ambiguous", "more than one eligible key matches the token";
        /// It was changed or forged, or was signed with another key of the same `kid`.
        SignatureInvalid = "signature_invalid", "the token's signature does not match";
        /// [`Rejection::claim`](crate::Rejection::claim) names it. By default `iss`, `aud` and
        /// `exp` are required; presets and `require_claim` add more.
        ClaimMissing = "claim_missing", "a required claim is missing";
        /// [`Rejection::claim`](crate::Rejection::claim) names it. Values are not converted: a
        /// number that is written as a string has the wrong type. For an issuer that writes `""` or
        /// `null` use
        /// [`absent_if_empty`](crate::jwt::JwtValidatorBuilder::absent_if_empty) or
        /// [`absent_if_null`](crate::jwt::JwtValidatorBuilder::absent_if_null).
        ClaimInvalid = "claim_invalid", "a claim has a wrong type, shape or value";
        /// `iss` is compared byte by byte with the configured issuers; a trailing slash makes
        /// another issuer.
        IssuerMismatch = "issuer_mismatch", "the token's issuer is not trusted";
        /// `aud` has none of the configured audiences. Let clients request the audience of
        /// this service.
        AudienceMismatch = "audience_mismatch", "the token is meant for another audience";
        /// Usually a client sent its ID token in place of its access token. For access tokens with a
        /// `nonce` use
        /// [`access_mark`](crate::jwt::JwtValidatorBuilder::access_mark), for another `typ`
        /// [`accept_types`](crate::jwt::JwtValidatorBuilder::accept_types).
        TypeMismatch = "type_mismatch", "the token is of another type or purpose";
        /// `exp` plus the [`Leeway`](crate::clock::Leeway) has passed, or the token is older than a
        /// configured maximum age.
        TokenExpired = "token_expired", "the token is expired";
        /// `nbf`, or the start of an API key, is in the future, for a token by more than the
        /// leeway. Synchronize the clocks of issuer and service.
        TokenNotYetValid = "token_not_yet_valid", "the token is not valid yet";
        /// `iat` is in the future by more than the leeway. Synchronize the clocks of issuer and
        /// service.
        TokenIssuedInFuture = "token_issued_in_future", "the token was issued in the future";
        /// The introspection endpoint reported so (RFC 7662 section 2.2). It may report the same if
        /// this service is not allowed to introspect the token.
        TokenInactive = "token_inactive", "the token is not active";
        /// The token, its subject, client, session or key was revoked, in a
        /// [`RevocationList`](crate::revocation::RevocationList) or a store.
        TokenRevoked = "token_revoked", "the token is revoked";
        /// Browsers attach cookies and `Authorization: Basic` to requests of every site, and let
        /// every site post forms. It is given for a request with one of them, for one that a
        /// [`CrossSiteCheck`](crate::credential::CrossSiteCheck) refused, and for a token that
        /// [`FormTokens`](crate::credential::FormTokens) refused. Allow the origin of a separate
        /// front end with [`allow_origin`](crate::credential::SourcesBuilder::allow_origin).
        CrossSiteRefused = "cross_site_refused",
            "another site may have caused the request";
        /// The prefix is known, but length, characters or checksum are wrong. Usually the key was
        /// cut off or mistyped. The store is not asked.
        ApiKeyMalformed = "api_key_malformed", "the API key is malformed";
        /// There is no key of this id, or its secret is another one. The client cannot find out
        /// which.
        ApiKeyUnknown = "api_key_unknown", "the API key is unknown";
        /// The key was disabled or revoked. Its owner needs a new one.
        ApiKeyDisabled = "api_key_disabled", "the API key is disabled";
        /// Rotate keys before their expiry, so that the old and the new one overlap.
        ApiKeyExpired = "api_key_expired", "the API key is expired";
        /// Its id was never issued here, or was replaced by
        /// [`rotate`](crate::session::SessionManager::rotate). The user has to log in again.
        SessionUnknown = "session_unknown", "the session is unknown";
        /// Its idle timeout or its absolute timeout has passed. The user has to log in again.
        SessionExpired = "session_expired", "the session is expired";
        /// It is no refresh token, was never issued here, or belongs to another client. The user
        /// has to log in again.
        RefreshUnknown = "refresh_unknown", "the refresh token is unknown";
        /// The idle or absolute timeout of its family has passed. The user has to log in again.
        RefreshExpired = "refresh_expired", "the refresh token is expired";
        /// It was stolen, or its client repeats requests. Its family is revoked (RFC 9700 section
        /// 4.14.2), so the user has to log in again.
        RefreshReused = "refresh_reused", "the refresh token was used before";
        /// The token has `cnf` (RFC 7800) and the request proves nothing, or the token is bound to
        /// nothing and has to be. Configure a [`Binding`](crate::binding::Binding), or let the issuer
        /// send bearer tokens.
        BindingRequired = "binding_required",
            "the token is bound to a key and no proof of possession was checked";
        /// The client proved possession of a key that is not the one in the token, or presented a
        /// token under `DPoP` that is bound to no key of a proof (RFC 9449 section 7.1). Behind a
        /// proxy that ends TLS, pass its certificate on.
        BindingMismatch = "binding_mismatch", "the token is not bound to the key of the sender";
        /// The DPoP proof is malformed, is for another request or another token, is too old, or its
        /// signature is not valid (RFC 9449 section 4.3). The
        /// [source](std::error::Error::source) of the rejection names the check.
        ProofInvalid = "proof_invalid", "the proof of possession is invalid";
        /// A client needs a new proof for each request (RFC 9449 section 11.1); one that was stolen is
        /// refused in the same way.
        ProofReplayed = "proof_replayed", "the proof of possession was used before";
        /// The client repeats the request with the nonce of the response (RFC 9449 section 9).
        NonceRequired = "nonce_required", "the proof of possession needs a fresh nonce";
        /// The request has no signature with the required tag (RFC 9421). The response says in
        /// `Accept-Signature` what the client has to sign.
        MessageUnsigned = "message_unsigned", "the request is not signed";
        /// The signature of the request does not cover what it has to, is too old, or is not valid
        /// under the key that it names; or the body is not the signed one.
        MessageSignatureInvalid = "message_signature_invalid",
            "the signature of the request is invalid";
        /// The same signed request was received before. A client adds a `nonce` to requests that it
        /// repeats within a second.
        MessageReplayed = "message_replayed", "the signed request was received before";
        /// A credential without scopes has none of them. The challenge of the response names the
        /// scopes to request (RFC 6750 section 3.1).
        ScopeInsufficient = "scope_insufficient", "the caller lacks a required scope";
        /// A rule forbids it, no rule permits it, or a claim that a rule reads is missing.
        /// [`Policy::explain`](crate::Policy::explain) shows which.
        AccessDenied = "access_denied", "the policy denies the request";
        /// The challenge of the response names what is needed (RFC 9470 section 3).
        StepUpRequired = "step_up_required", "the caller must authenticate again or more strongly";
        /// The address is on a deny list, not on the allow list, or not one of those that the API key
        /// is restricted to; or it is not known. Behind a proxy, configure
        /// [`Proxies`](crate::address::Proxies). A cookie of
        /// [`insecure_loopback`](crate::session::SessionCookie::insecure_loopback) has it on every
        /// host that is not this machine.
        AddressDenied = "address_denied", "the caller's address is not allowed";
        /// The gate requires TLS, and the client's connection has none, or it is not known. Behind a
        /// proxy, let it send `X-Forwarded-Proto`.
        TlsRequired = "tls_required", "the connection is not encrypted";
        /// A limit of [`Limits`](crate::limit::Limits) refused it. `Retry-After` has the wait.
        RateLimited = "rate_limited", "the caller sent too many requests";
        /// A [`Quota`](crate::limit::Quota) of the caller is used up until its window ends.
        QuotaExhausted = "quota_exhausted", "the caller's quota is used up until it is renewed";
        /// The credits of the caller are used up, and waiting does not renew them. Let the caller
        /// buy some.
        CreditsExhausted = "credits_exhausted", "the caller's credits are used up";
        /// Too many credentials from the source were refused
        /// ([`LockOut`](crate::limit::LockOut)). It ends by itself.
        LockedOut = "locked_out", "the caller is locked out after too many failures";
        /// Keys, an endpoint, a store or the clock did not answer. Answer it as 503, never as 401:
        /// the credential may be valid.
        Unavailable = "unavailable", "the credential could not be validated now";
    }
}
