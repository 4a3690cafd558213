//! Grants, the common part of sessions and refresh tokens: their record, their store and their
//! errors.

#[cfg(feature = "session")]
mod draft;
mod error;
mod grant_store;
mod record;
pub mod store;

#[cfg(feature = "session")]
pub(crate) use draft::Draft;
#[cfg(feature = "session")]
pub(crate) use draft::Privileges;
#[cfg(feature = "session")]
pub(crate) use draft::check_lifetime;
#[cfg(feature = "session")]
pub(crate) use draft::no_random;
#[cfg(feature = "session")]
pub(crate) use draft::purge;
pub use error::{GrantError, GrantErrorKind};
pub use grant_store::GrantStore;
pub use record::Grant;
