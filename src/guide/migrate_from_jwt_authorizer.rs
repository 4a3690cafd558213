//! Migrate from jwt-authorizer: the layer, its keys and its claims checker replaced.
//!
//! The facts below are from the sources of `jwt-authorizer` 0.15.0, which validates with
//! `jsonwebtoken` 9.
//!
//! # Side by side
//!
//! ```text
//! let auth: Authorizer<User> = JwtAuthorizer::from_oidc("https://idp.example.com")
//!     .validation(Validation::new().iss(&["https://idp.example.com"]).aud(&["https://api.example.com"]))
//!     .check(|user: &User| user.email_verified)
//!     .build().await?;
//! let app = Router::new().route("/protected", get(protected)).layer(auth.into_layer());
//!
//! async fn protected(JwtClaims(user): JwtClaims<User>) -> String {
//!     format!("hello, {}", user.sub)
//! }
//! ```
//!
//! Here the middleware is a function of the service until there is an integration for axum. It uses
//! the feature `reqwest`; `build` sends nothing, so the service starts without its provider:
//!
//! ```
//! # #[cfg(feature = "reqwest")]
//! # mod service {
//! use axum::{Extension, Router};
//! use axum::body::Body;
//! use axum::extract::{Request, State};
//! use axum::middleware::{Next, from_fn_with_state};
//! use axum::response::Response;
//! use axum::routing::get;
//! use bearergate::{ConfigError, Gate, Principal, claim};
//!
//! fn app() -> Result<Router, ConfigError> {
//!     let gate = Gate::issuer("https://idp.example.com")
//!         .audience("https://api.example.com")
//!         .authorizer(claim("email_verified").is(true))
//!         .build()?;
//!     Ok(Router::new()
//!         .route("/protected", get(protected))
//!         .layer(from_fn_with_state(gate, check)))
//! }
//!
//! async fn check(State(gate): State<Gate>, request: Request, next: Next) -> Response {
//!     let (mut parts, body) = request.into_parts();
//!     match gate.check(&parts).await {
//!         Ok(admitted) => {
//!             parts.extensions.insert(admitted.principal().clone());
//!             next.run(Request::from_parts(parts, body)).await
//!         }
//!         Err(refusal) => refusal.into_response::<Body>(),
//!     }
//! }
//!
//! async fn protected(Extension(user): Extension<Principal>) -> String {
//!     format!("hello, {}", user.subject().unwrap_or("stranger"))
//! }
//! # }
//! ```
//!
//! | jwt-authorizer | here |
//! |---|---|
//! | `from_oidc(issuer)` | [`Gate::issuer`](crate::Gate::issuer), or [`FetchedKeys`](crate::key::FetchedKeys) and a [`JwtValidator`](crate::JwtValidator) |
//! | `from_jwks_url(url)` | `Gate::issuer(..)` with [`jwks_url`](crate::integrations::reqwest::IssuerGateBuilder::jwks_url) |
//! | `from_jwks(path)`, `from_jwks_text(text)` | [`KeySet::from_jwks`](crate::key::KeySet::from_jwks) |
//! | `from_rsa_pem` and the like (path or text) | [`Key::from_pem`](crate::key::Key::from_pem) |
//! | `from_secret(text)` | [`Key::from_secret`](crate::key::Key::from_secret), at least 32 bytes |
//! | `check(closure)` | an [authorizer](super::policies): conditions, or [`condition_fn`](crate::policy::condition_fn) for a closure |
//! | `jwt_source(JwtSource::Cookie(name))` | [`Sources::builder().cookie(name)`](crate::credential::SourcesBuilder::cookie) |
//! | `refresh`, `no_refresh` | [`fresh_for`](crate::key::FetchedKeysBuilder::fresh_for), [`stale_for`](crate::key::FetchedKeysBuilder::stale_for) |
//! | `[auth1, auth2].into_layer()`, tried in turn | [`JwtValidator::join`](crate::JwtValidator::join): `iss` selects one, and its result is final |
//! | `JwtClaims<T>` | [`principal.claims().deserialize::<T>()`](crate::principal::Claims::deserialize) |
//!
//! # What is refused here
//!
//! | accepted by jwt-authorizer | here | opt-in |
//! |---|---|---|
//! | no `iss(..)` or `aud(..)` configured | does not compile | `any_issuer()`, `any_audience()` |
//! | `iss` or `aud` absent from the token although configured | `claim_missing` | `any_issuer()`, `any_audience()` |
//! | a discovery document of another issuer: its `issuer` is not compared | `unavailable` | none |
//! | `exp(false)` | `token_expired`, `claim_missing` | `allow_missing_expiry()` for the second |
//! | `nbf` in the future, by default | `token_not_yet_valid` | `leeway(..)` |
//! | leeway of 60 seconds | 30 | `leeway(..)`, up to 600 |
//! | `disable_validation()`: no signature | not offered | none: [`FakeIssuer`](crate::testing::FakeIssuer) in tests |
//! | a token that any of several authorizers accepts, whatever its issuer | `issuer_mismatch`, `signature_invalid` | one validator for each issuer |
//! | several `Authorization` headers: the first one | `credential_ambiguous` | none |
//! | a cookie on a request from another site | `cross_site_refused` | `allow_origin(..)` |
//! | secrets of any length | `key_weak` | none |
//! | `oct` keys from a key set | skipped | `Key::from_jwk`, from configuration only |
//! | the first key of a set that fits, if there is no `kid` | `key_ambiguous` if several fit | none: let the issuer send `kid` |
//!
//! What `jsonwebtoken` accepts and this crate does not must be added to this: see
//! [Migrate from jsonwebtoken](super::migrate_from_jsonwebtoken).
//!
//! # What behaves differently
//!
//! - **Rotation.** There, an unknown `kid` causes a fetch only if the last successful one is more
//!   than ten minutes old (the README says ten seconds), and the `kid` is sent to the provider as a
//!   query parameter. Here an unknown `kid` causes a fetch at once, two in 30 seconds at most.
//! - **Outages.** There, requests wait for one lock while a key set is fetched, without a timeout,
//!   and a failed fetch is answered 500. Here usable keys serve for another hour, no request waits
//!   while there is one, a fetch has 3 seconds by default, and the answer is 503 with `Retry-After`.
//! - **Denials.** A failed `check` is 403 `insufficient_scope` there. Here that code is used only
//!   for a missing scope, with the scopes; other denials have no challenge.
//!
//! # In order
//!
//! 1. Name the issuer and the audience. If tokens have none, fix the provider first.
//! 2. Replace secrets under 32 bytes.
//! 3. Replace the layer by the middleware above, and `JwtClaims<T>` by the principal.
//! 4. Turn `check` closures into conditions; a missing claim then denies, and
//!    [`explain`](crate::Policy::explain) says so.
//! 5. Call [`Gate::warm_up`](crate::Gate::warm_up) at the start, and look at the
//!    [errors](super::errors) of the first day.
