//! The meter.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::usage_generation::{FrozenBatch, Generations};
use super::usage_table::SumKey;
use crate::clock::{Clock, UnixTime};
use crate::error::StoreError;
use crate::event::{Event, EventThrottle, Observer};
use crate::http_client::Spawn;
use crate::limit::usage::batch::hour_of;
use crate::limit::usage::usage_store::UsageStore;
use crate::metrics::{Counted, Counter, Metrics, Sample};
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};

/// Counts what callers use, in memory, and writes the sums to a [`UsageStore`]. Cheap to clone.
///
/// An amount counts exactly once, whatever fails between the meter and the store: a flush freezes
/// what was counted, as a [`UsageBatch`](crate::limit::UsageBatch) with a number, and sends this batch
/// unchanged until the store has answered `Ok`; a store adds a number once. What is counted meanwhile
/// goes to the next batch.
///
/// A process that is killed loses at most what was counted since the last flush began, and a batch
/// that the store did not take; with a [journal](super::MeterBuilder::journal) nothing. Flush once
/// more before the process ends.
///
/// Memory is bounded: beyond [`limits::METER_KEYS`](crate::limits::METER_KEYS) rows in one generation
/// further ones are summed up in the row of the subject `overflow`, so the total stays right.
///
/// ```
/// use std::sync::Arc;
///
/// use bearergate::clock::UnixTime;
/// use bearergate::limit::{Meter, UsageQuery, UsageStore};
/// use bearergate::principal::{Principal, PrincipalKind};
/// use bearergate::stores::MemoryUsageStore;
///
/// let store = Arc::new(MemoryUsageStore::new(10_000)?);
/// let meter = Meter::builder(store.clone()).build()?;
/// let alice = Principal::builder(PrincipalKind::AccessToken, "idp").subject("alice").build();
/// let now = UnixTime::from_secs(1_796_083_200);
///
/// meter.add(&alice, "requests", 1, now);
/// meter.add(&alice, "requests", 1, now);
/// assert_eq!(meter.pending(), 1);
/// meter.flush().try_now().unwrap()?;
///
/// let rows = store.usage(&UsageQuery::new().subject("alice")).try_now().unwrap()?;
/// assert_eq!(rows.iter().map(|row| row.amount).sum::<u64>(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Meter(Arc<Shared>);

pub(super) struct Shared {
    pub(super) generations: Generations,
    pub(super) store: Arc<dyn UsageStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) spawn: Option<Arc<dyn Spawn>>,
    /// Seconds between two flushes in the background.
    pub(super) every: u64,
    pub(super) background: Background,
    pub(super) counters: Counters,
}

#[derive(Debug, Default)]
pub(super) struct Background {
    /// The second from which on the next flush begins.
    due: AtomicU64,
    is_running: AtomicBool,
}

/// What has happened, and when it was last reported.
#[derive(Debug)]
pub(super) struct Counters {
    taken: Counter,
    failed: Counter,
    unwritten: Counter,
    unflushed: EventThrottle,
    saturated: EventThrottle,
}

impl Meter {
    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Adds an amount to what a caller used of a meter in the UTC hour of `at`, the time of the use.
    ///
    /// The row is that of the subject, else of the client, else of the kind of the credential, each
    /// with its authority. It never waits for the store. For a row that is known it allocates nothing.
    pub fn add(&self, who: &Principal, meter: &'static str, amount: u64, at: UnixTime) {
        let subject = who.subject().or_else(|| who.client());
        let subject = subject.unwrap_or_else(|| who.kind().as_str());
        self.add_for(who.authority(), subject, (meter, amount), at);
    }

    /// Adds an amount for another unit of billing than the subject: a tenant, an API key, a client.
    ///
    /// `id` has to be a verified fact that `authority` vouches for, never a text that the client
    /// chose: it is billed.
    pub fn add_for(
        &self,
        authority: &Authority,
        id: &str,
        (meter, amount): (&'static str, u64),
        at: UnixTime,
    ) {
        if amount == 0 {
            return;
        }
        let key = SumKey {
            authority,
            subject: id,
            meter,
            hour: hour_of(at),
        };
        let counted = self.0.generations.add(key, amount);
        if counted.is_unwritten {
            self.0.counters.unwritten.add(1);
        }
        if counted.is_saturated {
            self.0.report_saturated(meter);
        }
        self.flush_if_due(at);
    }

    /// Starts a flush in the background if there is a spawner, and it is time for one.
    fn flush_if_due(&self, at: UnixTime) {
        let Some(spawn) = &self.0.spawn else { return };
        let (at, due) = (at.as_secs(), self.0.background.due.load(Ordering::Relaxed));
        let next = at.saturating_add(self.0.every);
        // After a step of the clock back, a due time in the far future is of no use.
        if at < due && due <= next {
            return;
        }
        if self.0.background.is_running.swap(true, Ordering::Acquire) {
            return;
        }
        self.0.background.due.store(next, Ordering::Relaxed);
        let running = Running(Arc::clone(&self.0));
        spawn.spawn(NowOrLater::later(async move {
            // An error was reported; the next flush repeats the batch.
            let _ = running.0.send(true).await;
        }));
    }

    /// Sends what was counted before this call to the store, and first what an earlier flush did not
    /// bring there. It is `Ok` only if the store has taken all of it.
    ///
    /// With a spawner in the [`Environment`](crate::environment::Environment), additions start a flush
    /// in the background as soon as it is time; without one, call this every second. Two calls at once
    /// do no harm.
    ///
    /// # Errors
    ///
    /// The error of the store, which may have taken the batch. It is kept, and the next flush sends it
    /// again.
    pub fn flush(&self) -> NowOrLater<'_, Result<(), StoreError>> {
        let mut may_freeze = true;
        while let Some(frozen) = self.0.generations.next(&mut may_freeze) {
            let Ok(answer) = self.0.store.add(&frozen.batch).try_now() else {
                return NowOrLater::later(self.0.send(may_freeze));
            };
            if let Err(error) = self.0.answered(&frozen, answer) {
                return NowOrLater::now(Err(error));
            }
        }
        NowOrLater::now(Ok(()))
    }

