//! What is revoked, in memory and, where wanted, in a store.

use std::fmt;
use std::sync::Arc;
use std::sync::PoisonError;

#[cfg(all(test, bearergate_shuttle))]
use shuttle::sync;
#[cfg(not(all(test, bearergate_shuttle)))]
use std::sync;

use self::sync::RwLock;
use self::sync::RwLockReadGuard;
use self::sync::RwLockWriteGuard;
use self::sync::atomic::AtomicUsize;
use self::sync::atomic::Ordering;
use super::RevocationList;
use super::entry::Revocation;
use super::store::RevocationStore;
use super::table::Table;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::error::StoreError;
use crate::issuer::Revocations;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::Principal;

/// A bounded list of what is revoked. Cheap to clone; clones are one list.
///
/// It is held in memory, so asking it costs no more than a look-up, and a
/// [`revoke`](Self::revoke) counts from the next request of this process on. A list of its own is
/// lost when the process ends; one that was [opened](Self::open) on a store is not. A full list
/// refuses: it never forgets what still protects.
///
/// It needs no timer: a write that finds the list full, or twice as long as it was after the last
/// purge, [purges](Self::purge) it first, and its store too. So a list is at most twice as long as
/// what still protects, or 1024 long.
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
/// let robot = Principal::builder(PrincipalKind::Other, "test bench").subject("alice").build();
/// assert!(denylist.judge(&robot).is_ok());
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
    /// As in the table, so that an empty list costs no lock.
    len: AtomicUsize,
    limit: usize,
    store: Option<Arc<dyn RevocationStore>>,
}

impl Denylist {
    /// Starts an empty list in memory for at most `limit` revocations.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) unless there may be one to
    /// [`limits::REVOCATIONS_MAX`].
    pub fn new(limit: usize) -> Result<Self, ConfigError> {
        if (1..=limits::REVOCATIONS_MAX).contains(&limit) {
            return Ok(Self::with(limit, None));
        }
        let detail = format!("{limit} came; give 1 to {}", limits::REVOCATIONS_MAX);
        Err(ConfigError::new(
            ConfigErrorKind::OutOfRange,
            "limit",
            detail,
        ))
    }

    /// Reads a list of at most [`limits::REVOCATIONS_MAX`] from a store, in which it is kept from
    /// then on.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if not all of it could be read, or it is too long: there is no list that
    /// lacks a part.
    pub fn open(
        store: impl RevocationStore + 'static,
    ) -> NowOrLater<'static, Result<Self, StoreError>> {
        let list = Self::with(limits::REVOCATIONS_MAX, Some(Arc::new(store)));
        NowOrLater::later(async move {
            list.read_store().await?;
            Ok(list)
        })
    }

    /// Sets the clock that says what has ended; by default it is the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Revokes: from now on, before the answer is awaited, this process refuses what is named.
    ///
    /// The answer is `Ok(())` only if the store, where there is one, has it too. Where a
    /// revocation of that name stands already, the wider of both stands.
    ///
    /// # Errors
    ///
    /// [`Full`](crate::error::StoreErrorKind::Full) if there is no room, and
    /// [`Corrupt`](crate::error::StoreErrorKind::Corrupt) for an id that is empty, too long or malformed:
    /// then nothing is revoked. Any other [`StoreError`] comes from the store: then this process
    /// refuses it as long as it runs, and the call should be repeated.
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
            // What the store keeps too long takes room, nothing else: the next walk sees to it.
            Some(time) => store
                .add(revocation)
                .then(move |added| store.purge(time).map(move |_| added)),
            None => store.add(revocation),
        }
    }

    /// Takes a revocation of this name back, first from the store.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then it stands.
    pub fn restore(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        let removed = match &self.inner.store {
            Some(store) => store.remove(revocation.clone()),
            None => NowOrLater::now(Ok(())),
        };
        removed.map(move |removed| {
            removed?;
            self.change(|table| table.remove(&revocation));
            Ok(())
        })
    }

    /// Reads what other processes have revoked in the store since. Nothing is taken back by it.
    ///
    /// How often it is called bounds how long a revocation takes from one process to another.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if not all of it could be read, or there is no room.
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

    /// Forgets what is needed no longer at `now`, and returns how much this process has forgotten.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then the store has forgotten nothing.
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

    /// Returns how many revocations stand.
    pub fn len(&self) -> usize {
        self.inner.len.load(Ordering::SeqCst)
    }

    /// Returns true if nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `Ok(())` only if nothing revokes this principal: for services that ask a judge
    /// without a gate.
    ///
    /// # Errors
    ///
    /// [`TokenRevoked`](RejectionKind::TokenRevoked).
    pub fn judge(&self, principal: &Principal) -> Result<(), Rejection> {
        if self.is_empty() || !self.read().ends(principal) {
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

    /// Before when what ends by itself is needed no longer; `None` if nobody knows the time.
    fn ended(&self) -> Option<UnixTime> {
        self.clock.now().map(ended_by)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.write();
        let value = change(&mut table);
        self.inner.len.store(table.len(), Ordering::SeqCst);
        value
    }

    // A table is whole between any two of its steps.
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

/// No judge accepts at `now` what ended before this.
fn ended_by(now: UnixTime) -> UnixTime {
    UnixTime::from_secs(now.as_secs().saturating_sub(limits::LEEWAY_MAX.as_secs()))
}

impl RevocationList for Denylist {
    fn check<'a>(&'a self, principal: &'a Principal) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(self.judge(principal))
    }
}

/// For the tokens of an issuer of one's own, so that what its endpoint revokes is refused here too.
impl Revocations for Denylist {
    fn is_revoked<'a>(
        &'a self,
        token: &'a Principal,
        _now: UnixTime,
    ) -> NowOrLater<'a, Result<bool, Rejection>> {
        NowOrLater::now(Ok(self.judge(token).is_err()))
    }

    fn revoke<'a>(
        &'a self,
        token: &'a Principal,
        _now: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        match Revocation::of_token(token) {
            Some(revocation) => Self::revoke(self, revocation).map(|done| Ok(done?)),
            None => NowOrLater::now(Err(RejectionKind::Unavailable.into())),
        }
    }
}

impl Default for Denylist {
    /// Starts an empty list in memory for at most 100 000.
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
