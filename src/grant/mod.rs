//! What sessions and refresh tokens share: grants, their revocation and their errors.

mod digest;
#[cfg(feature = "session")]
mod draft;
mod error;
mod grant;
mod revocation;

pub use digest::TokenDigest;
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
pub use error::GrantError;
pub use error::GrantErrorKind;
pub use grant::Grant;
pub use grant::SessionHandle;
pub use revocation::GrantStore;
pub use revocation::Lookup;
pub use revocation::RevocationRecord;
pub use revocation::Sequence;
