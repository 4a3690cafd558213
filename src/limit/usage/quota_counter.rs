//! The counter of one quota.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::quota_ledger::Ahead;
use super::quota_taken::{Call, QuotaTaken, Shared, TakenFrom};
use super::spend::{QuotaKey, QuotaWindow, Spend, SpendId, Spent};
use super::usage_store::UsageStore;
use crate::clock::UnixTime;
use crate::error::{ConfigError, StoreError};
use crate::limit::quota::Quota;
use crate::limits;
use crate::now_or_later::NowOrLater;

/// Counts one quota, for all of its holders, in a [`UsageStore`]. Cheap to clone.
///
/// [`Limits`](crate::limit) use it for their quotas; use it directly where a request costs what only
/// the service knows. The holder has to be a verified fact, such as the subject of a principal with
/// its authority; never a text that the client chose.
///
/// Without a [lease](Quota::leased) the count is exact over all processes that share the store. While
/// the store does not answer, up to one lease is counted in this process for each holder and window
/// (a hundredth of the quota, at most 1 000 units; of credits none), and reported to the store
/// later; after that the answer is [`Down`](QuotaAnswer::Down).
///
/// ```
/// use std::sync::Arc;
///
/// use bearergate::clock::UnixTime;
/// use bearergate::limit::{Quota, QuotaAnswer, QuotaCounter};
/// use bearergate::stores::MemoryUsageStore;
///
/// let store = Arc::new(MemoryUsageStore::new(10_000)?);
/// let pages = QuotaCounter::new("pages".into(), Quota::per_month(500), store)?;
/// let now = UnixTime::from_secs(1_796_083_200);
///
/// // A document of 480 pages, then one of 30.
/// let first = pages.spend_units(("idp", "alice"), 480, now).try_now().unwrap();
/// assert!(matches!(first, QuotaAnswer::Taken(_)));
/// let second = pages.spend_units(("idp", "alice"), 30, now).try_now().unwrap();
/// assert!(matches!(second, QuotaAnswer::Exhausted { .. }));
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct QuotaCounter {
    shared: Arc<Shared>,
    /// Units that are counted here for each holder and window while the store does not answer.
    outage_units: u64,
}

impl QuotaCounter {
    /// Creates the counter of a quota. `name` is the name of the limit; a quota may have
    /// [its own](Quota::named).
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for an amount of 0, a span, a lease
    /// or a length of the name out of range, [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed)
    /// for a span with a fraction of a second, [`Conflict`](crate::error::ConfigErrorKind::Conflict)
    /// for a lease of a quota that is too small for one.
    pub fn new(
        name: Arc<str>,
        quota: Quota,
        store: Arc<dyn UsageStore>,
    ) -> Result<Self, ConfigError> {
        quota.check()?;
        let name = quota.name().cloned().unwrap_or(name);
        let most = limits::LIMIT_NAME_BYTES;
        if !(1..=most).contains(&name.len()) {
            return Err(ConfigError::size_out_of_range(
                "name",
                name.len(),
                "bytes",
                1..=most,
            ));
        }
        let outage_units = quota.outage_units();
        let shared = Arc::new(Shared {
            name,
            quota,
            store,
            ledger: Mutex::default(),
            failed: AtomicU64::new(u64::MAX),
        });
        Ok(Self {
            shared,
            outage_units,
        })
    }

    /// Counts nothing in this process while the store does not answer: the answer is then
    /// [`Down`](QuotaAnswer::Down) at once, unless the holder has a lease.
    #[must_use]
    pub const fn refuse_on_outage(mut self) -> Self {
        self.outage_units = 0;
        self
    }

    /// Returns the name under which the store counts. A request is charged once for each name.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Returns the quota.
    pub fn quota(&self) -> &Quota {
        &self.shared.quota
    }

