//! The counter of one quota.

use std::sync::Arc;
use std::time::Duration;

use super::UsageStore;
use crate::clock::UnixTime;
use crate::error::{ConfigError, StoreError};
use crate::limit::quota::Quota;
use crate::now_or_later::NowOrLater;

/// Counts one quota, for all of its callers, in a [`UsageStore`].
#[derive(Clone, Debug)]
pub struct QuotaCounter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    name: Arc<str>,
}

impl QuotaCounter {
    /// Creates the counter of a quota. `name` is that of the limit; the quota may have its own
    /// ([`Quota::named`]).
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for an amount, a span or a lease out of range.
    pub fn new(
        name: Arc<str>,
        quota: Quota,
        _store: Arc<dyn UsageStore>,
    ) -> Result<Self, ConfigError> {
        let name = quota.name.unwrap_or(name);
        Ok(Self(Arc::new(Shared { name })))
    }

    /// Refuses with [`QuotaAnswer::Down`] as soon as the store does not answer; by default up to one
    /// lease is counted here until then.
    #[must_use]
    pub fn refuse_on_outage(self) -> Self {
        self
    }

    /// Returns the name under which the store counts. A request is charged once for each name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Takes one unit.
    pub fn spend<'a>(
        &'a self,
        _authority: &'a str,
        _id: &'a str,
        _at: UnixTime,
    ) -> NowOrLater<'a, QuotaAnswer> {
        NowOrLater::now(QuotaAnswer::Down)
    }

    /// Sends what the store did not take: units to give back, and units counted here.
    pub fn flush(&self, _at: UnixTime) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(Ok(()))
    }
}

/// The answer of a [`QuotaCounter`].
#[derive(Debug)]
#[non_exhaustive]
pub enum QuotaAnswer {
    /// The units were taken.
    Taken(QuotaTaken),
    /// Fewer are left, and none were taken.
    Exhausted {
        /// The time until the next window; `None` for credits.
        renews_in: Option<Duration>,
    },
    /// The store does not answer.
    Down,
}

/// Units that were taken from a quota. Dropping it keeps them taken.
#[derive(Debug)]
#[must_use]
pub struct QuotaTaken(());

impl QuotaTaken {
    /// Gives the units back. It never waits: what the store does not take at once is sent with the
    /// next call or flush.
    pub fn give_back(self) {}
}
