//! Usage and quotas in the file of `--usage`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::environment::Environment;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::limit::{
    Credit, Meter, Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow, UsageStore,
};
use bearergate::stores::SqliteStore;
use bearergate::{NowOrLater, Principal};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::options::UsageOptions;
use crate::service::Service;

/// The only meter.
const REQUESTS: &str = "requests";

/// The meter and its store.
#[derive(Debug)]
pub(crate) struct Usage {
    pub(crate) meter: Meter,
    pub(crate) store: Arc<dyn UsageStore>,
    every: Duration,
}

impl Usage {
    pub(crate) fn open(
        options: &UsageOptions,
        environment: &Environment,
    ) -> Result<Self, Box<dyn Error>> {
        let opened = SqliteStore::open(&options.file);
        let file = opened.map_err(|error| format!("--usage: {error}"))?;
        let store: Arc<dyn UsageStore> = match options.fails_every {
            None => Arc::new(file),
            Some(every) => Arc::new(FailingStore {
                store: file,
                every,
                calls: AtomicU64::new(0),
            }),
        };
        let meter = Meter::builder(Arc::clone(&store)).node("guarded");
        Ok(Self {
            meter: meter.env(environment).build()?,
            store,
            every: Duration::from_millis(options.flush_millis),
        })
    }

    /// Counts an allowed request.
    pub(crate) fn count(&self, who: &Principal, at: UnixTime) {
        self.meter.add(who, REQUESTS, 1, at);
    }

    /// Returns what a subject of any authority used in each hour.
    pub(crate) async fn of(&self, subject: &str) -> Result<Value, StoreError> {
        let query = UsageQuery::new().subject(subject);
        let mut sums = std::collections::BTreeMap::new();
        for row in self.store.usage(&query).await? {
            let sum: &mut u64 = sums.entry((row.meter, row.hour.as_secs())).or_default();
            *sum = sum.saturating_add(row.amount);
        }
        let rows = sums.into_iter().map(|((meter, hour), amount)| {
            json!({"meter": meter, "hour": rfc3339(hour), "amount": amount})
        });
        Ok(rows.collect())
    }
}

/// Writes an hour as in `2026-11-30T14:00:00Z`.
fn rfc3339(secs: u64) -> Option<String> {
    let time = UnixTime::from_secs(secs).to_datetime()?;
    let (year, month, day) = time.to_calendar_date();
    let month = u8::from(month);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{:02}:00:00Z",
        time.hour()
    ))
}

/// Flushes until the service stops. What fails is sent again with the next flush.
pub(crate) async fn flush_regularly(service: Arc<Service>, mut stopped: watch::Receiver<bool>) {
    let Some(usage) = &service.usage else {
        return;
    };
    loop {
        let is_over = tokio::select! {
            () = tokio::time::sleep(usage.every) => false,
            // An error means that the service is ending.
            _ = stopped.wait_for(|stopped| *stopped) => true,
        };
        if is_over {
            return;
        }
        let _ = usage.meter.flush().await;
    }
}

/// A store whose n-th, 2n-th, … change is made and then reported as failed, as if its answer had
/// been lost.
#[derive(Debug)]
struct FailingStore {
    store: SqliteStore,
    every: u64,
    calls: AtomicU64,
}

impl FailingStore {
    /// Replaces the answer of a call if it is one that fails. A call that was never polled is none.
    fn answer<'a, T: Send + 'a>(
        &'a self,
        answer: NowOrLater<'a, Result<T, StoreError>>,
    ) -> NowOrLater<'a, Result<T, StoreError>> {
        answer.map(|answer| {
            let call = self.calls.fetch_add(1, Ordering::SeqCst).saturating_add(1);
            match call % self.every {
                0 => answer.and(Err(StoreErrorKind::Unavailable.into())),
                _ => answer,
            }
        })
    }
}

impl UsageStore for FailingStore {
    fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>> {
        self.answer(self.store.add(batch))
    }

    fn spend<'a>(&'a self, spend: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>> {
        self.answer(self.store.spend(spend))
    }

    fn give_back(&self, id: SpendId, units: u64) -> NowOrLater<'_, Result<(), StoreError>> {
        self.answer(self.store.give_back(id, units))
    }

    fn credit<'a>(&'a self, credit: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>> {
        self.answer(self.store.credit(credit))
    }

    fn usage<'a>(
        &'a self,
        query: &'a UsageQuery,
    ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>> {
        self.store.usage(query)
    }

    fn purge(&self, before: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.answer(UsageStore::purge(&self.store, before))
    }
}
