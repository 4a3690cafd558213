//! Presets for the tokens of well-known identity providers, with the reasons for their rules.
//!
//! A preset is what one would write with [`JwtValidator::builder`](crate::jwt::JwtValidator::builder)
//! after reading the provider's documentation. It decides who may have issued a token and for whom;
//! what the caller may do is decided by the [policy](crate::policy).
//!
//! ```
//! use bearergate::jwt::providers;
//! use bearergate::key::KeySet;
//!
//! # fn build(jwks_json: &str) -> Result<(), bearergate::ConfigError> {
//! let validator = providers::auth0("example.eu.auth0.com", "https://api.example.com")
//!     .build_with_keys(KeySet::from_jwks(jwks_json)?)?;
//! # drop(validator);
//! # Ok(())
//! # }
//! ```
//!
//! | provider | token | checked by | note |
//! |---|---|---|---|
//! | [`auth0`] | access | audience | without an `audience` parameter Auth0 issues an opaque token |
//! | [`aws_alb`] | forwarded identity | signer, client | all load balancers of a region share keys |
//! | [`aws_outbound`] | workload | audience | each account has an issuer; facts are nested |
//! | [`cognito`] | access | client | there is no audience |
//! | [`entra`] | access | audience, tenant | two issuers; tokens for Graph cannot be verified |
//! | [`entra_at`] | access | audience | CIAM, B2C and sovereign clouds, by their exact issuer |
//! | [`firebase`], [`firebase_session_cookies`] | ID | project | anyone can sign up, unless the project forbids it |
//! | [`github_actions`], [`github_actions_at`] | workload | audience | every repository on GitHub can get such tokens |
//! | [`gitlab`] | workload | audience | every project of the server can get such tokens |
//! | [`google_id_token`] | ID | client | two spellings of the issuer |
//! | [`google_service_account`] | workload | audience | every service account of Google can get such tokens |
//! | [`keycloak`], [`keycloak_clients`] | access | audience or client | audience needs a mapper |
//! | [`kubernetes`] | workload | audience | keys need the cluster's CA and a credential |
//! | [`okta`] | access | audience | tokens of the organization's own server cannot be verified |

mod argument;
mod aws_alb;
mod claim_checks;
mod google;
mod login;
mod microsoft;
mod preset;
mod workload;

pub use aws_alb::{AWS_ALB_HEADER, AwsAlbBuilder, AwsAlbValidator, aws_alb};
pub use google::{firebase, firebase_session_cookies, google_id_token, google_service_account};
pub use login::{auth0, cognito, keycloak, keycloak_clients, okta};
pub use microsoft::{entra, entra_at};
pub use preset::Preset;
pub use workload::{
    KUBERNETES_CA, KUBERNETES_KEYS, KUBERNETES_TOKEN, aws_outbound, github_actions,
    github_actions_at, gitlab, kubernetes,
};
