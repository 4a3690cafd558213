//! Removal of what has ended, by the managers of sessions and refresh tokens.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::GrantError;
use super::grant_store::GrantStore;
use super::record::Grant;
use super::store::Created;
use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::event::{Event, Observer};
use crate::now_or_later::{NowOrLater, yield_once};
use crate::single_flight;
use crate::single_flight::{Leader, Waiter};

/// Removes everything that has ended from a store, and lets other tasks run after each step.
pub(crate) async fn purge(store: &dyn GrantStore, now: UnixTime) -> Result<usize, GrantError> {
    let mut all = 0_usize;
    loop {
        match store.purge(now).await? {
            0 => return Ok(all),
            some => all = all.saturating_add(some),
        }
        yield_once().await;
    }
}

/// Reports the grants that a new one of their subject ended.
pub(crate) fn report_ended(observer: Option<&dyn Observer>, grant: &Grant, created: &Created) {
    let Some(observer) = observer.filter(|_| !created.ended.is_empty()) else {
        return;
    };
    observer.observe(&Event::GrantsEndedByLimit {
        authority: grant.authority().as_str(),
        subject: grant.subject(),
        ended: created.ended.len(),
    });
}

/// The purges of a full store that new records cause.
///
/// One step of a purge makes room for many. One that made no room is not repeated within its
/// second, and calls at the same time wait for one purge.
#[derive(Default)]
pub(crate) struct PurgeOnFull(Mutex<Option<(UnixTime, Waiter<()>)>>);

impl PurgeOnFull {
    /// Creates a record, and does so once more after a purge if the store was full.
    pub(crate) async fn create<'a>(
        &self,
        store: &dyn GrantStore,
        now: UnixTime,
        create: impl Fn() -> NowOrLater<'a, Result<Created, StoreError>>,
    ) -> Result<Created, GrantError> {
        match create().await {
            Err(error) if error.kind() == StoreErrorKind::Full => {
                self.run(store, now).await?;
                let created = create().await?;
                self.is_worth_another();
                Ok(created)
            }
            created => Ok(created?),
        }
    }

    /// Removes some of what has ended, unless that was done in this second.
    async fn run(&self, store: &dyn GrantStore, now: UnixTime) -> Result<(), GrantError> {
        match self.join(now) {
            Ok(leader) => {
                let purged = store.purge(now).await;
                leader.complete(());
                purged?;
            }
            Err(waiter) => waiter.wait().await,
        }
        Ok(())
    }

    /// Notes that a purge made room, or that something was revoked: the next full store is worth
    /// another purge, also in this second.
    pub(crate) fn is_worth_another(&self) {
        *self.lock() = None;
    }

    fn join(&self, now: UnixTime) -> Result<Leader<()>, Waiter<()>> {
        let mut last = self.lock();
        match &*last {
            Some((at, waiter)) if *at == now => Err(waiter.clone()),
            _ => {
                let (leader, waiter) = single_flight::start(());
                *last = Some((now, waiter));
                Ok(leader)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(UnixTime, Waiter<()>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
