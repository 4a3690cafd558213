//! The denylist: revocations in memory and, if configured, in a store.

use std::fmt;
#[cfg(not(all(test, bearergate_shuttle)))]
use std::sync;
use std::sync::{Arc, PoisonError};

#[cfg(all(test, bearergate_shuttle))]
use shuttle::sync;

use self::sync::atomic::{AtomicUsize, Ordering};
use self::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use super::entry::Revocation;
use super::store::RevocationStore;
use super::table::Table;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::environment::Environment;
use crate::error::{ConfigError, Rejection, RejectionKind, StoreError};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::Principal;
use crate::revocation_list::RevocationList;

/// A bounded list of revocations. Cheap to clone; clones share one list.
///
/// It is held in memory, so a check costs no more than a look-up, and a
/// [`revoke`](Self::revoke) takes effect with the next request of this process. A list made by
/// [`new`](Self::new) is lost when the process ends; one that was [opened](Self::open) on a store
/// is not. A full list refuses new revocations: it never forgets one that still has an effect.
///
/// It needs no timer: a write that finds the list full, or twice as long as it was after the last
/// purge, [purges](Self::purge) the list and its store first. So a list is at most twice as long
/// as the revocations that still have an effect, or 1024 long.
///
/// ```
/// use bearergate::Principal;
/// use bearergate::principal::PrincipalKind;
/// use bearergate::revocation::{Denylist, Revocation};
///
/// # async fn logout() -> Result<(), Box<dyn std::error::Error>> {
/// let denylist = Denylist::default();
/// // Gate::builder().revocations(denylist.clone())
/// denylist.revoke(Revocation::subject("https://idp.example.com", "alice")).await?;
///
/// // The same name under another authority is another subject.
/// let robot = Principal::builder(PrincipalKind::Other, "test bench").subject("alice").build();
/// assert!(denylist.check(&robot).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Denylist {
    inner: Arc<Inner>,
    clock: Arc<dyn Clock>,
}

struct Inner {
    table: RwLock<Table>,
    /// The length of the table, so that the check of an empty list takes no lock.
    len: AtomicUsize,
    limit: usize,
    store: Option<Arc<dyn RevocationStore>>,
}

impl Denylist {
    /// Makes an empty list in memory for at most `limit` revocations.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) unless `limit` is between 1 and
    /// [`limits::REVOCATIONS_MAX`].
    pub fn new(limit: usize) -> Result<Self, ConfigError> {
        if (1..=limits::REVOCATIONS_MAX).contains(&limit) {
            return Ok(Self::with(limit, None));
        }
        let range = 1..=limits::REVOCATIONS_MAX;
        Err(ConfigError::out_of_range("limit", limit, range))
    }

