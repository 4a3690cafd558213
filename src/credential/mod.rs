//! Extraction of credentials from requests.
//!
//! [`Sources`] are the places of a request that may have a credential: the `Authorization` header,
//! a cookie, another header, a form or query parameter. [`Sources::extract`] returns a
//! [`PresentedCredential`] only if exactly one of the enabled places has exactly one well-formed
//! credential; a [`Gate`](crate::Gate) calls it for every request and passes the result to a
//! [`TokenValidator`](crate::TokenValidator). Nothing in a presented credential is verified.
//!
//! [`CrossSiteCheck`] answers whether another site may have caused a request, as [`Sources`] do for
//! cookies, and [`FormTokens`] are for pages whose forms need a token in addition.

mod authorization;
pub(crate) mod base64url;
mod basic;
mod builder;
pub(crate) mod charset;
mod cookie;
mod cross_site;
mod extraction_steps;
mod form_token;
pub(crate) mod loopback;
mod media_type;
mod origin;
pub(crate) mod parameter;
pub(crate) mod place;
mod presented;
mod redact;
mod sources;
mod unverified;

pub use basic::BasicKey;
pub use builder::SourcesBuilder;
pub use cross_site::CrossSiteCheck;
pub use form_token::FormTokens;
pub(crate) use media_type::without_application;
pub use place::{Place, Scheme};
pub(crate) use presented::HandOver;
pub use presented::{Credential, PresentedCredential};
pub use sources::Sources;
pub(crate) use unverified::Unverified;
