//! The calls of the store of a shared limit, and what is known of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::breaker::{Breaker, Permit};
use crate::error::StoreError;
use crate::event::{Event, EventThrottle, Observer};
use crate::limit::rate_store::Taken;
use crate::metrics::{Counter, Sample};

/// The state of the store of a shared limit: its breaker, its counters and its events.
#[derive(Debug)]
pub(super) struct StoreState {
    limit: Arc<str>,
    breaker: Breaker,
    throttle: EventThrottle,
    is_reported_down: AtomicBool,
    answered: Counter,
    failed: Counter,
    abandoned: Counter,
}

/// A call of the store that is under way. Dropping it counts it as abandoned.
#[derive(Debug)]
#[must_use = "the outcome of the call has to be counted"]
pub(super) struct StoreCall<'a> {
    state: &'a StoreState,
    permit: Option<Permit<'a>>,
}

impl StoreState {
    pub(super) const fn new(limit: Arc<str>) -> Self {
        Self {
            limit,
            breaker: Breaker::new(),
            throttle: EventThrottle::new(),
            is_reported_down: AtomicBool::new(false),
            answered: Counter::new(),
            failed: Counter::new(),
            abandoned: Counter::new(),
        }
    }

    /// Returns the right to a call, or `None` while the store is not asked.
    pub(super) fn admit(&self, at: Duration) -> Option<Permit<'_>> {
        self.breaker.admit(at)
    }

    /// Begins a call.
    pub(super) const fn begin<'a>(&'a self, permit: Permit<'a>) -> StoreCall<'a> {
        StoreCall {
            state: self,
            permit: Some(permit),
        }
    }

    /// Counts a call that has not ended in time, as a failed one.
    pub(super) fn count_overdue(&self, at: Duration, observer: Option<&dyn Observer>) {
        self.breaker.count_failure(at);
        self.count_failed(at, observer);
    }

    fn count_failed(&self, at: Duration, observer: Option<&dyn Observer>) {
        self.failed.add(1);
        let Some(count) = self.throttle.admit(at, 1) else {
            return;
        };
        self.is_reported_down.store(true, Ordering::Relaxed);
        if let Some(observer) = observer {
            let limit = &*self.limit;
            observer.observe(&Event::RateStoreDown { limit, count });
        }
    }

    fn count_answered(&self, observer: Option<&dyn Observer>) {
        self.answered.add(1);
        let is_back = self.is_reported_down.load(Ordering::Relaxed)
            && self.is_reported_down.swap(false, Ordering::Relaxed);
        if let (true, Some(observer)) = (is_back, observer) {
            let limit = &*self.limit;
            observer.observe(&Event::RateStoreUp { limit });
        }
    }

    /// Passes the counters on.
    pub(super) fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        let results = [
            ("ok", &self.answered),
            ("failed", &self.failed),
            ("abandoned", &self.abandoned),
        ];
        for (result, counter) in results {
            add(Sample {
                name: "bearergate_rate_store_calls_total",
                labels: &[("result", result)],
                value: counter.get(),
            });
        }
    }
}

impl StoreCall<'_> {
    /// Counts the outcome, and returns what the store took.
    pub(super) fn end(
        mut self,
        result: Result<Taken, StoreError>,
        at: Duration,
        observer: Option<&dyn Observer>,
    ) -> Option<Taken> {
        if let Some(permit) = self.permit.take() {
            permit.settle(result.is_err(), at);
        }
        match result {
            Ok(taken) => {
                self.state.count_answered(observer);
                Some(taken)
            }
            Err(_) => {
                self.state.count_failed(at, observer);
                None
            }
        }
    }
}

impl Drop for StoreCall<'_> {
    fn drop(&mut self) {
        if self.permit.is_some() {
            self.state.abandoned.add(1);
        }
    }
}
