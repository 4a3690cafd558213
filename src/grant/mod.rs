//! Grants, the common part of sessions and refresh tokens: their record, their store and their
//! errors.

#[cfg(feature = "session")]
mod draft;
mod error;
mod grant_store;
#[cfg(feature = "session")]
mod list;
#[cfg(feature = "session")]
mod purge;
mod record;
mod serialized;
pub mod store;

#[cfg(feature = "session")]
pub(crate) use draft::Draft;
#[cfg(feature = "session")]
pub(crate) use draft::Privileges;
#[cfg(feature = "session")]
pub(crate) use draft::check_authority;
#[cfg(feature = "session")]
pub(crate) use draft::check_lifetime;
#[cfg(feature = "session")]
pub(crate) use draft::check_subject_limit;
#[cfg(feature = "session")]
pub(crate) use draft::no_random;
pub use error::{GrantError, GrantErrorKind};
pub use grant_store::GrantStore;
#[cfg(feature = "session")]
pub(crate) use list::not_listed;
#[cfg(feature = "session")]
pub(crate) use list::sort_by_use;
#[cfg(feature = "session")]
pub(crate) use purge::PurgeOnFull;
#[cfg(feature = "session")]
pub(crate) use purge::purge;
#[cfg(feature = "session")]
pub(crate) use purge::report_ended;
pub use record::Grant;
