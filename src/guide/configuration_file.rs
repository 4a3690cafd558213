//! Configure a service from a file: issuers, API keys, sessions and policy, without code for them.
//!
//! Feature `config-file`; with `sqlite` for stores in a file, and with `reqwest` for keys that are
//! fetched. The service loads a [`Configuration`](crate::configuration::Configuration), builds it, and
//! calls [`Gate::check`](crate::Gate::check). What the file can say is what the builders can, by the
//! names of their methods, so their documentation is that of the members too; unknown members are
//! refused. `schema/configuration.schema.json` is the JSON Schema, for completion in editors.
//!
//! # The code
//!
#![cfg_attr(feature = "config-file", doc = "```no_run")]
#![cfg_attr(not(feature = "config-file"), doc = "```text")]
//! use bearergate::configuration::{ConfigErrors, Configuration};
//! use bearergate::environment::Environment;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ConfigErrors> {
//! let service = Configuration::from_file("/etc/acme/orders.json")?.build(&Environment::new())?;
//!
//! let request = http::Request::get("/orders").body(()).expect("a request");
//! let response: http::Response<String> = match service.gate().check(&request).await {
//!     Ok(admitted) => http::Response::new(format!("{:?}", admitted.principal().subject())),
//!     Err(refusal) => refusal.into_response(),
//! };
//! # drop(response);
//! # Ok(())
//! # }
//! ```
//!
//! The managers that go with the gate are there too:
//! [`api_keys`](crate::configuration::ConfiguredService::api_keys) issues and revokes keys,
//! [`sessions`](crate::configuration::ConfiguredService::sessions) and
//! [`session_cookie`](crate::configuration::ConfiguredService::session_cookie) log users in. They share the
//! gate's stores. `examples/configured` is a complete program.
//!
//! # The file
//!
//! JSON has no comments, so the notes are below.
//!
//! ```json
#![doc = include_str!("configuration_file.json")]
//! ```
//!
//! - `issuers`: an issuer needs its name, an audience and keys. What replaces one of them has to be
//!   written: `any_issuer`, `any_audience`, `id_token`. Keys are one of `jwks_file`, `jwks` (public
//!   keys in this file), `pem_file`, `secret`, `base64url_secret`, `jwks_url` and `discover`. Nothing
//!   is fetched when the service is built; [`Gate::warm_up`](crate::Gate::warm_up) fetches. Settings
//!   have the names of [`JwtValidatorBuilder`](crate::jwt::JwtValidatorBuilder); spans of time have a
//!   unit: `30s`, `15m`, `8h`, `90d`.
//! - `grants`: with several issuers each needs
//!   [`grants`](crate::jwt::JwtValidatorBuilder::grants), or the file says
//!   `"all_authorities_equal": true`.
//! - `providers`: a [preset](crate::jwt::providers) by its name. Its arguments are members, and the
//!   settings of issuers may follow.
//! - `introspection` (not in this file): the endpoint, `client` (how the service authenticates there)
//!   and an audience, see [`IntrospectionValidator`](crate::IntrospectionValidator).
//! - `peppers`: the first is the current one. Older ones verify the keys that were made under them.
//! - `store`: `sqlite` or `memory`. Sections that name one file share one store.
//! - `sources`: further places of credentials, and origins whose pages may send the cookie. The
//!   places of API keys and sessions (`x-api-key`, the cookie) are enabled without being listed.
//! - `policy`: a [policy](crate::guide::policies) or a table of routes, here, or in a file of its own
//!   (`{"file": "policy.json"}`). Without one the file must say `"allow_any_authenticated": true`.
//! - `revocations`: a [`Denylist`](crate::revocation::Denylist) in memory, which a restart empties.
//!
//! # Secrets
//!
//! No secret is written into the file. Where one is due, the file refers to it:
//! `{"env": "ACME_PEPPER"}` for an environment variable, `{"file": "/run/secrets/pepper"}` for a file,
//! which is better, because child processes inherit variables. They are read by
//! [`SecretSource`](crate::secret_source::SecretSource) when the service is built. A string in such a
//! place is refused, and neither it nor anything else that looks like a secret is in an error or in
//! `Debug`.
//!
//! # All errors at once
//!
#![cfg_attr(feature = "config-file", doc = "```")]
#![cfg_attr(not(feature = "config-file"), doc = "```text")]
//! use bearergate::configuration::Configuration;
//! use bearergate::environment::Environment;
//!
//! let text = br#"{
//!     "issuers": [{
//!         "issuer": "https://idp.example.com",
//!         "audiance": "https://orders.example.com",
//!         "keys": {"secret": "written into the file"},
//!         "leeway": "1h"
//!     }],
//!     "policy": {"rules": [{"name": "readers", "effect": "allow", "if": {"scope": "orders:read"}}]}
//! }"#;
//! let errors = Configuration::from_json(text)?.build(&Environment::new()).unwrap_err();
//! let paths: Vec<_> = errors.iter().map(|error| error.path()).collect();
//! assert_eq!(
//!     paths,
//!     [
//!         "/issuers/0", // no audience
//!         "/issuers/0/keys/secret",
//!         "/issuers/0/leeway",
//!         "/issuers/0/audiance", // did you mean `audience`?
//!         "/policy/rules/0/effect",
//!     ]
//! );
//! println!("{errors}"); // their number, then each with path, expected, found and remedy
//! # assert!(!errors.to_string().contains("written into"));
//! # Ok::<(), bearergate::configuration::ConfigErrors>(())
//! ```
//!
//! What depends on several sections, such as two issuers of one name, is checked when each of them is
//! right by itself. A text that is no JSON has one error, with line and column.
//!
//! # What differs between environments
//!
//! Relative paths are relative to the file, so a folder for each environment with the same file names
//! works without a change. What else differs, such as the issuer, is in a file for each environment;
//! there are no placeholders, because the value of one would be in no review. The clock, the
//! observer, the HTTP client (for example with a private CA) and the spawner are of the
//! [`Environment`](crate::environment::Environment), not of the file.
//!
//! # Limits, address lists, proxies and lock-out
//!
//! They are not in this file. A limits file of its own has them
//! ([`LimitsLoader`](crate::configuration::LimitsLoader), `schema/limits.schema.json`), so that limits can be
//! [changed while serving](super::rate_limits#change-limits-while-serving):
//!
#![cfg_attr(feature = "config-file", doc = "```no_run")]
#![cfg_attr(not(feature = "config-file"), doc = "```text")]
//! use bearergate::address::Proxies;
//! use bearergate::configuration::{Configuration, LimitsLoader};
//! use bearergate::environment::Environment;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = LimitsLoader::new().from_file("/etc/acme/limits.json")?;
//! let limits = file.limits().ok_or("a file without limits")?.clone().build()?;
//! let proxies = file.proxies().cloned().unwrap_or(Proxies::none());
//! let service = Configuration::from_file("/etc/acme/orders.json")?
//!     .build_with(&Environment::new(), |gate| gate.proxies(proxies).limits(limits.clone()))?;
//! # drop(service);
//! # Ok(())
//! # }
//! ```
//!
//! For a gate that is built in Rust, [`EnforcementEnv`](crate::configuration::EnforcementEnv) reads from
//! environment variables where that file is, the networks of the proxies, and the directory of audit
//! files.
//!
//! # What a file cannot say
//!
//! It is added in code:
//! [`build_with`](crate::configuration::Configuration::build_with) changes the gate, for example adds
//! a validator or an authorizer, and
//! [`policy_loader`](crate::configuration::Configuration::policy_loader) knows the conditions that the
//! policy refers to by name.
//!
//! # Inside the service's own file
//!
//! `Configuration` implements `Deserialize`, so it is a member of the service's own settings, in the
//! format that these have. [`relative_to`](crate::configuration::Configuration::relative_to) names the
//! folder of relative paths, which `serde` cannot know.
//!
#![cfg_attr(feature = "config-file", doc = "```")]
#![cfg_attr(not(feature = "config-file"), doc = "```text")]
//! use bearergate::configuration::Configuration;
//!
//! #[derive(serde::Deserialize)]
//! struct Settings {
//!     listen: std::net::SocketAddr,
//!     auth: Configuration,
//! }
//!
//! fn load(text: &str) -> Result<Settings, serde_json::Error> {
//!     let mut settings: Settings = serde_json::from_str(text)?; // or toml::from_str
//!     settings.auth = settings.auth.relative_to("/etc/acme");
//!     Ok(settings)
//! }
//! # let settings = load(r#"{"listen": "127.0.0.1:80", "auth": {}}"#)?;
//! # assert_eq!(settings.listen.port(), 80);
//! # drop(settings.auth);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! The same in TOML:
//!
//! ```toml
//! listen = "0.0.0.0:8080"
//!
//! [[auth.issuers]]
//! issuer = "https://idp.example.com"
//! audience = "https://orders.example.com"
//! keys = { discover = true }
//!
//! [auth.api_keys]
//! authority = "acme keys"
//! prefix = "acme_live"
//! peppers = [{ version = 1, secret = { file = "/run/secrets/pepper" } }]
//! store = { sqlite = "service.db" }
//!
//! [auth.policy]
//! file = "policy.json"
//! ```