    /// Takes one unit for a holder: an id, and the authority that vouches for it.
    pub fn spend<'a>(
        &'a self,
        authority: &'a str,
        id: &'a str,
        at: UnixTime,
    ) -> NowOrLater<'a, QuotaAnswer> {
        self.spend_units((authority, id), 1, at)
    }

    /// Takes so many units for a holder, or none if fewer are left.
    ///
    /// The answer is ready at once where the store answers at once, or a lease has the units. If it is
    /// dropped before it is ready, the units are given back.
    pub fn spend_units<'a>(
        &'a self,
        holder: (&'a str, &'a str),
        units: u64,
        at: UnixTime,
    ) -> NowOrLater<'a, QuotaAnswer> {
        if units == 0 {
            return NowOrLater::now(self.taken(TakenFrom::Nothing, 0));
        }
        let window = self.shared.quota.window(at);
        let (key, is_lease) = match self.take_ahead(holder, units, (window, at)) {
            Ok(answer) => return NowOrLater::now(answer),
            Err(asked) => asked,
        };
        let Some(mut call) = self.call(key, units, (window, at), is_lease) else {
            return NowOrLater::now(QuotaAnswer::Down);
        };
        if self.shared.failed.load(Ordering::Relaxed) == at.as_secs() {
            return NowOrLater::now(self.count_here(call));
        }
        let first = self.shared.store.spend(&call.spend).try_now().ok();
        if let Some(Ok(spent)) = first {
            let answer = self.answered(call, spent);
            self.shared.send_ready(at, SENT_WITH_A_CALL);
            return NowOrLater::now(answer);
        }
        // Nothing has begun unless there was an answer.
        call.is_asked = first.is_some();
        NowOrLater::later(self.ask_store(call, first))
    }

    /// Asks the store, a second time after an error: its answer may have been lost only, and with the
    /// same id it takes once. `first` is an error that was ready at once.
    async fn ask_store(
        &self,
        mut call: Call,
        first: Option<Result<Spent, StoreError>>,
    ) -> QuotaAnswer {
        let (store, at) = (&self.shared.store, call.spend.at);
        call.is_asked = true;
        let result = match first {
            Some(failed) => failed,
            None => store.spend(&call.spend).await,
        };
        let result = match result {
            Ok(spent) => Ok(spent),
            Err(_) => store.spend(&call.spend).await,
        };
        let Ok(spent) = result else {
            self.shared.failed.store(at.as_secs(), Ordering::Relaxed);
            return self.count_here(call);
        };
        let answer = self.answered(call, spent);
        // What is not sent waits for the next call.
        let _ = self.shared.send(at, SENT_WITH_A_CALL).await;
        answer
    }

    /// Takes the units from a lease, or returns what to ask the store for.
    fn take_ahead(
        &self,
        (authority, id): (&str, &str),
        units: u64,
        (window, at): (Option<QuotaWindow>, UnixTime),
    ) -> Result<QuotaAnswer, (QuotaKey, bool)> {
        let key = || QuotaKey::new(&self.shared.name, authority, id);
        if self.shared.quota.lease().is_none() {
            return Err((key(), false));
        }
        let start = window.map(|window| window.start);
        let mut ledger = self.shared.lock();
        ledger.close_leases(Some(at), SENT_WITH_A_CALL);
        match ledger.take(key, (authority, id), units, (start, at)) {
            Ahead::Taken(key) => Ok(self.taken(TakenFrom::Lease(key, start), units)),
            Ahead::Ask { key, is_lease } => Err((key, is_lease)),
        }
    }

    fn call(
        &self,
        key: QuotaKey,
        units: u64,
        (window, at): (Option<QuotaWindow>, UnixTime),
        is_lease: bool,
    ) -> Option<Call> {
        let id = SpendId::random();
        let mut call = Call {
            shared: Arc::clone(&self.shared),
            spend: Spend::new(id.unwrap_or(SpendId::new(0)), key, window, units, at),
            units,
            is_lease,
            is_asked: false,
        };
        id?;
        if is_lease {
            let lease = self.shared.quota.lease().map_or(0, u64::from);
            call.spend = call.spend.clone().between(units, units.max(lease));
            if !self.shared.quota.is_credits() {
                let twice = limits::QUOTA_LEASE_LIFE.saturating_mul(2);
                call.spend.lapses = Some(at.saturating_add(twice));
            }
        }
        Some(call)
    }

    fn answered(&self, call: Call, spent: Spent) -> QuotaAnswer {
        let (spend, units) = (call.spend.clone(), call.units);
        let is_enough = spent.units >= units;
        let from = match call.is_lease {
            true => TakenFrom::Lease(spend.key.clone(), spend.window.map(|window| window.start)),
            false => TakenFrom::Store(spend.id),
        };
        let left = is_enough.then(|| spent.units.saturating_sub(units));
        call.end(left);
        match is_enough {
            true => self.taken(from, units),
            false => QuotaAnswer::Exhausted {
                renews_in: spend.window.map(|window| {
                    let secs = window.end.as_secs().saturating_sub(spend.at.as_secs());
                    Duration::from_secs(secs)
                }),
            },
        }
    }

    /// Counts units while the store does not answer. What it may have taken is given back.
    fn count_here(&self, call: Call) -> QuotaAnswer {
        let (key, window, units) = (call.spend.key.clone(), call.spend.window, call.units);
        drop(call);
        let start = window.map(|window| window.start);
        let is_counted = self
            .shared
            .lock()
            .owe(&key, window, units, self.outage_units);
        match is_counted {
            true => self.taken(TakenFrom::Here(key, start), units),
            false => QuotaAnswer::Down,
        }
    }

    fn taken(&self, from: TakenFrom, units: u64) -> QuotaAnswer {
        QuotaAnswer::Taken(QuotaTaken::new(&self.shared, from, units))
    }

    /// Returns how many calls wait for the store: spends to close, and holders whose units were
    /// counted here.
    pub fn pending(&self) -> usize {
        self.shared.lock().pending()
    }

    /// Closes the leases whose time is over, and sends what waits, until nothing waits.
    ///
    /// Call it every second where leases are used, so that the units of idle holders go back in time.
    ///
    /// # Errors
    ///
    /// The error of the store. What was not sent still waits.
    pub fn flush(&self, at: UnixTime) -> NowOrLater<'_, Result<(), StoreError>> {
        self.shared.lock().close_leases(Some(at), usize::MAX);
        NowOrLater::later(self.shared.send(at, usize::MAX))
    }

    /// Closes all leases, and sends what waits: at the end of the process.
    ///
    /// # Errors
    ///
    /// The error of the store. What was not sent still waits.
    pub fn close(&self, at: UnixTime) -> NowOrLater<'_, Result<(), StoreError>> {
        self.shared.lock().close_leases(None, usize::MAX);
        NowOrLater::later(self.shared.send(at, usize::MAX))
    }
}

/// Calls that are sent with a spend, at most.
const SENT_WITH_A_CALL: usize = 4;

/// The answer of a [`QuotaCounter`].
#[derive(Debug)]
#[non_exhaustive]
pub enum QuotaAnswer {
    /// The units were taken.
    Taken(QuotaTaken),
    /// Fewer are left, and none were taken.
    Exhausted {
        /// The time until the next window; `None` for credits, for which waiting does not help.
        renews_in: Option<Duration>,
    },
    /// The store does not answer, and nothing more is counted here.
    Down,
}
