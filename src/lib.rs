#![doc = include_str!("../README.md")]
#![cfg_attr(bearergate_docsrs, feature(doc_cfg))]

mod now_or_later;
mod revocation_list;
mod simd;
mod single_flight;

#[cfg(feature = "api-key")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "api-key")))]
pub mod api_key;
#[cfg(feature = "introspection")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "introspection")))]
pub mod client_auth;
pub mod clock;
pub mod credential;
pub mod crypto;
pub mod diagnosis;
pub mod error;
pub mod event;
pub mod gate;
#[cfg(any(feature = "issuer", feature = "session"))]
#[cfg_attr(
    bearergate_docsrs,
    doc(cfg(any(feature = "issuer", feature = "session")))
)]
pub mod grant;
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
pub mod jwt;
pub mod key;
pub mod limits;
pub mod policy;
pub mod principal;
#[cfg(feature = "session")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "session")))]
pub mod refresh;
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