    /// Returns the counters of this meter, for
    /// [`Metrics::joined`](crate::metrics::Metrics::joined): a gate knows nothing of it.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(vec![Arc::new(self.clone())])
    }

    /// Returns the number of rows that the store does not have, those of failed flushes included.
    pub fn pending(&self) -> usize {
        self.0.generations.pending()
    }
}

impl Shared {
    /// Sends what is frozen, and then, if `may_freeze` is true, what has grown.
    async fn send(&self, mut may_freeze: bool) -> Result<(), StoreError> {
        while let Some(frozen) = self.generations.next(&mut may_freeze) {
            let answer = self.store.add(&frozen.batch).await;
            self.answered(&frozen, answer)?;
        }
        Ok(())
    }

    fn answered(
        &self,
        frozen: &Arc<FrozenBatch>,
        answer: Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match answer {
            Ok(()) => {
                self.generations.sent(frozen);
                self.counters.taken.add(1);
                Ok(())
            }
            Err(error) => {
                self.counters.failed.add(1);
                self.report_unflushed();
                Err(error)
            }
        }
    }

    fn report_unflushed(&self) {
        let Some(observer) = &self.observer else {
            return;
        };
        let at = self.clock.elapsed().unwrap_or_default();
        if self.counters.unflushed.admit(at, 1).is_some() {
            let rows = self.generations.pending();
            observer.observe(&Event::UsageUnflushed { rows });
        }
    }

    #[cold]
    fn report_saturated(&self, meter: &str) {
        let Some(observer) = &self.observer else {
            return;
        };
        let at = self.clock.elapsed().unwrap_or_default();
        if let Some(count) = self.counters.saturated.admit(at, 1) {
            observer.observe(&Event::UsageSaturated { meter, count });
        }
    }
}

impl Counters {
    pub(super) const fn new() -> Self {
        Self {
            taken: Counter::new(),
            failed: Counter::new(),
            unwritten: Counter::new(),
            unflushed: EventThrottle::new(),
            saturated: EventThrottle::new(),
        }
    }
}

/// A flush in the background. The next one may begin when it is dropped, also unfinished.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.background.is_running.store(false, Ordering::Release);
    }
}

impl Counted for Meter {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        let pending = u64::try_from(self.pending()).unwrap_or(u64::MAX);
        add(Sample {
            name: "bearergate_usage_pending",
            labels: &[],
            value: pending,
        });
        let counters = &self.0.counters;
        for (result, counter) in [("ok", &counters.taken), ("failed", &counters.failed)] {
            add(Sample {
                name: "bearergate_usage_flushes_total",
                labels: &[("result", result)],
                value: counter.get(),
            });
        }
        add(Sample {
            name: "bearergate_usage_unjournaled_total",
            labels: &[],
            value: counters.unwritten.get(),
        });
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreErrorKind;
    use crate::limit::{Credit, Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow};

    /// Takes every second batch.
    #[derive(Debug, Default)]
    struct EverySecond(AtomicBool);

    impl UsageStore for EverySecond {
        fn add<'a>(&'a self, _: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>> {
            NowOrLater::now(match self.0.fetch_xor(true, Ordering::SeqCst) {
                true => Ok(()),
                false => Err(StoreErrorKind::Unavailable.into()),
            })
        }

        fn spend<'a>(&'a self, _: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>> {
            NowOrLater::now(Ok(Spent::new(0, 0)))
        }

        fn give_back(&self, _: SpendId, _: u64) -> NowOrLater<'_, Result<(), StoreError>> {
            NowOrLater::now(Ok(()))
        }

        fn credit<'a>(&'a self, _: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>> {
            NowOrLater::now(Ok(0))
        }

        fn usage<'a>(
            &'a self,
            _: &'a UsageQuery,
        ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>> {
            NowOrLater::now(Ok(Vec::new()))
        }

        fn purge(&self, _: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
            NowOrLater::now(Ok(0))
        }
    }

    #[test]
    fn flushes_are_counted_by_result_and_rows_until_the_store_has_them() {
        let meter = Meter::builder(EverySecond::default()).build().unwrap();
        let samples = || {
            let mut found = Vec::new();
            meter.samples(&mut |sample| {
                found.push((
                    sample.name,
                    sample.labels.first().map(|label| label.1.to_owned()),
                    sample.value,
                ));
            });
            found
        };
        let of = |ok, failed, pending| {
            let flushes = "bearergate_usage_flushes_total";
            vec![
                ("bearergate_usage_pending", None, pending),
                (flushes, Some("ok".to_owned()), ok),
                (flushes, Some("failed".to_owned()), failed),
                ("bearergate_usage_unjournaled_total", None, 0),
            ]
        };
        assert_eq!(samples(), of(0, 0, 0));
        let now = UnixTime::from_secs(7_200);
        meter.add_for(&Authority::from("idp"), "alice", ("requests", 3), now);
        meter.add_for(&Authority::from("idp"), "bob", ("requests", 3), now);
        assert_eq!(samples(), of(0, 0, 2));
        assert!(meter.flush().try_now().unwrap().is_err());
        assert_eq!(samples(), of(0, 1, 2));
        assert!(meter.flush().try_now().unwrap().is_ok());
        assert_eq!(samples(), of(1, 1, 0));
    }
}
