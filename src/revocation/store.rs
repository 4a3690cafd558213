//! Stores for the revocations of a denylist.

use std::fmt;
use std::sync::Arc;

use super::entry::Revocation;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::revocation_list::RevocationTarget;

/// A store for the revocations of a [`Denylist`](crate::revocation::Denylist), so that they outlast the
/// process and reach other processes.
///
/// The store only keeps what it is given: the denylist holds all of it in memory and decides.
///
/// Contract: a store that answers at once may act when it is called; one that answers later acts
/// only when its answer is polled, and then to the end, even if the answer is dropped. Calls about
/// one target act in the order in which their answers were first polled. Check an implementation
/// with `testing::revocation_store`.
///
/// ```
/// use std::sync::Mutex;
/// use bearergate::NowOrLater;
/// use bearergate::clock::UnixTime;
/// use bearergate::error::{StoreError, StoreErrorKind};
/// use bearergate::revocation::{Revocation, RevocationStore, RevocationTarget};
///
/// #[derive(Debug, Default)]
/// struct ListInMemory(Mutex<Vec<Revocation>>);
///
/// impl ListInMemory {
///     fn change<T: Send + 'static>(
///         &self,
///         change: impl FnOnce(&mut Vec<Revocation>) -> T,
///     ) -> NowOrLater<'_, Result<T, StoreError>> {
///         let list = self.0.lock().map_err(|_| StoreErrorKind::Unavailable.into());
///         NowOrLater::now(list.map(|mut list| change(&mut list)))
///     }
/// }
///
/// /// The later of two times; `None` is later than any time.
/// fn later(a: Option<UnixTime>, b: Option<UnixTime>) -> Option<UnixTime> {
///     Some(a?.max(b?))
/// }
///
/// impl RevocationStore for ListInMemory {
///     fn add(&self, new: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
///         self.change(|list| {
///             let old = list.iter().position(|old| old.target() == new.target());
///             let Some(old) = old.map(|at| list.swap_remove(at)) else {
///                 return list.push(new);
///             };
///             let mut wider = Revocation::new(new.target().clone());
///             if let Some(time) = later(old.last_issued(), new.last_issued()) {
///                 wider = wider.issued_before(time);
///             }
///             if let Some(time) = later(old.last_expiry(), new.last_expiry()) {
///                 wider = wider.until(time);
///             }
///             list.push(wider);
///         })
///     }
///
///     fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
///         self.change(|list| list.clone())
///     }
///
///     fn remove(
///         &self,
///         target: RevocationTarget<'static>,
///     ) -> NowOrLater<'_, Result<(), StoreError>> {
///         self.change(|list| list.retain(|old| *old.target() != target))
///     }
///
///     fn purge(&self, time: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
///         self.change(|list| {
///             let before = list.len();
///             list.retain(|old| old.last_expiry().is_none_or(|end| end >= time));
///             before - list.len()
///         })
///     }
/// }
///
/// # fn check() -> Result<(), StoreError> {
/// let store = ListInMemory::default();
/// let alice = Revocation::subject("https://idp.example.com", "alice");
/// if let Ok(added) = store.add(alice.clone()).try_now() {
///     added?;
/// }
/// assert!(matches!(store.all().try_now(), Ok(Ok(all)) if all == [alice]));
/// # Ok(())
/// # }
/// # check().unwrap();
/// ```
pub trait RevocationStore: fmt::Debug + Send + Sync {
    /// Writes a revocation; returns `Ok(())` only if every later [`all`](Self::all) returns it.
    ///
    /// If there is a revocation of the same [target](Revocation::target), the store keeps the
    /// wider of both: the later [`last_issued`](Revocation::last_issued) and the later
    /// [`last_expiry`](Revocation::last_expiry), where none is later than any.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then nothing is written.
    fn add(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Returns all revocations.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if one of them could not be read.
    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>>;

    /// Removes the revocation of this target, if there is one.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then it is not removed.
    fn remove(&self, target: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>>;

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

    fn remove(&self, target: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>> {
        (**self).remove(target)
    }

    fn purge(&self, time: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        (**self).purge(time)
    }
}
