//! Errors: what each kind means, where to look, and how to fix it.
//!
//! Every refusal has a [`RejectionKind`](crate::RejectionKind) with a stable code ([`as_str`](crate::RejectionKind::as_str)). The
//! client does not see it: it receives the status and the challenge of the table below, with
//! constant text, so that it cannot tell a forged token from an expired one. The kind is for the
//! operator. Log it on each refusal, with the claim and the source:
//!
//! ```
//! use std::error::Error;
//!
//! use bearergate::{Rejection, RejectionKind};
//! use bearergate::http_response::Refusal;
//!
//! // `Gate::check` returns such a refusal. Its text names the reason and the claim, its source what
//! // was expected and found.
//! let refusal = Refusal::from(Rejection::new(RejectionKind::ClaimMissing).with_claim("exp"));
//! assert_eq!(refusal.status(), 401);
//! assert_eq!(refusal.to_string(), "refused with 401: a required claim is missing (claim `exp`)");
//!
//! // The response carries the rejection as an extension, for a log layer further out.
//! let response: http::Response<String> = refusal.into_response();
//! let rejection = response.extensions().get::<Rejection>().expect("every refusal has one");
//! let cause = rejection.source().map(ToString::to_string);
//! let line = format!("{} {:?} {cause:?}", rejection.kind().as_str(), rejection.claim());
//! assert_eq!(line, r#"claim_missing Some("exp") None"#);
//! ```
//!
//! Of the credential a [`Rejection`](crate::Rejection) holds, in its source, at most the issuer,
//! audiences, type, algorithm, key id and times of a JWT, so that the line says what was expected and
//! what was found. Where the table says *decode the token*, do that on your own machine
//! with a token that you may read; from a clone of the repository, `cargo run --release --example
//! replay` validates recorded tokens under a configuration.
//!
//! # Places to look
//!
//! - *explain*: [`Gate::explain`](crate::Gate::explain) shows every step of one request, what was
//!   expected and what was found; see [why was this refused](super::why_was_this_refused). For a
//!   credential without a request it is [`TokenValidator::explain`](crate::TokenValidator::explain).
//! - *claim*: [`Rejection::claim`](crate::Rejection::claim), the name of the claim at fault.
//! - *source*: [`std::error::Error::source`] of the rejection, with what failed below, or what was
//!   expected and found.
//! - *doctor*: [`Gate::doctor`](crate::Gate::doctor) uses everything that the gate depends on
//!   (discovery, keys, introspection, clocks) and says what does not work and what to do.
//! - *observer*: the [`Event`](crate::event::Event)s of requests, keys, introspection, stores and
//!   policy files, given once with [`Environment::observer`](crate::environment::Environment::observer).
//!   The feature `tracing` writes them to your log.
//! - *decision*: [`Refusal::decision`](crate::http_response::Refusal::decision), the rules and conditions
//!   that denied; [`Policy::explain`](crate::Policy::explain) evaluates every condition.
//!
//! The whole texts for more than a hundred everyday mistakes are in `docs/messages.md` of the
//! repository: what was expected, what was found and what to do. Text that you see in a log can be
//! looked up there.
//!
//! # Kinds of rejection
//!
//! The order is roughly that of the checks. A credential with several faults gets the kind of the
//! fault that was found first.
//!
//! | kind | status | cause | look at | fix |
//! |---|---|---|---|---|
//! | [`credential_missing`](crate::RejectionKind::CredentialMissing) | 401 | no credential in an enabled place; another scheme of `Authorization`, a bare `Bearer`, an empty cookie and an empty header of one's own count as none | the request's headers; proxies that remove `Authorization` | send `Authorization: Bearer`, or enable the place with [`Sources`](crate::credential::Sources) |
//! | [`credential_ambiguous`](crate::RejectionKind::CredentialAmbiguous) | 400 | more than one credential, in one place or in several | the names of the headers, the query, the cookies | send one; disable the places that are not used |
//! | [`credential_malformed`](crate::RejectionKind::CredentialMalformed) | 400 | the header, parameter or cookie cannot be parsed, for example a tab or a second token after `Bearer`, a character that the place cannot have, or a wrong other part of `Basic` | the client's code that builds the header | `Bearer`, one or more spaces, the token; keys like `12\|secret` in a header of their own |
//! | [`token_malformed`](crate::RejectionKind::TokenMalformed) | 401 | not three base64url segments, not strict JSON (for example a duplicate member), or no validator takes this shape of credential (as of an SD-JWT, with `~`) | decode the token; the [shapes](crate::validator::Shape) of the validators | fix the issuer; add the validator for opaque tokens or for the key's prefix |
//! | [`token_too_large`](crate::RejectionKind::TokenTooLarge) | 401 | longer than 16 KiB, a header over 4 KiB, more than 256 members at the top or 1 024 in an object below, or nested deeper than 32 | the length of the token; often a list of groups, or a chain `x5c` in the header | let the issuer send less, or `max_token_bytes`, up to 64 KiB, and `max_header_bytes`, up to 16 KiB |
//! | [`token_encrypted`](crate::RejectionKind::TokenEncrypted) | 401 | five segments: a JWE, and the validator has no keys to decrypt it | the issuer's settings for this API | switch encryption of access tokens off, or [decrypt](crate::guide::encrypted_tokens) them |
//! | [`decryption_failed`](crate::RejectionKind::DecryptionFailed) | 401 | the key does not open the JWE, or the JWE was changed; the two are not told apart | `kid` of the token; the keys that the issuer encrypts to | give the issuer the current public key, and keep the key before it for a while |
//! | [`header_unsupported`](crate::RejectionKind::HeaderUnsupported) | 401 | the header has `crit`, `b64` or `enc`, is a nested JWT (`cty`), or `alg`, `kid` or `typ` is not a string | decode the first segment | fix the issuer; there is no option for it |
//! | [`algorithm_not_allowed`](crate::RejectionKind::AlgorithmNotAllowed) | 401 | `alg` is unknown or `none`, no key of the issuer serves it, or `algorithms(..)` excludes it | `alg` in the header; `alg` and `kty` of the key set | give a key of that type; widen `algorithms(..)` |
//! | [`key_not_found`](crate::RejectionKind::KeyNotFound) | 401 | no eligible key has the token's `kid`: a token of another environment, a forgery, or a key that was withdrawn | doctor; `kid` in the header against the key set; observer: skipped keys | configure the right issuer; publish a key before it signs |
//! | [`key_ambiguous`](crate::RejectionKind::KeyAmbiguous) | 401 | several keys match: the token has no `kid`, or several keys have none | the `kid`s of the key set | let the issuer send `kid`; [`KeySet::rotating`](crate::key::KeySet::rotating) for local keys |
//! | [`signature_invalid`](crate::RejectionKind::SignatureInvalid) | 401 | the token was changed or forged, or two environments use one `kid` | which issuer made the token; whether a secret is read as text or as base64url | use the keys of that issuer |
//! | [`claim_missing`](crate::RejectionKind::ClaimMissing) | 401 | a required claim is absent: `iss`, `aud` or `exp`, or one that a preset or `require_claim` adds | claim | let the issuer add it; `allow_missing_expiry()` for `exp` |
//! | [`claim_invalid`](crate::RejectionKind::ClaimInvalid) | 401 | a registered claim of a wrong type, empty, or with control characters; or a check of the configuration fails | claim; decode the token | fix the issuer, or the value given to `require_claim`, `check`, `allow_clients`; `absent_if_empty([..])` or `absent_if_null([..])` for an issuer that writes `""` or `null` |
//! | [`issuer_mismatch`](crate::RejectionKind::IssuerMismatch) | 401 | `iss` is not one of the configured issuers, byte for byte | `iss` against the configuration; usually a trailing slash, `http`, or another tenant | copy `issuer` from the discovery document |
//! | [`audience_mismatch`](crate::RejectionKind::AudienceMismatch) | 401 | `aud` does not name this service | `aud` against the configuration | let clients request this audience (`audience` or `resource`); `audiences([..])` during a change |
//! | [`type_mismatch`](crate::RejectionKind::TypeMismatch) | 401 | `typ` is not allowed, or the claims are those of another purpose, usually an ID token | `typ` in the header; the claim that the rejection names, such as `nonce` or `at_hash` | let the client send its access token; `access_mark(..)` if access tokens have a `nonce`, `accept_types([..])` for another `typ`, `id_token(..)` |
//! | [`token_expired`](crate::RejectionKind::TokenExpired) | 401 | `exp` plus leeway is past, or `max_age` of `iat` is | `exp` against the clocks of both machines | let clients refresh in time; synchronize clocks; [`Leeway`](crate::clock::Leeway), up to 600 s |
//! | [`token_not_yet_valid`](crate::RejectionKind::TokenNotYetValid) | 401 | `nbf`, or the start of an API key, lies ahead by more than the leeway | both clocks | synchronize clocks |
//! | [`token_issued_in_future`](crate::RejectionKind::TokenIssuedInFuture) | 401 | `iat` lies ahead by more than the leeway | both clocks | synchronize clocks |
//! | [`token_inactive`](crate::RejectionKind::TokenInactive) | 401 | the introspection endpoint says that the token is not active | doctor; the endpoint's own log: it answers so to a client that may not ask, too | let this service's client introspect these tokens |
//! | [`token_revoked`](crate::RejectionKind::TokenRevoked) | 401 | a revocation of the token, its subject, session, client or key | who revoked it, and when | sign in again |
//! | [`cross_site_refused`](crate::RejectionKind::CrossSiteRefused) | 403 | a cookie, or `Authorization: Basic` from a browser, on a request that another site may have caused, or a post that [`CrossSiteCheck`](crate::credential::CrossSiteCheck) or [`FormTokens`](crate::credential::FormTokens) refused, with a cookie or without | `Sec-Fetch-Site`, `Origin` and `Upgrade` of the request; source, for a form token | `allow_origin(..)` for a front end of another origin, `allow_requests_without_origin()` for clients that are no browsers |
//! | [`api_key_malformed`](crate::RejectionKind::ApiKeyMalformed) | 401 | the prefix is known, but length, characters or checksum are wrong: a typing error | the client's configuration, often cut off or quoted | copy the key again |
//! | [`api_key_unknown`](crate::RejectionKind::ApiKeyUnknown) | 401 | no record of this id, a deleted key, or a wrong secret | the key id in the store; whether this is the right environment | create a new key |
//! | [`api_key_disabled`](crate::RejectionKind::ApiKeyDisabled) | 401 | the key was disabled or revoked | the record's details | create a new key |
//! | [`api_key_expired`](crate::RejectionKind::ApiKeyExpired) | 401 | the end of the key is past | the record's details | rotate keys before they expire |
//! | [`session_unknown`](crate::RejectionKind::SessionUnknown) | 401 | no such session, or its id was replaced at a change of privileges | whether all processes use one store | sign in again |
//! | [`session_expired`](crate::RejectionKind::SessionExpired) | 401 | the idle or the absolute timeout is past | the timeouts of the [`SessionManager`](crate::session::SessionManager) | sign in again |
//! | [`refresh_unknown`](crate::RejectionKind::RefreshUnknown) | 400 | no such refresh token | whether all processes use one store | sign in again |
//! | [`refresh_expired`](crate::RejectionKind::RefreshExpired) | 400 | its idle or absolute lifetime is past | the lifetimes of the [`RefreshManager`](crate::refresh::RefreshManager) | sign in again |
//! | [`refresh_reused`](crate::RejectionKind::RefreshReused) | 400 | it was used before: stolen, or a client repeats requests; the family is revoked, unless it was within the reuse window | observer: [`RefreshTokenReused`](crate::event::Event::RefreshTokenReused) or [`RefreshTokenRepeated`](crate::event::Event::RefreshTokenRepeated); retries of the client | sign in again; give clients that repeat requests a window for it |
//! | [`binding_required`](crate::RejectionKind::BindingRequired) | 401 | the token has `cnf` and no proof was checked, or it names a method that is unknown or not configured | `cnf` in the token | configure a [`Binding`](crate::guide::bind_tokens_to_keys) with that method; let the client use DPoP or its certificate |
//! | [`binding_mismatch`](crate::RejectionKind::BindingMismatch) | 401 | the sender holds another key, or a token without `cnf.jkt` is under `DPoP` | the certificate or proof against `cnf`; the scheme; a proxy that ends TLS | pass the client's certificate on; send the proof with the right key; send an unbound token under `Bearer` |
//! | [`proof_invalid`](crate::RejectionKind::ProofInvalid) | 401 | your sender constraint refused the proof | source | fix the client's proof |
//! | [`proof_replayed`](crate::RejectionKind::ProofReplayed) | 401 | your sender constraint saw the proof before | retries of the client | a new proof for each request |
//! | [`nonce_required`](crate::RejectionKind::NonceRequired) | 401 | proofs need a nonce of this service, and the proof has none or an old one | whether the client reads `DPoP-Nonce` | repeat the request with the nonce |
//! | [`message_unsigned`](crate::RejectionKind::MessageUnsigned) | 401 | the request has no signature with the configured tag | `Signature-Input` of the request; `Accept-Signature` of the answer | sign the request |
//! | [`message_signature_invalid`](crate::RejectionKind::MessageSignatureInvalid) | 401 | the signature is old, covers too little, is by another key, or the request is not the one that was signed | the source of the rejection; what proxies change: path, `Content-Digest`, coding of the content | sign what arrives at the service, with its [external URL](crate::request::ExternalUrl) |
//! | [`message_replayed`](crate::RejectionKind::MessageReplayed) | 401 | this signed request was received before | whether the client repeats requests without signing again | sign each request with a `nonce` of its own |
//! | [`scope_insufficient`](crate::RejectionKind::ScopeInsufficient) | 403 | a scope is missing, or the credential has no scopes at all | decision; the token's `scope` | request the scopes of the challenge; `scopes_from("scp")` if the issuer names them otherwise |
//! | [`access_denied`](crate::RejectionKind::AccessDenied) | 403 | the policy denies: a rule forbids, no rule permits, a claim that a rule needs is missing, or a condition has an id without its authority where several are trusted | decision; `explain`; `lint` (`bare_id`) | change the policy or the caller's claims; name the authority of an id with [`of`](crate::policy::Condition::of) |
//! | [`step_up_required`](crate::RejectionKind::StepUpRequired) | 401 | a condition needs a stronger or more recent authentication | decision; `acr` and `auth_time` of the token | sign in again with the `acr_values` of the challenge |
//! | [`address_denied`](crate::RejectionKind::AddressDenied) | 403 | the address of the client is on a deny list or not on the allow list ([`addresses(..)`](crate::gate::GateBuilder::addresses)), or not one of those of the API key; or it is unknown; or a cookie of `insecure_loopback(..)` on a host that is not this machine | `explain` (section `origin`); [`ClientAddress`](crate::request::ClientAddress) of the request; proxies; `Host` | [`proxies(..)`](crate::gate::GateBuilder::proxies): [behind a proxy](super::behind_a_proxy); extend the list; `SessionCookie::new(..)` and TLS |
//! | [`tls_required`](crate::RejectionKind::TlsRequired) | 403 | the gate has [`require_tls()`](crate::gate::GateBuilder::require_tls), and the client's connection is not encrypted, or this is unknown | `explain` (section `origin`); `X-Forwarded-Proto` of the proxy | let clients use `https`; let the proxy send the header; [`EncryptedConnection`](crate::request::EncryptedConnection) without a proxy |
//! | [`rate_limited`](crate::RejectionKind::RateLimited) | 429 | a limit refused ([rate limits](super::rate_limits)) | [`Refusal::limit`](crate::http_response::Refusal::limit) has its name; the audit record | wait for `Retry-After`; raise the limit, or give this caller an exception or a plan |
//! | [`quota_exhausted`](crate::RejectionKind::QuotaExhausted) | 429 | a quota of the caller is used up until its window ends ([usage and quotas](super::usage_and_quotas)) | [`Refusal::limit`](crate::http_response::Refusal::limit); the usage in the store | wait for `Retry-After`; sell more |
//! | [`credits_exhausted`](crate::RejectionKind::CreditsExhausted) | 403 | the credits of the caller are used up; waiting does not help | [`Refusal::limit`](crate::http_response::Refusal::limit) | sell more |
//! | [`locked_out`](crate::RejectionKind::LockedOut) | 429 | too many credentials from this source were refused ([lock-out](super::lock_out)) | records of `locked` in the audit trail; event [`SourceLocked`](crate::event::Event::SourceLocked) | find out which credential fails; [`pardon`](crate::limit::LockOut::pardon); it ends by itself |
//! | [`unavailable`](crate::RejectionKind::Unavailable) | 503 | not validated: keys, introspection or a store did not answer, a record needs a pepper that is not configured, a pepper was swapped under its version, a shared limit or a required audit sink failed, requests are shed, or the clock failed | source; doctor; observer | restore what is down; [`Gate::warm_up`](crate::Gate::warm_up) at the start; never answer it as 401 |
//!
//! A 401 has a `WWW-Authenticate` challenge (RFC 6750), and a 403 for scopes names all scopes that
//! the operation needs. 429 and 503 have `Retry-After`. A refused refresh token is `invalid_grant`
//! ([`error_code`](crate::http_response::Refusal::error_code)) for the answer of your token endpoint.
//!
//! # Kinds of configuration errors
//!
//! A [`ConfigError`](crate::ConfigError) is returned when something is built, never while requests
//! are served. Its text names the field, what was found and what to do; its
//! [`kind`](crate::ConfigError::kind) is one of these:
//!
//! | kind | usual cause |
//! |---|---|
//! | [`algorithm_unusable`](crate::error::ConfigErrorKind::AlgorithmUnusable) | `algorithms([..])` names one that none of the keys can serve |
//! | [`conflict`](crate::error::ConfigErrorKind::Conflict) | two validators take one shape, two authorizers, or several issuers without [bounds](super::several_issuers) |
//! | [`empty`](crate::error::ConfigErrorKind::Empty) | no validator or no authorizer, an empty name or list |
//! | [`key_malformed`](crate::error::ConfigErrorKind::KeyMalformed) | a certificate in place of a public key, PEM given as a secret, a type that is not supported |
//! | [`key_private`](crate::error::ConfigErrorKind::KeyPrivate) | a private key where tokens are only verified; `openssl pkey -pubout` extracts the public one |
//! | [`key_weak`](crate::error::ConfigErrorKind::KeyWeak) | RSA under 2048 bits, a secret shorter than its hash (32, 48 or 64 bytes), an Ed25519 point of small order |
//! | [`no_usable_key`](crate::error::ConfigErrorKind::NoUsableKey) | every member of a key set was skipped; the skipped ones say why |
//! | [`out_of_range`](crate::error::ConfigErrorKind::OutOfRange) | a duration, number or size beyond its bound, which the text names |
//! | [`store_unusable`](crate::error::ConfigErrorKind::StoreUnusable) | a path that is a folder or in a missing one, a file that cannot be read and written or is locked, a file of another program or of a newer version, or one that all users can read |
//! | [`unreadable`](crate::error::ConfigErrorKind::Unreadable) | a secret's file or variable is missing or not readable |
//! | [`value_malformed`](crate::error::ConfigErrorKind::ValueMalformed) | a URL, name, certificate or JSON text that cannot be parsed |
