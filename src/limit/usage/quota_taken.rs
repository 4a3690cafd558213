//! Units that were taken from a quota, and the calls that take them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::quota_ledger::QuotaLedger;
use super::spend::{QuotaKey, Spend, SpendId};
use super::usage_store::UsageStore;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::limit::quota::Quota;
use crate::limits;

/// What the counter of a quota and the units that it gave out share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: Arc<str>,
    pub(super) quota: Quota,
    pub(super) store: Arc<dyn UsageStore>,
    pub(super) ledger: Mutex<QuotaLedger>,
    /// The second in which the store failed last. It is not asked again in that second.
    pub(super) failed: AtomicU64,
}

impl Shared {
    // Nothing under this lock panics between two parts of a change.
    pub(super) fn lock(&self) -> MutexGuard<'_, QuotaLedger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends up to `most` of what waits.
    pub(super) async fn send(&self, at: UnixTime, most: usize) -> Result<(), StoreError> {
        for _ in 0..most {
            let unsent = self.lock().next_unsent();
            if let Some((id, units)) = unsent {
                self.store.give_back(id, units).await?;
                self.lock().sent(id);
                continue;
            }
            let owed = self.lock().next_owed(at);
            let Some(spend) = owed else { break };
            self.store.spend(&spend).await?;
            self.lock().paid(&spend);
        }
        self.failed.store(u64::MAX, Ordering::Relaxed);
        Ok(())
    }

    /// Sends some of what waits to a store that answers at once.
    pub(super) fn send_ready(&self, at: UnixTime, most: usize) {
        for _ in 0..most {
            let unsent = self.lock().next_unsent();
            if let Some((id, units)) = unsent {
                let Ok(Ok(())) = self.store.give_back(id, units).try_now() else {
                    return;
                };
                self.lock().sent(id);
                continue;
            }
            let owed = self.lock().next_owed(at);
            let Some(spend) = owed else { return };
            let Ok(Ok(_)) = self.store.spend(&spend).try_now() else {
                return;
            };
            self.lock().paid(&spend);
        }
    }

    fn give_back(&self, id: SpendId, units: u64) {
        match self.store.give_back(id, units).try_now() {
            Ok(Ok(())) => {}
            _ => self.lock().give_back(id, units),
        }
    }
}

/// A spend whose answer is awaited. Dropping it gives back what the store may have taken.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) spend: Spend,
    pub(super) units: u64,
    pub(super) is_lease: bool,
    pub(super) is_asked: bool,
}

impl Call {
    /// Ends it with an answer: the units that a lease has left, `None` for too few.
    pub(super) fn end(mut self, left: Option<u64>) {
        self.is_asked = false;
        if self.is_lease {
            self.is_lease = false;
            let until = self.spend.at.saturating_add(limits::QUOTA_LEASE_LIFE);
            self.shared.lock().leased(&self.spend, until, left);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.is_asked {
            self.shared.lock().give_back(self.spend.id, u64::MAX);
        }
        if self.is_lease {
            self.shared.lock().stop_asking(&self.spend.key);
        }
    }
}

/// Units that were taken from a quota. Dropping it keeps them taken.
#[derive(Debug)]
pub struct QuotaTaken {
    shared: Arc<Shared>,
    from: TakenFrom,
    units: u64,
}

/// Where the units are from; of a window its start.
#[derive(Debug)]
pub(super) enum TakenFrom {
    Nothing,
    Store(SpendId),
    Lease(QuotaKey, Option<UnixTime>),
    Here(QuotaKey, Option<UnixTime>),
}

impl QuotaTaken {
    pub(super) fn new(shared: &Arc<Shared>, from: TakenFrom, units: u64) -> Self {
        Self {
            shared: Arc::clone(shared),
            from,
            units,
        }
    }

    /// Returns the number of units.
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// Gives the units back. It never waits: what the store does not take at once is sent with the
    /// next call or flush. Units of a lease that has ended stay taken, and so do those that were counted
    /// while the store did not answer and are on their way to it.
    pub fn give_back(self) {
        match self.from {
            TakenFrom::Nothing => {}
            TakenFrom::Store(id) => self.shared.give_back(id, self.units),
            TakenFrom::Lease(key, start) => {
                self.shared.lock().return_to_lease(&key, start, self.units);
            }
            TakenFrom::Here(key, start) => {
                self.shared.lock().return_owed(&key, start, self.units);
            }
        }
    }
}
