//! Migrate from tower-oauth2-resource-server: tenants and their layer replaced.
//!
//! The facts below are from the sources in the repository of `tower-oauth2-resource-server`, which
//! validates with `jsonwebtoken`. Compare them with the release that you use.
//!
//! # Side by side
//!
//! ```text
//! let server = <OAuth2ResourceServer>::builder()
//!     .add_tenant(
//!         TenantConfiguration::builder("https://idp.example.com/realms/main")
//!             .audiences(&["https://api.example.com"])
//!             .build().await?,                        // asks the provider, or fails
//!     )
//!     .build().await?;
//! let app = Router::new().route("/", get(root)).layer(server.into_layer());
//!
//! async fn root(claims: Extension<DefaultClaims>) -> String { .. }
//! ```
//!
//! Here, with the feature `reqwest`; `build` sends nothing:
//!
//! ```
//! # #[cfg(feature = "reqwest")]
//! # mod service {
//! use bearergate::{ConfigError, Gate, require_scope};
//!
//! fn gate() -> Result<Gate, ConfigError> {
//!     Gate::issuer("https://idp.example.com/realms/main")
//!         .audience("https://api.example.com")
//!         .authorizer(require_scope("orders:read"))
//!         .build()
//! }
//! # }
//! ```
//!
//! The middleware around [`Gate::check`](crate::Gate::check) is shown in
//! [Protect an axum service](super::protect_an_axum_service); it puts the
//! [`Principal`](crate::Principal) where `Extension<Claims>` was.
//!
//! Several tenants become several validators. The `iss` of a token selects one of them, and a key of
//! one tenant never verifies a token of another:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::{ConfigError, Gate, JwtValidator, KeyStore, require_scope};
//!
//! fn tenant(issuer: &str, keys: Arc<dyn KeyStore>) -> Result<JwtValidator, ConfigError> {
//!     JwtValidator::builder()
//!         .issuer(issuer)
//!         .audience("https://api.example.com")
//!         .key_store(keys)
//!         .grants(["orders:read"], ["tenant"]) // what this issuer may assert
//!         .build()
//! }
//!
//! fn gate(blue: Arc<dyn KeyStore>, green: Arc<dyn KeyStore>) -> Result<Gate, ConfigError> {
//!     let blue = tenant("https://idp.example.com/realms/blue", blue)?;
//!     let green = tenant("https://idp.example.com/realms/green", green)?;
//!     Gate::builder()
//!         .validator(JwtValidator::join([blue, green])?)
//!         .authorizer(require_scope("orders:read"))
//!         .build()
//! }
//! ```
//!
//! | tower-oauth2-resource-server | here |
//! |---|---|
//! | `TenantConfiguration::builder(issuer)` | [`Gate::issuer`](crate::Gate::issuer), or a [`JwtValidator`](crate::JwtValidator) over [`FetchedKeys`](crate::key::FetchedKeys) |
//! | `static_builder(jwks)` | [`KeySet::from_jwks`](crate::key::KeySet::from_jwks) |
//! | `jwks_url(..)` | [`jwks_url`](crate::integrations::reqwest::IssuerGateBuilder::jwks_url); the issuer is checked all the same |
//! | `jwks_refresh_interval(60 s)` | none: refreshed in the background, and at an unknown `kid`; [`fresh_for`](crate::key::FetchedKeysBuilder::fresh_for) |
//! | `claims_validation(..)` | what the builder requires, [`require_claim`](crate::jwt::JwtValidatorBuilder::require_claim), [`check`](crate::jwt::JwtValidatorBuilder::check) |
//! | `allowed_algorithms(..)` | [`algorithms`](crate::jwt::JwtValidatorBuilder::algorithms); the key decides, this narrows |
//! | `AuthorizerResolver` by header or unverified claims | none: [`JwtValidator::join`](crate::JwtValidator::join), or [`issuer_pattern`](crate::jwt::JwtValidatorBuilder::issuer_pattern) for many tenants |
//! | `BearerTokenResolver` | [`Sources`](crate::credential::Sources) |
//! | `ErrorHandler` | [`ResponseConfig`](crate::http_response::ResponseConfig), or your own response from the [`Refusal`](crate::http_response::Refusal) |
//! | scopes, checked in handlers | an [authorizer](super::policies) |
//!
//! # What is refused here
//!
//! | accepted by tower-oauth2-resource-server | here | opt-in |
//! |---|---|---|
//! | any audience, if `audiences(..)` is not called | does not compile | `any_audience()` |
//! | any issuer, if `jwks_url(..)` or a static set is configured and `claims_validation(..)` is not | does not compile | `any_issuer()` |
//! | a discovery document that names another issuer, which is then the one that tokens must name | `unavailable` | none |
//! | `nbf` in the future, unless the discovery document lists `nbf` | `token_not_yet_valid` | `leeway(..)` |
//! | leeway of 60 seconds | 30 | `leeway(..)`, up to 600 |
//! | secrets and `oct` keys, if HMAC is listed in `allowed_algorithms(..)` | skipped | `Key::from_jwk`, from configuration only |
//!
//! What `jsonwebtoken` accepts and this crate does not must be added to this (`typ`, `crit`, `cnf`,
//! wrong-typed claims): see [Migrate from jsonwebtoken](super::migrate_from_jsonwebtoken).
//!
//! Refused there and accepted here: a token without `kid` if one key fits, a scheme written
//! `bearer`, and a key set with a member that cannot be decoded or has no `kid`: there the whole
//! refresh is dropped, here that member is skipped and reported.
//!
//! # What behaves differently
//!
//! - **Start.** There, discovery is part of `build`: the provider must be up. Here keys load at the
//!   first token, or by [`Gate::warm_up`](crate::Gate::warm_up).
//! - **Outages.** There, a service without keys answers 401, and old keys serve without an end.
//!   Here it answers 503, and old keys serve for an hour after their freshness.
//! - **Rotation.** There, a new key is known after the next interval. Here its first token causes a
//!   fetch.
//! - **Responses.** There, `Bearer` is sent only if the header was missing or malformed. Here every
//!   401 has a challenge (RFC 6750), and a missing scope is 403 with the scopes.
//!
//! # In order
//!
//! 1. Call `audiences(..)` and check `iss` in the old service first, and see what fails.
//! 2. Replace each `TenantConfiguration` by a validator or by `Gate::issuer`.
//! 3. Replace the layer by a middleware, and `Extension<Claims>` by `Extension<Principal>`.
//! 4. Move checks of scopes from handlers into the authorizer.
