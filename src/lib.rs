//! Authentication and authorization of API requests, inside a Rust service.
//!
//! For each request a [`Gate`] answers two questions: *who is the caller, and may the caller do
//! this?* It authenticates JWTs, OAuth 2.0 opaque tokens, API keys and sessions, decides by a policy
//! of yours, and turns every refusal into the HTTP response that the standards ask for. Issuer,
//! audience and policy are required, weaker checks are named calls on a builder, and what cannot be
//! checked is 503, never an allow. There is no global state, and the core needs no network and no
//! executor.
//!
//! It is **not** an authorization server, a login page or a web framework, and it does no TLS. It
//! issues what it validates (API keys, sessions, refresh tokens, access tokens) for services that
//! have checked who their user is. Proof of possession (DPoP, certificates) needs a
//! [`SenderConstraint`](validator::SenderConstraint) of yours in this version; without one, tokens
//! that are bound to a key are refused. Rate limits, lock-outs, quotas and an audit trail are off until
//! they are configured.
//!
//! # Example
//!
//! ```
//! use bearergate::key::KeySet;
//! use bearergate::{ConfigError, Gate, JwtValidator, claim, require_scope};
//!
//! fn gate(jwks_json: &str) -> Result<Gate, ConfigError> {
//!     let validator = JwtValidator::builder()
//!         .issuer("https://idp.example.com")
//!         .audience("https://orders.example.com")
//!         .keys(KeySet::from_jwks(jwks_json)?)
//!         .build()?;
//!     let policy = require_scope("orders:read") & claim("tenant").is("acme");
//!     Gate::builder().validator(validator).authorizer(policy).build()
//! }
//!
//! async fn serve(gate: &Gate, request: &http::request::Parts) -> http::Response<String> {
//!     match gate.check(request).await {
//!         Ok(admitted) => {
//!             let caller = admitted.principal().subject().unwrap_or("a client");
//!             http::Response::new(format!("orders of {caller}"))
//!         }
//!         Err(refusal) => refusal.into_response(), // 401, 403 or 503, with `WWW-Authenticate`
//!     }
//! }
//! # let _ = (gate, serve);
//! ```
//!
//! # I want to …
//!
//! | task | guide | main types |
//! |---|---|---|
//! | try it | [quick start](guide::quick_start) | [`Gate`], [`Principal`], [`Refusal`](http_response::Refusal) |
//! | protect an axum service | [axum](guide::protect_an_axum_service) | [`Gate`], [`RouteTable`](policy::RouteTable) |
//! | know which validator I need | [choose a validator](guide::choose_a_validator) | [`JwtValidator`], [`IntrospectionValidator`], [`ApiKeyValidator`], [`SessionValidator`] |
//! | accept tokens of Auth0, Entra ID, Keycloak, Okta … | [several issuers](guide::several_issuers) | [`jwt::providers`] |
//! | fetch keys and follow their rotation | [quick start](guide::quick_start) | [`FetchedKeys`](key::FetchedKeys), `Gate::issuer` (feature `reqwest`) |
//! | trust several issuers or tenants | [several issuers](guide::several_issuers) | [`JwtValidator::join`], [`grants`](jwt::JwtValidatorBuilder::grants) |
//! | issue and accept API keys | [API keys](guide::api_keys) | [`ApiKeyManager`](api_key::ApiKeyManager), [`ApiKeyValidator`] |
//! | log users in | [sessions](guide::sessions_and_refresh_tokens) | [`SessionManager`](session::SessionManager), [`RefreshManager`](refresh::RefreshManager) |
//! | show users their devices, applications and keys | [keys and sessions of users](guide::keys_and_sessions_of_users) | [`SessionManager::list`](session::SessionManager::list), [`revoke_others`](session::SessionManager::revoke_others) |
//! | issue access tokens | [sessions](guide::sessions_and_refresh_tokens) | [`JwtIssuer`](issuer::JwtIssuer), [`TokenEndpoints`](issuer::TokenEndpoints) |
//! | decide who may do what | [policies](guide::policies) | [`Policy`], [`require_scope`], [`claim()`], [`Condition`](policy::Condition) |
//! | know the client behind a proxy, or list addresses | [behind a proxy](guide::behind_a_proxy) | [`Proxies`](address::Proxies), [`AddressRules`](address::AddressRules) |
//! | configure a service from a file | [configuration file](guide::configuration_file) | `configuration::Configuration` (feature `config-file`) |
//! | be fast, and still revoke | [caching and revocation](guide::caching_and_revocation) | [`TokenCache`](validator::TokenCache), [`Denylist`](revocation::Denylist) |
//! | validate a credential of my own | [custom validator](guide::custom_validator) | [`TokenValidator`], [`KeyStore`], [`Authorizer`] |
//! | limit callers, sources, routes and plans | [rate limits](guide::rate_limits) | [`Limits`](limit::Limits), [`Limit`](limit::Limit), [`Rate`](limit::Rate) |
//! | know the client's address behind a proxy | [behind a proxy](guide::behind_a_proxy) | [`Proxies`](address::Proxies), [`AddressRules`](address::AddressRules) |
//! | stop guessing | [lock-out](guide::lock_out) | [`LockOut`](limit::LockOut), [`Watch`](limit::Watch) |
//! | meter and sell | [usage and quotas](guide::usage_and_quotas) | [`Meter`](limit::Meter), [`Quota`](limit::Quota) |
//! | record every decision | [audit and SIEM](guide::audit_and_siem), [tamper evidence](guide::tamper_evidence) | [`Audit`](audit::Audit), [`FileSink`](audit::FileSink) |
//! | count and alert | [metrics](guide::metrics) | [`Gate::metrics`], [`Metrics`](metrics::Metrics) |
//! | know why a request was refused | [errors](guide::errors) | [`RejectionKind`], [`Gate::doctor`], [`diagnosis`] |
//! | test my service | [testing](guide::testing) | [`FakeClock`](clock::FakeClock), `testing::FakeIssuer` (feature `testing`) |
//! | know what it protects against | [threat model](guide::threat_model) | |
//! | replace `jsonwebtoken` | [migration](guide::migrate_from_jsonwebtoken) | [`JwtValidator`] |
//! | replace `jwt-authorizer` | [migration](guide::migrate_from_jwt_authorizer) | [`Gate`], [`JwtValidator`] |
//! | replace `tower-oauth2-resource-server` | [migration](guide::migrate_from_tower_oauth2_resource_server) | [`Gate`], [`JwtValidator`] |
//! | find the terms of Spring Security | [Spring Security](guide::coming_from_spring_security) | |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `api-key` | on | [`api_key`]: API keys |
//! | `session` | on | [`session`], [`refresh`]: sessions and refresh tokens |
//! | `issuer` | on | [`issuer`]: access tokens, their key rotation, introspection and revocation endpoints |
//! | `introspection` | on | [`introspection`]: opaque tokens |
//! | `policy-file` | on | policies in JSON files |
//! | `aws-lc-rs` | off | `ES512`, and a second signature provider: faster RSA and ES384; needs a C compiler |
//! | `config-file` | off | `configuration`: a service configured from one file |
//! | `cedar` | off | `integrations::cedar`: policies in Cedar |
//! | `jsonwebtoken` | off | `integrations::jsonwebtoken`: for applications that use `jsonwebtoken` 12 |
//! | `metrics` | off | `integrations::metrics`: numbers for the crate `metrics` |
//! | `reqwest` | off | `Gate::issuer`, `integrations::reqwest`: keys and introspection over HTTPS, with rustls |
//! | `sqlite` | off | `stores::SqliteStore`: everything in one file |
//! | `testing` | off | `testing`: a fake identity provider, tokens, and suites for stores |
//! | `tokio` | off | `integrations::tokio`: background work |
//! | `tracing` | off | `integrations::tracing`: events for logs |
//! | `full` | off | all of them except `aws-lc-rs`, `cedar` and `testing` |
//!
//! A feature never changes which requests are accepted.
//!
//! # Supported Rust versions
//!
//! Rust 1.88 or later.
#![cfg_attr(bearergate_docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(
        feature = "api-key",
        feature = "introspection",
        feature = "issuer",
        feature = "policy-file",
        feature = "session",
    )),
    expect(
        dead_code,
        reason = "helpers of the modules that the missing features gate; with all features there \
                  is no dead code"
    )
)]

