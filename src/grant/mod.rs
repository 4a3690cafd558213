//! Grants, the common part of sessions and refresh tokens: their record, their store and their
//! errors.

mod draft;
mod error;
mod grant;
mod grant_store;
pub mod store;

pub(crate) use draft::Draft;
pub(crate) use draft::Privileges;
pub(crate) use draft::check_lifetime;
pub(crate) use draft::no_random;
pub(crate) use draft::purge;
pub use error::GrantError;
pub use error::GrantErrorKind;
pub use grant::Grant;
pub use grant_store::GrantStore;
