//! What a node knows of one key of a shared limit.

use std::time::Duration;

use super::answer::SharedAnswer;
use crate::limit::rate_store::{RateKey, Taken};
use crate::limits;
use crate::single_flight::Waiter;

/// The numbers of a shared limit that leases depend on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct LeaseRule {
    /// Most cells that this node holds of a key.
    pub(super) most: u32,
    /// Cells that the whole limit gets back in the time of a lease.
    pub(super) refill: u32,
    pub(super) step: Duration,
    pub(super) span: Duration,
}

impl LeaseRule {
    /// Returns a wait of a store, brought into the range that this rate can have.
    pub(super) fn bounded(&self, wait: Duration) -> Duration {
        let least = limits::RATE_STEP_MIN;
        wait.clamp(least, self.span.max(least))
    }
}

/// The bucket of a lease, and the rule under which it was made: what is known under one rule is of no
/// use under another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct LeaseKey {
    pub(super) key: RateKey,
    pub(super) rule: LeaseRule,
}

/// How a call of the store ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flown {
    Answered,
    Failed,
    /// The request that made the call was dropped.
    Abandoned,
}

/// A call of the store for cells of one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) want: u32,
    pub(super) least: u32,
}

impl Plan {
    /// The cells of one request, and no lease.
    pub(super) const fn whole(cost: u32) -> Self {
        Self {
            want: cost,
            least: cost,
        }
    }
}

/// A call that other requests of the same key wait for.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) id: u64,
    pub(super) waiter: Waiter<Flown>,
    pub(super) begun: Duration,
    pub(super) want: u32,
}

/// Leased cells, a remembered refusal and the frequency of one key.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) key: LeaseKey,
    pub(super) flight: Option<Flight>,
    cells: u32,
    lease: Span,
    refusal: Span,
    /// The cells that were refused; `refusal` ends when they are there.
    refused: u32,
    /// The refusal holds for requests of at least this cost.
    refused_from: u32,
    /// What the store had left.
    left: u32,
    /// The last call got fewer cells than it wanted.
    is_short: bool,
    /// The last call was dropped, with the cells that it may have taken.
    is_cautious: bool,
    window: Duration,
    /// Cells that requests asked for since `window`.
    asked: u32,
    /// The same in an earlier window, as of the time of a lease.
    asked_before: u32,
}

/// A time from one point to another.
#[derive(Clone, Copy, Debug)]
struct Span {
    since: Duration,
    until: Duration,
}

impl Span {
    const NEVER: Self = Self {
        since: Duration::ZERO,
        until: Duration::ZERO,
    };

    fn new(since: Duration, length: Duration) -> Self {
        Self {
            since,
            until: since.saturating_add(length),
        }
    }

    /// Requests are not handled in the order of their times, but a clock that went back by more than
    /// the life of a lease ends every span: it would last too long.
    fn holds(self, at: Duration) -> bool {
        at < self.until && at.saturating_add(limits::LEASE_LIFE) >= self.since
    }
}

impl Slot {
    pub(super) const fn new(key: LeaseKey, at: Duration) -> Self {
        Self {
            key,
            flight: None,
            cells: 0,
            lease: Span::NEVER,
            refusal: Span::NEVER,
            refused: 0,
            refused_from: 0,
            left: 0,
            is_short: false,
            is_cautious: false,
            window: at,
            asked: 0,
            asked_before: 0,
        }
    }

    /// Returns the time at which nothing of it is needed any more, or `None` while a call is made.
    pub(super) fn ends(&self, at: Duration) -> Option<Duration> {
        if self.flight.is_some() {
            return None;
        }
        let window = Span::new(self.window, limits::LEASE_LIFE);
        let held = [self.lease, self.refusal, window].into_iter();
        let held = held.filter(|span| span.holds(at));
        Some(held.map(|span| span.until).max().unwrap_or_default())
    }

    /// Counts a request, for the size of the next lease.
    pub(super) fn arrive(&mut self, cost: u32, at: Duration) {
        let gone = at.abs_diff(self.window);
        if gone >= limits::LEASE_SPAN {
            let cells = u128::from(self.asked).saturating_mul(limits::LEASE_SPAN.as_nanos());
            let cells = cells.div_ceil(gone.as_nanos().max(1));
            self.asked_before = u32::try_from(cells).unwrap_or(u32::MAX);
            (self.window, self.asked) = (at, 0);
        }
        self.asked = self.asked.saturating_add(cost);
    }

