//! Types for authors of stores of sessions and refresh tokens.
//!
//! A store implements [`GrantStore`](crate::grant::GrantStore) and
//! [`SessionStore`](crate::session::SessionStore),
//! [`RefreshTokenStore`](crate::refresh::RefreshTokenStore) or both. Services only meet the
//! [`SessionHandle`], by which they revoke a session.

mod digest;
mod lookup;
mod page;
pub(super) mod revocation_record;
pub(super) mod sequence;
pub(super) mod session_handle;
mod subject_limit;

pub use digest::TokenDigest;
pub use lookup::Lookup;
pub use page::{GrantPage, GrantPosition, GrantQuery};
pub use revocation_record::RevocationRecord;
#[cfg(feature = "issuer")]
pub(crate) use revocation_record::holder_subject;
pub use sequence::Sequence;
pub use session_handle::SessionHandle;
pub use subject_limit::{Created, SubjectLimit};
