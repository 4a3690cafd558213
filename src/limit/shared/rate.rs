//! A shared rate of one node.

use std::sync::Arc;
use std::time::Duration;

use super::answer::SharedAnswer;
use super::lease_slot::{Flown, LeaseKey, LeaseRule, Plan};
use super::lease_table::{LeaseTable, LedFlight, Turn};
use super::store_state::StoreState;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::limit::rate_store::{RateKey, RateStore, Taken};
use crate::limits;
use crate::metrics::{Counted, Sample};
use crate::now_or_later::NowOrLater;
use crate::rate::Rate;

/// How often a request waits for cells that others share, before it asks for itself.
const ROUNDS: usize = 3;

/// A rate that several nodes share through a store.
///
/// A lease pays for the requests of the next 100 ms. A refusal is remembered while it holds, so a
/// flood of refused requests does not ask the store. Requests of one key that need the store at the
/// same time share one call. A store that fails is asked no more for a second at a time.
///
/// There is no timer here: that a call ends within 50 ms is the contract of [`RateStore`]. Requests
/// that are received while a call of their key is overdue do not wait for it.
#[derive(Debug)]
pub(crate) struct SharedRate {
    store: Arc<dyn RateStore>,
    name: Arc<str>,
    rate: Rate,
    nodes: u32,
    rule: LeaseRule,
    table: Arc<LeaseTable>,
    state: Arc<StoreState>,
    observer: Option<Arc<dyn Observer>>,
}

impl SharedRate {
    /// Creates the rate of one of `nodes` nodes. It begins without a call of the store.
    ///
    /// # Errors
    ///
    /// `OutOfRange` in the field `nodes`.
    pub(crate) fn new(
        name: Arc<str>,
        store: Arc<dyn RateStore>,
        rate: Rate,
        nodes: u32,
    ) -> Result<Self, ConfigError> {
        if !(1..=limits::RATE_NODES).contains(&nodes) {
            let range = 1..=limits::RATE_NODES;
            return Err(ConfigError::out_of_range("nodes", nodes, range));
        }
        let rule = lease_rule(rate, nodes);
        Ok(Self {
            store,
            state: Arc::new(StoreState::new(Arc::clone(&name))),
            name,
            rate,
            nodes,
            rule,
            table: Arc::new(LeaseTable::new()),
            observer: None,
        })
    }

    /// Sets the observer of the events `RateStoreDown` and `RateStoreUp`.
    pub(crate) fn observed_by(mut self, observer: Option<Arc<dyn Observer>>) -> Self {
        self.observer = observer;
        self
    }

    /// Creates the same limit with another rate, for `Limits::replace` and for exceptions. Both share
    /// their memory, and what is known of the store with its counters. Leases and remembered
    /// refusals hold for one rate only, so that a higher one is in force at once.
    pub(crate) fn with_rate(&self, rate: Rate, nodes: u32) -> Result<Self, ConfigError> {
        let (name, store) = (Arc::clone(&self.name), Arc::clone(&self.store));
        let mut other = Self::new(name, store, rate, nodes)?;
        other.state = Arc::clone(&self.state);
        other.table = Arc::clone(&self.table);
        other.observer.clone_from(&self.observer);
        Ok(other)
    }

