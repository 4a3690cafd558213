//! Where revocations outlast the process.

use std::fmt;
use std::sync::Arc;

use super::entry::Revocation;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// Keeps revocations for a [`Denylist`](crate::revocation::Denylist), which holds all of them in memory and
/// decides.
///
/// A store that answers at once may act when it is called; one that answers later acts only when
/// its answer is polled, and then to the end, even if the answer is dropped.
pub trait RevocationStore: fmt::Debug + Send + Sync {
    /// Writes a revocation and returns `Ok(())` only if every later [`all`](Self::all) returns it.
    ///
    /// Over one of the same kind, authority and id it writes the wider of both: the later
    /// [`last_issued`](Revocation::last_issued) and the later
    /// [`last_expiry`](Revocation::last_expiry), where none is later than any.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then it is not written.
    fn add(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Returns all revocations.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if not every one could be read.
    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>>;

    /// Removes the revocation of this kind, authority and id, if there is one.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then it is not removed.
    fn remove(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Removes the revocations whose [`last_expiry`](Revocation::last_expiry) is before `time`,
    /// and returns how many.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then none is removed.
    fn purge(&self, time: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>>;
}

const _: Option<&dyn RevocationStore> = None;

impl<S: RevocationStore + ?Sized> RevocationStore for Arc<S> {
    fn add(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        (**self).add(revocation)
    }

    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
        (**self).all()
    }

    fn remove(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        (**self).remove(revocation)
    }

    fn purge(&self, time: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        (**self).purge(time)
    }
}
