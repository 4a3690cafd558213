//! What is no longer good although it was accepted: judged anew on every request.

mod denylist;
mod entry;
mod store;
mod table;
#[cfg(all(test, bearergate_shuttle))]
mod test_interleavings;

pub use denylist::Denylist;
pub use entry::Revocation;
pub use entry::RevocationKind;
pub use store::RevocationStore;

use std::fmt;
use std::sync::Arc;

use crate::error::Rejection;
use crate::now_or_later::NowOrLater;
use crate::principal::Principal;

/// Says which of the principals that judges accept are revoked.
///
/// A [`Gate`](crate::gate::Gate) asks on every request, after the judge and after any cache.
/// [`Denylist`] is the one of this crate.
pub trait RevocationList: fmt::Debug + Send + Sync {
    /// Returns `Ok(())` only if nothing revokes this principal.
    ///
    /// # Errors
    ///
    /// [`TokenRevoked`](crate::error::RejectionKind::TokenRevoked), or
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable) if that cannot be told.
    fn check<'a>(&'a self, principal: &'a Principal) -> NowOrLater<'a, Result<(), Rejection>>;
}

const _: Option<&dyn RevocationList> = None;

impl<L: RevocationList + ?Sized> RevocationList for Arc<L> {
    fn check<'a>(&'a self, principal: &'a Principal) -> NowOrLater<'a, Result<(), Rejection>> {
        (**self).check(principal)
    }
}