    /// Takes the cells of a request.
    ///
    /// It is ready, without an allocation, where a lease, a remembered refusal or a store that does
    /// not wait answers, and while the store is not asked. Otherwise the store is asked when the
    /// answer is first polled. Dropping it loses at most the cells of its own call.
    pub(crate) fn take<'a>(
        &'a self,
        key: RateKey,
        cost: u32,
        at: Duration,
    ) -> NowOrLater<'a, SharedAnswer> {
        if cost > self.rate.burst_cells() {
            let wait = self.rule.span;
            return NowOrLater::now(SharedAnswer::Over { wait, left: 0 });
        }
        let key = self.lease_key(key);
        if let Some(answer) = self.table.spend(&key, cost, at) {
            return NowOrLater::now(answer);
        }
        match self.take_now(&key, cost, at) {
            Some(answer) => NowOrLater::now(answer),
            None => NowOrLater::later(self.ask(key, cost, at)),
        }
    }

    /// Gives the cells of a request that did not count back to this node's lease of the key, as many
    /// as a lease may have: a store takes none back.
    pub(crate) fn give_back(&self, key: RateKey, cost: u32, at: Duration) {
        self.table.give_back(&self.lease_key(key), cost, at);
    }

    /// Returns the share of this node, the rate divided by the nodes and at least one cell, which a
    /// limit counts by itself while the store is down.
    pub(crate) fn local_share(&self) -> Rate {
        let burst = (self.rate.burst_cells() / self.nodes).max(1);
        let (quota, period) = (self.rate.quota(), self.rate.period());
        let longer = Rate::new(quota, period.saturating_mul(self.nodes));
        let fewer = || Rate::new((quota / self.nodes).max(1), period);
        let share = longer.or_else(|_| fewer()).unwrap_or(self.rate);
        share.burst(burst).unwrap_or(share)
    }

    /// Answers with a store that does not wait, or that is not asked.
    fn take_now(&self, key: &LeaseKey, cost: u32, at: Duration) -> Option<SharedAnswer> {
        let is_single = cost > self.rule.most;
        let plan = if is_single {
            Plan::whole(cost)
        } else {
            self.table.plan(key, cost, at)?
        };
        let Some(permit) = self.state.admit(at) else {
            return Some(SharedAnswer::Down);
        };
        let answer = self.store.take(&key.key, self.rate, plan.want, plan.least);
        let result = answer.try_now().ok()?;
        let call = self.state.begin(permit);
        let Some(taken) = call.end(result, at, self.observer()) else {
            return Some(SharedAnswer::Down);
        };
        if is_single {
            return Some(self.settle_single(key, taken, cost, at));
        }
        self.table.arrive(key, cost, at);
        self.table.deposit(key, (plan, taken), cost, at)
    }

    async fn ask(&self, key: LeaseKey, cost: u32, at: Duration) -> SharedAnswer {
        if cost > self.rule.most {
            return self.ask_single(&key, cost, at).await;
        }
        self.table.arrive(&key, cost, at);
        for _ in 0..ROUNDS {
            let answer = match self.table.turn(&key, cost, at) {
                Turn::Answer(answer) => Some(answer),
                Turn::Single => break,
                Turn::Overdue => {
                    self.state.count_overdue(at, self.observer());
                    Some(SharedAnswer::Down)
                }
                Turn::Wait(waiter) => match waiter.wait().await {
                    Flown::Failed => Some(SharedAnswer::Down),
                    Flown::Answered | Flown::Abandoned => None,
                },
                Turn::Lead { plan, flight } => {
                    let lead = Lead {
                        rate: self,
                        key,
                        flight: Some(flight),
                    };
                    lead.ask(plan, cost, at).await
                }
            };
            if let Some(answer) = answer {
                return answer;
            }
        }
        self.ask_single(&key, cost, at).await
    }

    /// Asks for the cost of one request only.
    async fn ask_single(&self, key: &LeaseKey, cost: u32, at: Duration) -> SharedAnswer {
        let Some(permit) = self.state.admit(at) else {
            return SharedAnswer::Down;
        };
        let call = self.state.begin(permit);
        let result = self.store.take(&key.key, self.rate, cost, cost).await;
        match call.end(result, at, self.observer()) {
            Some(taken) => self.settle_single(key, taken, cost, at),
            None => SharedAnswer::Down,
        }
    }

    fn settle_single(&self, key: &LeaseKey, taken: Taken, cost: u32, at: Duration) -> SharedAnswer {
        let left = taken.left;
        if taken.cells >= cost {
            return SharedAnswer::Pass { left };
        }
        self.table.refuse(key, taken, cost, at);
        let wait = self.rule.bounded(taken.wait);
        SharedAnswer::Over { wait, left }
    }

    const fn lease_key(&self, key: RateKey) -> LeaseKey {
        let rule = self.rule;
        LeaseKey { key, rule }
    }

    fn observer(&self) -> Option<&dyn Observer> {
        self.observer.as_deref()
    }
}

impl Counted for SharedRate {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        self.state.samples(add);
    }
}

fn lease_rule(rate: Rate, nodes: u32) -> LeaseRule {
    let share = rate.burst_cells() / nodes.saturating_mul(4).max(1);
    let cells = u128::from(rate.quota()).saturating_mul(limits::LEASE_SPAN.as_nanos());
    let refill = cells / rate.period().as_nanos().max(1);
    LeaseRule {
        most: share.clamp(1, limits::LEASE_CELLS),
        refill: u32::try_from(refill).unwrap_or(u32::MAX),
        step: Duration::from_nanos(rate.step_nanos()),
        span: Duration::from_nanos(rate.span_nanos()),
    }
}

/// The call of a request that others wait for. Dropping it lets one of them ask.
struct Lead<'a> {
    rate: &'a SharedRate,
    key: LeaseKey,
    flight: Option<LedFlight>,
}

impl Lead<'_> {
    async fn ask(mut self, plan: Plan, cost: u32, at: Duration) -> Option<SharedAnswer> {
        let shared = self.rate;
        let Some(permit) = shared.state.admit(at) else {
            self.land(Flown::Failed);
            return Some(SharedAnswer::Down);
        };
        let call = shared.state.begin(permit);
        let asked = shared
            .store
            .take(&self.key.key, shared.rate, plan.want, plan.least);
        let result = asked.await;
        let Some(taken) = call.end(result, at, shared.observer()) else {
            self.land(Flown::Failed);
            return Some(SharedAnswer::Down);
        };
        let answer = shared.table.deposit(&self.key, (plan, taken), cost, at);
        self.land(Flown::Answered);
        answer
    }

    fn land(&mut self, how: Flown) {
        if let Some(flight) = self.flight.take() {
            self.rate.table.land(&self.key, flight, how);
        }
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            self.rate.table.abandon(&self.key, flight);
        }
    }
}
