//! What is revoked, in memory and, where wanted, in a store.

use std::fmt;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::clock::UnixTime;
use crate::future::NowOrLater;
use crate::limits;
use crate::principal::Principal;
use crate::rejection::ConfigError;
use crate::rejection::ConfigErrorKind;
use crate::rejection::Rejection;
use crate::rejection::RejectionKind;
use crate::revocation::Revocation;
use crate::revocation::RevocationList;
use crate::revocation::RevocationStore;
use crate::revocation::table::Table;
use crate::store::StoreError;

/// A bounded list of what is revoked. Cheap to clone; clones are one list.
///
/// It is held in memory, so asking it costs no more than a look-up, and a
/// [`revoke`](Self::revoke) counts from the next request of this process on. A list of its own is
/// lost when the process ends; one that was [opened](Self::open) on a store is not. A full list
/// refuses: it never forgets what still protects.
///
/// ```
/// use bearergate::Denylist;
/// use bearergate::Principal;
/// use bearergate::PrincipalKind;
/// use bearergate::Revocation;
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
pub struct Denylist(Arc<Inner>);

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
            list.reload().await?;
            Ok(list)
        })
    }

    /// Revokes: from now on, before the answer is awaited, this process refuses what is named.
    ///
    /// The answer is `Ok(())` only if the store, where there is one, has it too. Where a
    /// revocation of that name stands already, the wider of both stands.
    ///
    /// # Errors
    ///
    /// [`Full`](crate::StoreErrorKind::Full) if there is no room, and
    /// [`Corrupt`](crate::StoreErrorKind::Corrupt) for an id that is empty, too long or malformed:
    /// then nothing is revoked. Any other [`StoreError`] comes from the store: then this process
    /// refuses it as long as it runs, and the call should be repeated.
    pub fn revoke(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        if let Err(kind) = self.change(|table| table.add(&revocation, self.0.limit)) {
            return NowOrLater::now(Err(kind.into()));
        }
        match &self.0.store {
            Some(store) => store.add(revocation),
            None => NowOrLater::now(Ok(())),
        }
    }

    /// Takes a revocation of this name back, first from the store.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then it stands.
    pub fn restore(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        let removed = match &self.0.store {
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
        let Some(store) = &self.0.store else {
            return NowOrLater::now(Ok(()));
        };
        store.all().map(|all| {
            let all = all?;
            let limit = self.0.limit;
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
        let secs = now.as_secs().saturating_sub(limits::LEEWAY_MAX.as_secs());
        let time = UnixTime::from_secs(secs);
        let forgotten = self.change(|table| table.purge(time));
        match &self.0.store {
            Some(store) => store
                .purge(time)
                .map(move |purged| purged.map(|_| forgotten)),
            None => NowOrLater::now(Ok(forgotten)),
        }
    }

    /// Returns how many revocations stand.
    pub fn len(&self) -> usize {
        self.0.len.load(Ordering::SeqCst)
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
        Self(Arc::new(Inner {
            table: RwLock::default(),
            len: AtomicUsize::new(0),
            limit,
            store,
        }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.write();
        let value = change(&mut table);
        self.0.len.store(table.len(), Ordering::SeqCst);
        value
    }

    // A table is whole between any two of its steps.
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.0.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.0.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RevocationList for Denylist {
    fn check<'a>(&'a self, principal: &'a Principal) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(self.judge(principal))
    }
}

impl Default for Denylist {
    /// Starts an empty list in memory for at most [`limits::REVOCATIONS`].
    fn default() -> Self {
        Self::with(limits::REVOCATIONS, None)
    }
}

impl fmt::Debug for Denylist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denylist")
            .field("len", &self.len())
            .field("limit", &self.0.limit)
            .field("store", &self.0.store)
            .finish()
    }
}
