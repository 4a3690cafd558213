//! Principals: authenticated callers and the facts that a validator established about them.
//!
//! A [`Principal`] says who the caller is: an [`Authority`], a subject under it, scopes, audiences
//! and [`Claims`]. It does not say what the caller may do; that is the decision of a
//! [`policy`](crate::policy). Validators create principals; a validator of your own uses
//! [`Principal::builder`].

mod authority;
mod builder;
mod built;
mod claim_error;
mod claim_fault;
mod claim_place;
mod claims;
mod confirmation;
mod confirmed;
mod facts;
mod key_id;
mod kind;
#[expect(
    clippy::module_inception,
    reason = "the file is named after the type that it defines"
)]
mod principal;
mod scopes;
mod token_id;

pub use authority::Authority;
pub use builder::PrincipalBuilder;
#[cfg(feature = "api-key")]
pub(crate) use built::BuiltFacts;
#[cfg(feature = "api-key")]
pub(crate) use built::PrincipalBacking;
pub use claim_error::{ClaimError, ClaimErrorKind};
pub use claims::{ClaimValue, Claims};
pub use confirmation::Confirmation;
pub use confirmed::Confirmed;
pub(crate) use facts::Facts;
pub use key_id::KeyId;
pub use kind::PrincipalKind;
pub use principal::Principal;
pub use scopes::{Actor, Actors, Audience, Scopes};
pub use token_id::TokenId;