    /// Reads a list of at most [`limits::REVOCATIONS_MAX`] revocations from a store and keeps
    /// writing to that store.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if one of the revocations could not be read, or there are too many: an
    /// incomplete list is never returned.
    pub fn open(
        store: impl RevocationStore + 'static,
    ) -> NowOrLater<'static, Result<Self, StoreError>> {
        let list = Self::with(limits::REVOCATIONS_MAX, Some(Arc::new(store)));
        NowOrLater::later(async move {
            list.read_store().await?;
            Ok(list)
        })
    }

    /// Sets the clock that decides which revocations may be forgotten; by default the system's.
    /// While it returns no time, nothing is forgotten.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the clock from an [`Environment`]. Call it before a setter that differs from it.
    #[must_use]
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        self
    }

    /// Adds a revocation: from now on, before the answer is awaited, this process refuses what it
    /// revokes.
    ///
    /// The answer is `Ok(())` only if the store, if there is one, has it too. If there is a
    /// revocation of the same target, the wider of both is kept.
    ///
    /// # Errors
    ///
    /// [`Full`](crate::error::StoreErrorKind::Full) if the list is full, and
    /// [`Corrupt`](crate::error::StoreErrorKind::Corrupt) for an id that is empty, too long or malformed:
    /// then nothing is revoked. Any other [`StoreError`] comes from the store: then the revocation
    /// has effect in this process for as long as it runs, and the call should be repeated.
    pub fn revoke(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        let (ended, limit) = (self.ended(), self.inner.limit);
        let added = self.change(|table| {
            let is_tidied = ended.is_some_and(|time| table.tidy(time, limit));
            table.add(&revocation, limit).map(|()| is_tidied)
        });
        let is_tidied = match added {
            Ok(is_tidied) => is_tidied,
            Err(kind) => return NowOrLater::now(Err(kind.into())),
        };
        let Some(store) = &self.inner.store else {
            return NowOrLater::now(Ok(()));
        };
        match ended.filter(|_| is_tidied) {
            // What the store keeps too long only takes room; the next purge removes it.
            Some(time) => store
                .add(revocation)
                .then(move |added| store.purge(time).map(move |_| added)),
            None => store.add(revocation),
        }
    }

    /// Removes the revocation of this target, first from the store.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then the revocation stays.
    pub fn restore(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        let removed = match &self.inner.store {
            Some(store) => store.remove(revocation.target().clone()),
            None => NowOrLater::now(Ok(())),
        };
        removed.map(move |removed| {
            removed?;
            self.change(|table| table.remove(revocation.target()));
            Ok(())
        })
    }

    /// Adds what other processes have revoked in the store since the last read. Revocations that
    /// another process removed stay in this one.
    ///
    /// Call it at an interval: it bounds how long a revocation takes from one process to another.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if one of the revocations could not be read, or the list is full.
    pub fn reload(&self) -> NowOrLater<'_, Result<(), StoreError>> {
        let (ended, limit) = (self.ended(), self.inner.limit);
        self.change(|table| ended.is_some_and(|time| table.tidy(time, limit)));
        self.read_store()
    }

    fn read_store(&self) -> NowOrLater<'_, Result<(), StoreError>> {
        let Some(store) = &self.inner.store else {
            return NowOrLater::now(Ok(()));
        };
        store.all().map(|all| {
            let all = all?;
            let limit = self.inner.limit;
            self.change(|table| all.iter().try_for_each(|each| table.add(each, limit)))?;
            Ok(())
        })
    }

    /// Removes the revocations that have no effect after `now`, and returns how many this process
    /// has removed.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then the store has removed nothing.
    pub fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        let time = ended_by(now);
        let forgotten = self.change(|table| table.purge(time));
        match &self.inner.store {
            Some(store) => store
                .purge(time)
                .map(move |purged| purged.map(|_| forgotten)),
            None => NowOrLater::now(Ok(forgotten)),
        }
    }

    /// Returns the number of revocations. Expired ones count until they are purged. It is at most
    /// the limit that the list was made with.
    pub fn len(&self) -> usize {
        self.inner.len.load(Ordering::SeqCst)
    }

    /// Returns true if nothing is revoked. Then [`check`](Self::check) takes no lock.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `Ok(())` only if nothing on the list revokes this principal: for services that call
    /// a validator without a gate.
    ///
    /// # Errors
    ///
    /// [`TokenRevoked`](RejectionKind::TokenRevoked) if something does.
    pub fn check(&self, principal: &Principal) -> Result<(), Rejection> {
        if self.is_empty() || !self.read().revokes(principal) {
            return Ok(());
        }
        Err(RejectionKind::TokenRevoked.into())
    }

    fn with(limit: usize, store: Option<Arc<dyn RevocationStore>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                table: RwLock::default(),
                len: AtomicUsize::new(0),
                limit,
                store,
            }),
            clock: Arc::new(SystemClock),
        }
    }

    /// The time before which expired revocations may be forgotten; `None` without a time.
    fn ended(&self) -> Option<UnixTime> {
        self.clock.now().map(ended_by)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.write();
        let value = change(&mut table);
        self.inner.len.store(table.len(), Ordering::SeqCst);
        value
    }

    // INVARIANT: a table is consistent between any two of its steps, so poison is ignored.
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.inner
            .table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.inner
            .table
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// No validator accepts at `now` what expired before this.
fn ended_by(now: UnixTime) -> UnixTime {
    UnixTime::from_secs(now.as_secs().saturating_sub(limits::LEEWAY_MAX.as_secs()))
}

impl RevocationList for Denylist {
    fn check_revocation<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(self.check(principal))
    }

    fn revoke_token<'a>(
        &'a self,
        token: &'a Principal,
        _now: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        match Revocation::of_token(token) {
            Some(revocation) => self.revoke(revocation).map(|done| Ok(done?)),
            None => NowOrLater::now(Err(RejectionKind::Unavailable.into())),
        }
    }
}

impl Default for Denylist {
    /// Makes an empty list in memory for at most 100 000 revocations.
    fn default() -> Self {
        Self::with(limits::REVOCATIONS, None)
    }
}

impl fmt::Debug for Denylist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denylist")
            .field("len", &self.len())
            .field("limit", &self.inner.limit)
            .field("store", &self.inner.store)
            .finish()
    }
}