    /// Answers from the lease or from a remembered refusal.
    pub(super) fn spend(&mut self, cost: u32, at: Duration) -> Option<SharedAnswer> {
        let cells = self.leased(at);
        if let Some(rest) = cells.checked_sub(cost) {
            self.cells = rest;
            let left = self.left.saturating_add(rest);
            return Some(SharedAnswer::Pass { left });
        }
        // A node asks again after a minute, whatever it was told to wait.
        let is_recent = at < self.refusal.since.saturating_add(limits::REFUSAL_MEMORY);
        if !self.refusal.holds(at) || !is_recent || cost < self.refused_from {
            return None;
        }
        let more = self
            .key
            .rule
            .step
            .saturating_mul(cost.saturating_sub(self.refused));
        let wait = self.refusal.until.saturating_sub(at).saturating_add(more);
        let left = self.left;
        Some(SharedAnswer::Over { wait, left })
    }

    /// Plans a call of the store: the cells for the next 100 ms, as this node used them before and
    /// as the limit gives them. While cells are short it waits until half of them are there.
    pub(super) fn plan(&self, cost: u32, at: Duration) -> Plan {
        let held = self.leased(at);
        let need = cost.saturating_sub(held).max(1);
        let used = self.asked.max(self.asked_before).min(self.key.rule.refill);
        let target = used.min(self.key.rule.most).saturating_sub(held);
        let want = if self.is_cautious {
            need
        } else {
            target.max(need)
        };
        let least = if self.is_short { want / 2 } else { 0 };
        Plan {
            want,
            least: least.max(need),
        }
    }

    /// Takes over what the store answered to a plan, and answers the request that made the call.
    /// `None` if others have used the cells that it counted on.
    pub(super) fn deposit(
        &mut self,
        (plan, taken): (Plan, Taken),
        cost: u32,
        at: Duration,
    ) -> Option<SharedAnswer> {
        self.left = taken.left;
        self.is_cautious = false;
        let cells = taken.cells.min(plan.want);
        self.is_short = cells < plan.want;
        let all = self.leased(at).saturating_add(cells);
        if cells > 0 {
            let lease = Span::new(at, limits::LEASE_LIFE);
            let is_longer = self.lease.holds(at) && self.lease.until > lease.until;
            self.lease = if is_longer { self.lease } else { lease };
        } else {
            self.refuse((plan.least, 1), taken.wait, at);
        }
        if let Some(rest) = all.checked_sub(cost) {
            self.cells = rest.min(self.key.rule.most);
            let left = self.left.saturating_add(self.cells);
            return Some(SharedAnswer::Pass { left });
        }
        self.cells = all.min(self.key.rule.most);
        self.spend(cost, at)
    }

    /// Remembers that the store refused `cells`, for requests of at least `from`.
    pub(super) fn refuse(&mut self, (cells, from): (u32, u32), wait: Duration, at: Duration) {
        self.refusal = Span::new(at, self.key.rule.bounded(wait));
        (self.refused, self.refused_from) = (cells, from);
    }

    /// Notes what the store has left.
    pub(super) const fn note_left(&mut self, left: u32) {
        self.left = left;
    }

    /// Ends a call that was dropped.
    pub(super) fn abandon(&mut self) {
        self.flight = None;
        self.is_cautious = true;
    }

    /// Takes cells back, as many as a lease may have. They last as long as they would be missing in
    /// the store.
    pub(super) fn give_back(&mut self, cost: u32, at: Duration) {
        let underway = self.flight.as_ref().map_or(0, |flight| flight.want);
        let most = self.key.rule.most.saturating_sub(underway);
        let held = self.leased(at);
        self.cells = held.saturating_add(cost).min(most.max(held));
        self.lease = Span::new(at, self.key.rule.span.max(limits::LEASE_LIFE));
    }

    fn leased(&self, at: Duration) -> u32 {
        if self.lease.holds(at) { self.cells } else { 0 }
    }
}
