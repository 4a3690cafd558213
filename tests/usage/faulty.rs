//! A store that fails when a test says so.

use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bearergate::NowOrLater;
use bearergate::clock::UnixTime;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::limit::{
    Credit, Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow, UsageStore,
};
use bearergate::stores::MemoryUsageStore;

/// When a call fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing was done.
    Before,
    /// All was done, and the answer was lost.
    After,
    /// All was done, and there is no answer. Only of a store whose answers are not ready at once.
    Hangs,
}

/// A store in memory of which some calls fail, and that remembers what was sent.
#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: MemoryUsageStore,
    faults: Mutex<Vec<Option<Fault>>>,
    is_down: Mutex<Option<Fault>>,
    pub(crate) calls: AtomicUsize,
    pub(crate) batches: Mutex<Vec<UsageBatch>>,
    pub(crate) spends: Mutex<Vec<Spend>>,
    waits: bool,
}

impl Faulty {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemoryUsageStore::new(100_000).unwrap(),
            faults: Mutex::default(),
            is_down: Mutex::default(),
            calls: AtomicUsize::new(0),
            batches: Mutex::default(),
            spends: Mutex::default(),
            waits: false,
        }
    }

    /// A store whose answers are never ready at once.
    pub(crate) fn waiting() -> Self {
        Self {
            waits: true,
            ..Self::new()
        }
    }

    /// The next calls fail so, the last of the list first.
    pub(crate) fn plan(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        *self.faults.lock().unwrap() = faults.into_iter().collect();
    }

    /// Every call fails, until it is set to `None`.
    pub(crate) fn set_down(&self, fault: Option<Fault>) {
        *self.is_down.lock().unwrap() = fault;
    }

    fn fault(&self) -> Option<Fault> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let planned = self.faults.lock().unwrap().pop().flatten();
        planned.or(*self.is_down.lock().unwrap())
    }

    fn answer<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce() -> Result<T, StoreError> + Send + 'a,
    ) -> NowOrLater<'a, Result<T, StoreError>> {
        let failed = || Err(StoreError::new(StoreErrorKind::Unavailable));
        let answer = move || match self.fault() {
            Some(Fault::Before) => failed(),
            Some(Fault::After) => call().and_then(|_| failed()),
            Some(Fault::Hangs) => call().and_then(|_| Err(StoreErrorKind::Corrupt.into())),
            None => call(),
        };
        if !self.waits {
            return NowOrLater::now(answer());
        }
        NowOrLater::later(async move {
            match answer() {
                Err(error) if error.kind() == StoreErrorKind::Corrupt => pending().await,
                answer => answer,
            }
        })
    }
}

fn now<T: Send>(answer: NowOrLater<'_, T>) -> T {
    answer.try_now().expect("a store in memory answers at once")
}

impl UsageStore for Faulty {
    fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>> {
        self.answer(move || {
            self.batches.lock().unwrap().push(batch.clone());
            now(self.inner.add(batch))
        })
    }

    fn spend<'a>(&'a self, spend: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>> {
        self.answer(move || {
            self.spends.lock().unwrap().push(spend.clone());
            now(self.inner.spend(spend))
        })
    }

    fn give_back(&self, id: SpendId, units: u64) -> NowOrLater<'_, Result<(), StoreError>> {
        self.answer(move || now(self.inner.give_back(id, units)))
    }

    fn credit<'a>(&'a self, credit: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>> {
        self.answer(move || now(self.inner.credit(credit)))
    }

    fn usage<'a>(
        &'a self,
        query: &'a UsageQuery,
    ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>> {
        self.inner.usage(query)
    }

    fn purge(&self, before: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.inner.purge(before)
    }
}
