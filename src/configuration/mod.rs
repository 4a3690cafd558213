//! A service that is configured from one file (feature `config-file`).
//!
//! A [`Configuration`] is loaded from a file, from JSON text, or by `serde` from any format, and
//! [builds](Configuration::build) a [`ConfiguredService`]: the gate, and the managers of its API
//! keys and sessions. Errors are reported all at once, each with its path. Secrets are never in the
//! file; it names the environment variable or the file that each is in.
//!
//! The page [configuration file](crate::guide::configuration_file) has a complete, annotated file.
//!
//! | section | builds |
//! |---|---|
//! | `issuers`, `providers` | [`JwtValidator`](crate::JwtValidator), by its settings or by a [preset](crate::jwt::providers) |
//! | `introspection` | [`IntrospectionValidator`](crate::IntrospectionValidator) |
//! | `api_keys` | [`ApiKeyValidator`](crate::ApiKeyValidator) and [`ApiKeyManager`](crate::api_key::ApiKeyManager) |
//! | `sessions` | [`SessionValidator`](crate::SessionValidator) and [`SessionManager`](crate::session::SessionManager) |
//! | `sources` | [`Sources`](crate::credential::Sources); the places of API keys and sessions are enabled without it |
//! | `policy`, `allow_any_authenticated` | the [`Authorizer`](crate::Authorizer) |
//! | `response` | [`ResponseConfig`](crate::http_response::ResponseConfig) |
//! | `revocations` | [`Denylist`](crate::revocation::Denylist), in memory |
//!
//! Limits, quotas, plans, address lists, proxies and the lock-out have a file of their own, so that
//! limits and lists can be replaced while requests are served: [`LimitsLoader`] reads it.
//! [`EnforcementEnv`] is for services whose environment names that file, the proxies and the audit
//! files.
//!
//! Members have the names of the builders' methods, also those that weaken a check, such as
//! `allow_missing_expiry` or `any_audience`. Spans of time have a unit: `30s`, `15m`, `8h`, `90d`.
//!
//! ```
//! use bearergate::configuration::Configuration;
//! use bearergate::environment::Environment;
//!
//! let text = br#"{
//!     "issuers": [{
//!         "issuer": "https://idp.example.com",
//!         "audience": "https://orders.example.com",
//!         "keys": {"jwks": {"keys": [
//!             {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
//!         ]}}
//!     }],
//!     "policy": {"rules": [
//!         {"name": "readers", "effect": "permit", "if": {"scope": "orders:read"}}
//!     ]}
//! }"#;
//! let service = Configuration::from_json(text)?.build(&Environment::new())?;
//! let request = http::Request::get("/orders").body(()).expect("a request");
//! let checked = service.gate().try_check_now(&request).expect("nothing to wait for");
//! assert_eq!(checked.unwrap_err().status(), 401);
//! # Ok::<(), bearergate::configuration::ConfigErrors>(())
//! ```

mod api_key_section;
mod document;
mod error;
mod files;
mod found;
mod introspection_endpoint;
mod issuers;
mod keys;
mod limits_file;
mod network;
mod no_keys;
mod places;
mod policy_section;
mod problems;
mod providers;
mod reader;
mod record_stores;
mod response_section;
mod service;
mod session_section;
mod settings;
mod shown;
mod spans;
mod token_settings;
mod tree;

pub use document::{CONFIGURATION_SCHEMA, Configuration};
pub use error::{ConfigErrors, LocatedError};
pub use limits_file::{EnforcementEnv, LIMITS_SCHEMA, LimitsFile, LimitsLoader};
pub use service::ConfiguredService;
