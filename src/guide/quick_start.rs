//! Quick start: a gate that accepts the access tokens of one issuer.
//!
//! # Add the dependency
//!
//! ```sh
//! cargo add bearergate --features reqwest
//! ```
//!
//! The feature `reqwest` fetches the keys of the issuer over HTTPS. Without it, give the keys
//! yourself; both ways are shown below.
//!
//! # Build a gate
//!
//! A [`Gate`] answers two questions about each request: who is the caller, and may the caller do
//! this? It needs a *validator*, which authenticates credentials, and an *authorizer*, which
//! decides. For the tokens of one OpenID Connect or OAuth 2.0 provider that is three lines:
//!
//! ```
//! # #[cfg(not(feature = "reqwest"))]
//! # fn main() {}
//! # #[cfg(feature = "reqwest")]
//! # fn main() -> Result<(), bearergate::ConfigError> {
//! use bearergate::{Gate, require_scope};
//!
//! let gate = Gate::issuer("https://idp.example.com") // byte for byte the `iss` of its tokens
//!     .audience("https://orders.example.com") // this service, as the provider names it
//!     .authorizer(require_scope("orders:read"))
//!     .build()?;
//! # drop(gate);
//! # Ok(())
//! # }
//! ```
//!
//! Building sends nothing. The keys are fetched when the first token needs them, or by
//! [`Gate::warm_up`], and refreshed in the background.
//!
//! # A provider that is hard to reach
//!
//! | if | then |
//! |---|---|
//! | it refuses an unknown client, or is slow | [`HttpSettings`](crate::http_client::HttpSettings): `User-Agent` and deadlines of all requests, given to the [`Environment`](crate::environment::Environment) |
//! | it has no TLS, as in a Docker Compose project | [`allow_plain_http`](crate::http_client::HttpSettings::allow_plain_http): named hosts, at private addresses only |
//! | its document is elsewhere, or names an internal host | [`discovery_url`](crate::key::FetchedKeysBuilder::discovery_url), [`trust_host`](crate::key::FetchedKeysBuilder::trust_host); a public issuer with internal keys: example at [`keycloak`](crate::jwt::providers::keycloak) |
//! | it publishes more than 100 keys, or certificates | [`max_keys`](crate::key::FetchedKeysBuilder::max_keys), [`FetchedKeys::certificate_map`](crate::key::FetchedKeys::certificate_map) |
//! | it may be down when the service starts | [`keep_in`](crate::key::FetchedKeysBuilder::keep_in): the last keys in a file of this user |
//!
//! [`Gate::doctor`](crate::Gate::doctor) says which of them it is, and what to do. It compares the
//! issuer with the provider's document where the keys are discovered, as here; with a fixed address
//! of the keys ([`jwks_url`](crate::key::FetchedKeys::jwks_url), presets that know it) the issuer is
//! not compared.
//!
//! ```
//! use std::time::Duration;
//!
//! use bearergate::Gate;
//! use bearergate::environment::Environment;
//! use bearergate::http_client::HttpSettings;
//!
//! # #[cfg(feature = "reqwest")]
//! # fn build() -> Result<(), bearergate::ConfigError> {
//! let settings = HttpSettings::new()
//!     .user_agent("orders-api/1.4")
//!     .deadline(Duration::from_secs(8))
//!     .allow_plain_http(["keycloak"]); // anyone on that network can replace the keys
//! let gate = Gate::issuer("http://keycloak:8080/realms/shop")
//!     .audience("https://orders.example.com")
//!     .allow_any_authenticated()
//!     .env(&Environment::new().http_settings(settings))
//!     .build()?;
//! # drop(gate);
//! # Ok(())
//! # }
//! # #[cfg(feature = "reqwest")]
//! # build().unwrap();
//! ```
//!
//! # Check a request
//!
//! This program is complete. It has an issuer of its own in place of a provider, so that it runs
//! offline:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::clock::{Clock, SystemClock};
//! use bearergate::crypto::Algorithm;
//! use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
//! use bearergate::{Gate, JwtValidator, require_scope};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = SystemClock::default().now().ok_or("the clock is before 1970")?;
//! let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
//! let issuer = JwtIssuer::builder("https://idp.example.com", keys).build()?;
//!
//! let validator = JwtValidator::builder()
//!     .issuer("https://idp.example.com")
//!     .audience("https://orders.example.com")
//!     .key_store(Arc::new(issuer.clone())) // or `.keys(KeySet::from_jwks(text)?)`
//!     .build()?;
//! let gate = Gate::builder().validator(validator).authorizer(require_scope("orders:read")).build()?;
//!
//! let claims = AccessClaims::new("alice", "shop", "https://orders.example.com");
//! let token = issuer.mint(&claims.scopes(["orders:read"]))?;
//! let request = http::Request::get("/orders")
//!     .header("authorization", format!("Bearer {}", token.expose()))
//!     .body(())?;
//!
//! let admitted = gate.check(&request).await?;
//! assert_eq!(admitted.principal().subject(), Some("alice"));
//!
//! let anonymous = http::Request::get("/orders").body(())?;
//! let refusal = gate.check(&anonymous).await.unwrap_err();
//! assert_eq!((refusal.status().as_u16(), refusal.kind().as_str()), (401, "credential_missing"));
//! let response: http::Response<String> = refusal.into_response();
//! assert_eq!(response.headers()["www-authenticate"], r#"Bearer realm="api""#);
//! # Ok(())
//! # }
//! ```
//!
//! - [`Gate::check`] takes `&http::request::Parts`, `&http::Request<B>` or
//!   [`RequestFacts`](crate::request::RequestFacts), so it fits every framework on the `http`
//!   types.
//! - [`Admitted`](crate::gate::Admitted) has the [`Principal`]: authority, subject, scopes and
//!   [claims](crate::Principal::claims), which [deserialize](crate::principal::Claims::deserialize)
//!   into a type of yours. An error names the claim: "claim `tenant` is missing", or "claim `org.id`:
//!   expected a string, found a number".
//! - [`Refusal`](crate::http_response::Refusal) has the [`RejectionKind`] for your log, and is the
//!   response for the client: status, `WWW-Authenticate`, and a body that is empty by default (or problem
//!   JSON, with the code of the kind if you want, or your own JSON:
//!   [`BodyStyle`](crate::http_response::BodyStyle)).
//! - The client learns little from a 401. `println!("{}", gate.explain(&request).await)` tells you what
//!   was expected and what was found: [Why was this refused](super::why_was_this_refused).
//!
//! # What is checked by default
//!
//! | part | default |
//! |---|---|
//! | place of the credential | `Authorization: Bearer`, exactly one credential per request |
//! | issuer and audience | required by the type of the builder; compared byte for byte |
//! | signature | by the one key of this issuer that fits `kid` and `alg`; the key owns the algorithm |
//! | `exp`, `nbf`, `iat` | `exp` is required; 30 seconds of clock skew are tolerated |
//! | `typ` | absent, `JWT` or `at+jwt`; ID tokens and other purposes are refused |
//! | a token with `cnf` | refused, unless a [`Binding`](crate::binding::Binding) [checks](super::bind_tokens_to_keys) its proof or certificate |
//! | an unreachable provider | 503 with `Retry-After`, never 401 and never accepted |
//!
//! Every weaker setting is a named call on a builder, such as
//! [`any_audience`](crate::jwt::JwtValidatorBuilder::any_audience).
//!
//! # Next
//!
//! - [Protect an axum service](super::protect_an_axum_service)
//! - [Choose a validator](super::choose_a_validator) for API keys, opaque tokens or sessions
//! - [Write policies](super::policies)
//!
//! [`Gate`]: crate::Gate
//! [`Gate::check`]: crate::Gate::check
//! [`Gate::warm_up`]: crate::Gate::warm_up
//! [`Principal`]: crate::Principal
//! [`RejectionKind`]: crate::RejectionKind