/// The code blocks of the README, as tests.
#[cfg(all(doctest, feature = "reqwest"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

mod network;
mod now_or_later;
mod rate;
mod revocation_list;
mod simd;
mod single_flight;

pub mod address;
#[cfg(feature = "api-key")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "api-key")))]
pub mod api_key;
pub mod audit;
pub mod binding;
#[cfg(feature = "introspection")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "introspection")))]
pub mod client_auth;
pub mod clock;
#[cfg(feature = "config-file")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "config-file")))]
pub mod configuration;
pub mod credential;
pub mod crypto;
pub mod diagnosis;
pub mod environment;
pub mod error;
pub mod event;
pub mod gate;
#[cfg(any(feature = "issuer", feature = "session"))]
#[cfg_attr(
    bearergate_docsrs,
    doc(cfg(any(feature = "issuer", feature = "session")))
)]
pub mod grant;
pub mod guide;
pub mod http_client;
pub mod http_response;
pub mod integrations;
#[cfg(feature = "introspection")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "introspection")))]
pub mod introspection;
#[cfg(feature = "issuer")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "issuer")))]
pub mod issuer;
pub mod json;
#[cfg(feature = "jwe")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "jwe")))]
pub mod jwe;
pub mod jwt;
pub mod key;
pub mod limit;
pub mod limits;
pub mod message;
pub mod metadata;
pub mod metrics;
pub mod nonce;
pub mod policy;
pub mod principal;
pub mod profile;
#[cfg(feature = "session")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "session")))]
pub mod refresh;
pub mod replay;
pub mod request;
pub mod revocation;
pub mod secret;
pub mod secret_source;
#[cfg(feature = "session")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "session")))]
pub mod session;
#[cfg(any(feature = "api-key", feature = "session"))]
#[cfg_attr(
    bearergate_docsrs,
    doc(cfg(any(feature = "api-key", feature = "session")))
)]
pub mod stores;
#[cfg(feature = "testing")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
pub mod validator;

#[cfg(feature = "api-key")]
#[doc(inline)]
pub use api_key::ApiKeyValidator;
#[doc(inline)]
pub use error::{ConfigError, Rejection, RejectionKind};
#[doc(inline)]
pub use gate::Gate;
#[cfg(feature = "introspection")]
#[doc(inline)]
pub use introspection::IntrospectionValidator;
#[doc(inline)]
pub use jwt::JwtValidator;
#[doc(inline)]
pub use key::KeyStore;
pub use now_or_later::NowOrLater;
#[doc(inline)]
pub use policy::{Authorizer, Policy, claim, require_scope};
#[doc(inline)]
pub use principal::Principal;
#[cfg(feature = "session")]
#[doc(inline)]
pub use session::SessionValidator;
#[doc(inline)]
pub use validator::TokenValidator;
