//! Choose a validator: which one authenticates which credential, and how several share a gate.
//!
//! # One validator for each kind
//!
//! | credential | validator | choose it when |
//! |---|---|---|
//! | JWT access token of a provider | [`JwtValidator`], or a [preset](crate::jwt::providers) | requests must not wait for the provider; a revoked token may live until it expires, or you keep a [denylist](crate::revocation::Denylist) |
//! | opaque access token of a provider | [`IntrospectionValidator`] | the provider issues no JWTs, or a revocation there must count within a minute |
//! | OpenID Connect ID token | [`JwtValidator`] with [`id_token`](crate::jwt::JwtValidatorBuilder::id_token) | a provider gives clients nothing else (Firebase, Google); never together with access tokens of the same keys |
//! | API key | [`ApiKeyValidator`] | programs of your customers call you for months; you issue and revoke the keys |
//! | session cookie | [`SessionValidator`] | browsers call you and you do the login |
//! | JWT of this service | [`JwtValidator`] with a [`JwtIssuer`](crate::issuer::JwtIssuer) as key store | you issue short access tokens from sessions or [refresh tokens](crate::refresh) |
//! | anything else | [your own](super::custom_validator) | |
//!
//! Refresh tokens are no credential of a request: a token endpoint of yours passes them to
//! [`RefreshManager::rotate`](crate::refresh::RefreshManager::rotate).
//!
//! # How a credential finds its validator
//!
//! Each request must have exactly one credential in the [enabled
//! places](crate::credential::Sources); two are refused, never merged. Exactly one validator gets
//! it, by [`Shape`], in this order:
//!
//! | shape | takes | declared by |
//! |---|---|---|
//! | [`Place`](crate::validator::Shape::Place) | everything found in one header, cookie or parameter | session (its cookie), API key (its header), [`validator_at`](crate::gate::GateBuilder::validator_at) |
//! | [`Prefix`](crate::validator::Shape::Prefix) | everything that starts with a text | API key |
//! | [`Jwt`](crate::validator::Shape::Jwt) | everything that looks like a JWT, in any spelling | JWT |
//! | [`SdJwt`](crate::validator::Shape::SdJwt) | everything that looks like a JWT with a `~` behind it | only [your own](super::custom_validator) |
//! | [`Opaque`](crate::validator::Shape::Opaque) | what is left, but never what looks like an SD-JWT | introspection |
//!
//! The answer of that validator is final: no other one is asked after a rejection. Two validators
//! with one shape are a [`ConfigError`] when the gate is built, and a credential that no validator
//! takes is rejected as `token_malformed`. So a malformed JWT never reaches the introspection
//! endpoint, and a mistyped API key never leaves the process. A cookie from which credentials of
//! several shapes would be taken is bound to one validator by name.
//!
//! The scheme decides with the shape: under `Authorization: DPoP` only a token that is bound to the
//! key of a proof is accepted, under `Authorization: ApiKey` only an API key. What checks proofs and
//! certificates is a [`Binding`](crate::binding::Binding), which is shared by all validators of tokens:
//! [Bind tokens to keys](super::bind_tokens_to_keys).
//!
//! # Mix validators
//!
//! Access tokens in `Authorization`, API keys in `x-api-key`, sessions in a cookie:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::api_key::ApiKeyScheme;
//! use bearergate::credential::Sources;
//! use bearergate::key::KeySet;
//! use bearergate::session::{SessionCookie, SessionManager};
//! use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore};
//! use bearergate::{ApiKeyValidator, ConfigError, Gate, JwtValidator, require_scope};
//!
//! fn gate(keys: KeySet, scheme: ApiKeyScheme) -> Result<Gate, ConfigError> {
//!     let tokens = JwtValidator::builder()
//!         .issuer("https://idp.example.com")
//!         .audience("https://orders.example.com")
//!         .keys(keys)
//!         .build()?;
//!     let store = Arc::new(MemoryApiKeyStore::new(100_000)?);
//!     let api_keys = ApiKeyValidator::builder(scheme, store).build()?;
//!     let cookie = SessionCookie::new("__Host-session")?;
//!     let store = Arc::new(MemoryGrantStore::new(100_000));
//!     let sessions = SessionManager::builder(store, "orders service").build()?;
//!
//!     Gate::builder()
//!         .validator(tokens)
//!         .validator(api_keys)
//!         .validator(sessions.validator(&cookie))
//!         // The places other than `Authorization: Bearer`, which is enabled by default.
//!         .sources(Sources::builder().header("x-api-key").cookie(cookie.name()).build()?)
//!         .authorizer(require_scope("orders:read"))
//!         .build()
//! }
//! # let _ = gate;
//! ```
//!
//! [`Principal::kind`] is what the credential was, and [`Principal::authority`] who issued it. A
//! subject has a meaning only together with its authority: `alice` of the provider is not `alice`
//! of the API keys.
//!
//! Validators of credentials that the service issues itself are always allowed together. Two
//! *outside* authorities, such as a JWT issuer and an introspection endpoint, need bounds; see
//! [several issuers](super::several_issuers).
//!
//! # Require two credentials
//!
//! An application and its user, each with a credential: [`client_validator`] adds a second slot
//! with places of its own, and every request must then fill both. [`Admitted::client`] is the
//! application.
//!
//! # Use a validator without a gate
//!
//! A validator is a plain object with one method, for transports other than HTTP:
//!
//! ```
//! use bearergate::credential::PresentedCredential;
//! use bearergate::{JwtValidator, Principal, Rejection, TokenValidator};
//!
//! async fn caller(validator: &JwtValidator, token: &str) -> Result<Principal, Rejection> {
//!     validator.validate(&PresentedCredential::bearer(token)?).await
//! }
//! # let _ = caller;
//! ```
//!
//! Without a gate, revocation and policy are yours to call:
//! [`Denylist::check`](crate::revocation::Denylist::check) and
//! [`Policy::decide`](crate::Policy::decide).
//!
//! [`Admitted::client`]: crate::gate::Admitted::client
//! [`ApiKeyValidator`]: crate::ApiKeyValidator
//! [`ConfigError`]: crate::ConfigError
//! [`IntrospectionValidator`]: crate::IntrospectionValidator
//! [`JwtValidator`]: crate::JwtValidator
//! [`Principal::authority`]: crate::Principal::authority
//! [`Principal::kind`]: crate::Principal::kind
//! [`SessionValidator`]: crate::SessionValidator
//! [`Shape`]: crate::validator::Shape
//! [`client_validator`]: crate::gate::GateBuilder::client_validator
