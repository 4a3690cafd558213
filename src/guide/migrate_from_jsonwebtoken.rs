//! Migrate from jsonwebtoken: `decode` and `Validation` replaced.
//!
//! The facts below are from the sources of `jsonwebtoken` 9.3, 11.1 and 12.0. Where they differ, the
//! version is named.
//!
//! # Side by side
//!
//! With `jsonwebtoken` the caller picks the key, and `Validation` says what is checked:
//!
//! ```text
//! let mut validation = Validation::new(Algorithm::RS256);
//! validation.set_issuer(&["https://idp.example.com"]);
//! validation.set_audience(&["https://api.example.com"]);
//! validation.set_required_spec_claims(&["exp", "iss", "aud"]);
//! validation.validate_nbf = true;
//!
//! let kid = decode_header(token)?.kid.ok_or(NoKey)?;
//! let key = keys.get(&kid).ok_or(NoKey)?;          // HashMap<String, DecodingKey>
//! let claims = decode::<MyClaims>(token, key, &validation)?.claims;
//! ```
//!
//! Here the validator has the keys, and issuer, audience, `exp`, `nbf` and `iat` are always checked:
//!
//! ```
//! use bearergate::{ConfigError, JwtValidator, Rejection};
//! use bearergate::key::KeySet;
//! # use serde::Deserialize;
//! # #[derive(Deserialize)]
//! # struct MyClaims {}
//!
//! // Once, at the start:
//! fn validator(jwks: &str) -> Result<JwtValidator, ConfigError> {
//!     JwtValidator::builder()
//!         .issuer("https://idp.example.com")
//!         .audience("https://api.example.com")
//!         .keys(KeySet::from_jwks(jwks)?)
//!         .build()
//! }
//!
//! // For each token; an HTTP service gives the request to a `Gate` instead.
//! async fn claims(validator: &JwtValidator, token: &str) -> Result<MyClaims, Rejection> {
//!     validator.decode(token).await
//! }
//! ```
//!
//! | jsonwebtoken | here |
//! |---|---|
//! | `DecodingKey::from_rsa_pem`, `from_ec_pem`, `from_ed_pem` | [`Key::from_pem`](crate::key::Key::from_pem); the key knows its type |
//! | `DecodingKey::from_secret(b)` | [`Key::from_secret`](crate::key::Key::from_secret), at least 32 bytes |
//! | `DecodingKey::from_base64_secret` | decode it, then `Key::from_secret`; [`Key::from_base64url_secret`](crate::key::Key::from_base64url_secret) takes base64url without padding |
//! | `DecodingKey::from_jwk`, `JwkSet` and a loop | [`Key::from_jwk`](crate::key::Key::from_jwk), [`KeySet::from_jwks`](crate::key::KeySet::from_jwks); keys over the network: [`FetchedKeys`](crate::key::FetchedKeys) |
//! | `decode::<MyClaims>(token, key, &validation)` | [`validator.decode(token)`](crate::JwtValidator::decode), ready at once if the keys are configured |
//! | `Validation::new(alg)`, `algorithms` | nothing: the key decides; [`algorithms`](crate::jwt::JwtValidatorBuilder::algorithms) only narrows |
//! | `set_issuer(&[a, b])`: one key for both | [`issuers([a, b])`](crate::jwt::JwtValidatorBuilder::issuers) if they are one issuer; else one validator each, and [`JwtValidator::join`](crate::JwtValidator::join), so that a key of `a` never verifies a token of `b` |
//! | `sub`, `set_required_spec_claims` | [`require_claim`](crate::jwt::JwtValidatorBuilder::require_claim) for a value, [`check`](crate::jwt::JwtValidatorBuilder::check) for anything else |
//! | `leeway = 60` | 30 seconds; [`leeway`](crate::jwt::JwtValidatorBuilder::leeway), up to 600 |
//! | `reject_tokens_expiring_in_less_than` | none: compare in `check` |
//! | `ErrorKind` | [`RejectionKind`](crate::RejectionKind) |
//! | `CryptoProvider::install_default` | none: nothing is global to the process |
//! | `encode` | [`JwtIssuer`](crate::issuer::JwtIssuer), which rotates its keys too; with a secret among your own services: [`SigningKey::hs256_verifiers_can_mint`](crate::issuer::SigningKey::hs256_verifiers_can_mint), below |
//!
//! `encode` and `decode` with one secret among your own services become:
//!
//! ```
//! use bearergate::JwtValidator;
//! use bearergate::clock::{Clock, SystemClock};
//! use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
//! use bearergate::key::{Key, KeySet};
//! # let secret = vec![7; 32];
//!
//! // The service that signs. Each service that has the secret can sign, too.
//! let now = SystemClock::default().now().ok_or("no time")?;
//! let key = SigningKey::hs256_verifiers_can_mint(secret.clone())?;
//! let keys = SigningKeys::builder(key).build(now)?;
//! let issuer = JwtIssuer::builder("https://login.internal", keys).build()?;
//! let token = issuer.mint(&AccessClaims::new("alice", "shop", "https://orders.internal"))?;
//!
//! // The service that verifies.
//! let validator = JwtValidator::builder()
//!     .issuer("https://login.internal")
//!     .audience("https://orders.internal")
//!     .keys(KeySet::from(Key::from_secret(secret)?))
//!     .build()?;
//! # #[derive(serde::Deserialize)]
//! # struct MyClaims { sub: String }
//! # let claims: MyClaims = validator.decode(token.expose()).try_now().map_err(|_| "later")??;
//! # assert_eq!(claims.sub, "alice");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is refused here
//!
//! All majors accept the left column unless a version is named. The opt-in accepts that case and
//! nothing else.
//!
//! | accepted by jsonwebtoken | here | opt-in |
//! |---|---|---|
//! | no issuer or audience configured | does not compile | `any_issuer()`, `any_audience()` |
//! | `iss` or `aud` absent although configured, unless listed as required | `claim_missing` | `any_issuer()`, `any_audience()` |
//! | `iss` an array that contains the issuer | `claim_invalid` | none: `iss` is one string (RFC 7519 section 4.1.1) |
//! | `exp` absent, if it is not listed as required | `claim_missing` | `allow_missing_expiry()` |
//! | expired tokens, by `validate_exp = false` | `token_expired` | none: `FakeClock` in tests, `leeway` up to 600 s |
//! | `now == exp + leeway` exactly | `token_expired` | none: "on or after" (RFC 7519 section 4.1.4) |
//! | `nbf` in the future, by default | `token_not_yet_valid` | `leeway(..)` |
//! | `iat` in the future, or of any type | `token_issued_in_future`, `claim_invalid` | `leeway(..)` for the first |
//! | `exp` or `nbf` of a wrong type, not required (9) | `claim_invalid` | none: CVE-2026-25537 |
//! | `iss`, `sub`, `aud` of a wrong type, not required (9, 11) | `claim_invalid` | none |
//! | `jti`, `client_id`, `azp`, `scope`, `act`, `cnf` of a wrong type | `claim_invalid` | none |
//! | registered claims that are `null`, empty, or have control characters | `claim_invalid` | `absent_if_null([..])`, `absent_if_empty([..])` for `sub`, `azp`, `client_id`, `jti`, `scope` |
//! | any `typ` | `type_mismatch` unless absent, `JWT` or `at+jwt` | `require_type(..)`, `accept_types([..])` |
//! | ID tokens, logout tokens, security events, credentials as access tokens | `type_mismatch` | `id_token(client)` for ID tokens |
//! | access tokens with a `nonce`, without payload `typ` `Bearer` | `type_mismatch` | `access_mark(..)` |
//! | tokens bound to a key (`cnf`) | `binding_required` | `sender_constraint(..)`, which checks the binding |
//! | `crit` (9, 11; of 12 only `["b64"]` with `b64: true`), `b64` | `header_unsupported` | none: what must be understood is not |
//! | `enc` in a signed token, `cty: JWT` | `header_unsupported` | none |
//! | duplicate members of claims that the service does not read | `token_malformed` | none: two parsers would disagree |
//! | tokens and headers of any size, JSON of depth 128 | `token_too_large` | `max_token_bytes(..)`, up to 64 KiB, `max_header_bytes(..)`, up to 16 KiB |
//! | secrets of any length (12: not empty) | `key_weak` under 32, 48, 64 bytes | none: issue longer secrets |
//! | PEM, JWK or SSH text as a secret | `key_malformed` | none: algorithm confusion |
//! | RSA of any size that the provider takes | `key_weak` under 2048 bits | none |
//! | a private key or certificate for verification | `key_private`, `key_malformed` | none: `openssl pkey -pubout`, `openssl x509 -pubkey` |
//! | secrets (`oct`) in a key set | skipped | `Key::from_jwk`, from configuration only |
//! | a `kid` that the caller did not look at | `key_not_found`, `key_ambiguous` | a key without `kid` matches any; `KeySet::rotating(..)` |
//! | unverified tokens, by `dangerous::insecure_decode` | not offered | none |
//!
//! Accepted here and refused there: `alg: "Ed25519"` (RFC 9864), a token with `aud` under
//! `any_audience()`, and header members of odd types that are never used (`jku`, `x5c` and others).
//!
//! # In order
//!
//! 1. Look at real tokens first: from a clone, `cargo run --release --example replay` validates
//!    recorded ones and names the kind of each rejection. See [errors](super::errors).
//! 2. Replace secrets that are too short. This changes the issuer too, so do it first.
//! 3. Replace `decode` by a validator. Where the application keeps `DecodingKey`s of version 12, the
//!    feature `jsonwebtoken` converts them
//!    ([`key_from_decoding_key`](crate::integrations::jsonwebtoken::key_from_decoding_key)); with 9 or
//!    11 give the PEM, DER or JWK text to `Key`.
//! 4. Let a [`Gate`](crate::Gate) read the request, in place of code that parses `Authorization`.
//! 5. Move checks of scopes and roles from handlers into an [authorizer](super::policies).
//! 6. Where `encode` remains,
//!    [`crypto_provider`](crate::integrations::jsonwebtoken::crypto_provider) serves it on `ring`.
