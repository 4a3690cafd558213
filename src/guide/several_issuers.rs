//! Trust several issuers: what each may assert, tenants of one provider, and presets.
//!
//! # Join the issuers
//!
//! Each issuer gets a validator with its own keys, audience and rules; [`JwtValidator::join`] makes
//! one of them. The `iss` of a token selects the issuer by exact match, and only that issuer's keys
//! verify it, whatever its `kid`.
//!
//! With two outside authorities there is a new question: may the partner issue a token with the
//! scope `orders:admin`, which only your own provider should grant? So a gate with several outside
//! authorities is built only if each is bounded by [`grants`], or if all are declared equal.
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::{ConfigError, Gate, JwtValidator, KeyStore, require_scope};
//! # use bearergate::clock::{Clock, SystemClock};
//! # use bearergate::crypto::Algorithm;
//! # use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
//!
//! fn gate(staff: Arc<dyn KeyStore>, partner: Arc<dyn KeyStore>) -> Result<Gate, ConfigError> {
//!     let validator = |issuer: &str, keys| {
//!         JwtValidator::builder().issuer(issuer).audience("https://orders.example.com").key_store(keys)
//!     };
//!     let staff = validator("https://idp.example.com", staff)
//!         .grants(["orders:read", "orders:admin"], ["tenant", "roles"]);
//!     let partner = validator("https://login.partner.example", partner)
//!         .grants(["orders:read"], ["tenant"]);
//!     Gate::builder()
//!         .validator(JwtValidator::join([staff.build()?, partner.build()?])?)
//!         .authorizer(require_scope("orders:read"))
//!         .build()
//! }
//! #
//! # fn issuer(name: &str) -> Result<JwtIssuer, Box<dyn std::error::Error>> {
//! #     let now = SystemClock::default().now().ok_or("no time")?;
//! #     let keys = SigningKeys::builder(SigningKey::generate(Algorithm::EdDsa)?).build(now)?;
//! #     Ok(JwtIssuer::builder(name, keys).build()?)
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let staff = issuer("https://idp.example.com")?;
//! # let partner = issuer("https://login.partner.example")?;
//! # let gate = gate(Arc::new(staff), Arc::new(partner.clone()))?;
//! # let claims = AccessClaims::new("bob", "portal", "https://orders.example.com");
//! # let token = partner.mint(&claims.scopes(["orders:read", "orders:admin"]).claim("roles", ["admin"]))?;
//! # let authorization = format!("Bearer {}", token.expose());
//! # let request = http::Request::get("/").header("authorization", authorization).body(())?;
//!
//! // The partner signs a token for `bob`: scopes `orders:read orders:admin`, role `admin`.
//! let admitted = gate.try_check_now(&request).ok_or("keys are ready")??;
//! let principal = admitted.principal();
//! assert_eq!(principal.authority().as_str(), "https://login.partner.example");
//! assert!(principal.scopes().is_some_and(|scopes| scopes.contains("orders:read")));
//! assert!(principal.scopes().is_some_and(|scopes| !scopes.contains("orders:admin")));
//! assert!(principal.claims().value("roles").is_none());
//! # Ok(())
//! # }
//! ```
//!
//! - [`grants`] lists the scopes and the claims that an issuer may assert. The registered claims
//!   are always kept; everything else is removed from the principal, so no policy sees it.
//!   Introspection endpoints have [the
//!   same](crate::introspection::IntrospectionValidatorBuilder::grants).
//! - [`all_authorities_equal`] says that every issuer may assert everything. Call it if the same
//!   people run all of them, for example during a migration from one provider to another.
//! - What the service issues itself (API keys, sessions) is no outside authority.
//! - The clock and the sender constraint of the first validator apply to all that are joined.
//! - With the feature `reqwest`, `Gate::issuers` does the same in one builder, for issuers with one
//!   audience whose keys are found by discovery.
//!
//! # Keep subjects apart
//!
//! A subject is the pair of [`Authority`](crate::principal::Authority) and id: `alice` of the
//! partner is somebody else than `alice` of your provider. Store both, compare both, and name the
//! authority in conditions and revocations:
//!
//! ```
//! use bearergate::policy::{authority, client, owner, param};
//! use bearergate::require_scope;
//! use bearergate::revocation::Revocation;
//!
//! // The path `/users/{user}/orders` names users of the own provider.
//! let own = owner(param("user").of("https://idp.example.com"));
//! let admin = authority("https://idp.example.com") & require_scope("orders:admin");
//! // A client `billing` of the partner is another one.
//! let billing = client("billing").of("https://idp.example.com");
//! let policy = own | admin | billing;
//! let revocation = Revocation::subject("https://login.partner.example", "alice");
//! # let _ = (policy, revocation);
//! ```
//!
//! An issuer may always assert `sub`, `client_id` and the other registered ids, whatever it was
//! granted. So [`client`](crate::policy::client) and comparisons of a [`claim`](crate::claim) with an
//! id are unknown for the callers of all outside authorities, which denies, unless
//! [`of`](crate::policy::Condition::of) names the one that is meant.
//! [`Policy::lint`](crate::Policy::lint) finds conditions without it (`bare_id`). A gate with one
//! outside authority, or with [`all_authorities_equal`], needs none of this.
//!
//! The authority is the first name of the issuer, unless
//! [`authority`](crate::jwt::JwtValidatorBuilder::authority) sets another one. Choose a name that
//! stays when the provider moves to a new URL. An issuer that writes several spellings of its name
//! is one authority: [`issuers`](crate::jwt::JwtValidatorBuilder::issuers).
//!
//! # Accept the tenants of one provider
//!
//! If a provider has one `iss` for each tenant and one key set for all, match the issuer by a
//! pattern and decide which tenants to trust. The closure is called after the signature is
//! verified; `None` rejects the token as `issuer_mismatch`:
//!
//! ```
//! use bearergate::JwtValidator;
//! use bearergate::key::KeySet;
//! use bearergate::principal::Authority;
//!
//! const CUSTOMERS: [&str; 2] = ["blue", "green"];
//!
//! fn validator(keys: KeySet) -> Result<JwtValidator, bearergate::ConfigError> {
//!     JwtValidator::builder()
//!         .issuer_pattern("https://login.example.com/{tenant}/v2.0", |tenant| {
//!             // Subjects of two tenants must not share an authority.
//!             CUSTOMERS.contains(&tenant.name()).then(|| Authority::from(tenant.issuer()))
//!         })
//!         .audience("https://orders.example.com")
//!         .keys(keys)
//!         .build()
//! }
//! # let _ = validator;
//! ```
//!
//! # Use a preset
//!
//! [`jwt::providers`](crate::jwt::providers) has what the tokens of well-known providers need, with
//! the reasons: [`auth0`], [`aws_outbound`], [`cognito`], [`entra`], [`firebase`],
//! [`github_actions`], [`gitlab`], [`google_id_token`], [`google_service_account`], [`keycloak`],
//! [`kubernetes`] and [`okta`]. A preset becomes a validator
//! with fixed keys or with keys that are fetched from where the provider publishes them, and takes
//! further settings by [`customize`](crate::jwt::providers::Preset::customize):
//!
//! ```
//! # #[cfg(not(feature = "reqwest"))]
//! # fn main() {}
//! # #[cfg(feature = "reqwest")]
//! # fn main() -> Result<(), bearergate::ConfigError> {
//! use std::sync::Arc;
//!
//! use bearergate::environment::Environment;
//! use bearergate::integrations::{reqwest::Client, tokio::TokioSpawner};
//! use bearergate::jwt::providers;
//! use bearergate::{Gate, JwtValidator, require_scope};
//!
//! let environment = Environment::new().http_client(Client::new()?).spawner(TokioSpawner::new());
//! let (tenant, app) = ("8d0a5c5e-8e1e-4c4f-9a52-0d5f6c2f3b11", "0b1c2d3e-4f50-4a6b-8c7d-9e0fa1b2c3d4");
//! let staff = providers::entra([tenant], app)
//!     .customize(|builder| builder.grants(["orders.read"], ["roles"]));
//! let builds = providers::github_actions("https://orders.example.com")
//!     .customize(|builder| builder.require_claim("repository_owner_id", "65"))
//!     .customize(|builder| builder.grants([""; 0], ["repository_id", "ref"]));
//! let staff_keys = staff.key_source().env(&environment).build()?;
//! let build_keys = builds.key_source().env(&environment).build()?;
//! let validator = JwtValidator::join([
//!     staff.key_store(Arc::new(staff_keys))?,
//!     builds.key_store(Arc::new(build_keys))?,
//! ])?;
//! let gate = Gate::builder().validator(validator).authorizer(require_scope("orders.read")).build()?;
//! # drop(gate);
//! # Ok(())
//! # }
//! ```
//!
//! # Check the configuration
//!
//! [`Gate::doctor`](crate::Gate::doctor) asks every issuer and reports what does not fit. It compares
//! the issuer, to a slash at the end, where the keys are discovered. With a fixed address of the keys
//! ([`FetchedKeys::jwks_url`](crate::key::FetchedKeys::jwks_url), and presets that know it, see
//! [`Preset::jwks_url`](crate::jwt::providers::Preset::jwks_url)) the issuer is not compared: a
//! wrong one shows as `issuer_mismatch` at the first token. [`Gate::warm_up`](crate::Gate::warm_up)
//! fetches the keys of all issuers; one that fails does not keep the others from being fetched.
//!
//! [`JwtValidator::join`]: crate::JwtValidator::join
//! [`all_authorities_equal`]: crate::gate::GateBuilder::all_authorities_equal
//! [`auth0`]: crate::jwt::providers::auth0
//! [`aws_outbound`]: crate::jwt::providers::aws_outbound
//! [`cognito`]: crate::jwt::providers::cognito
//! [`entra`]: crate::jwt::providers::entra
//! [`firebase`]: crate::jwt::providers::firebase
//! [`github_actions`]: crate::jwt::providers::github_actions
//! [`gitlab`]: crate::jwt::providers::gitlab
//! [`google_id_token`]: crate::jwt::providers::google_id_token
//! [`google_service_account`]: crate::jwt::providers::google_service_account
//! [`grants`]: crate::jwt::JwtValidatorBuilder::grants
//! [`keycloak`]: crate::jwt::providers::keycloak
//! [`kubernetes`]: crate::jwt::providers::kubernetes
//! [`okta`]: crate::jwt::providers::okta
