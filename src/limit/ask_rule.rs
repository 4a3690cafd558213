//! Asking one limit.

use std::sync::Arc;
use std::time::Duration;

use super::ask::Ask;
use super::asking::{Asking, Step};
use super::by::Outage;
use super::charge_list::{Charge, Charged};
use super::exceeded::Refused;
use super::gcra::{Answer, Pace};
use super::limit_state::LimitResult;
use super::permit::{EveryoneFlight, Held};
use super::rate_store::RateKey;
use super::rule::{Bound, RateBound, Rule};
use super::rules::Rules;
use super::shared::{SharedAnswer, SharedRate};
use super::standing::is_near;
use super::table::Spot;
use crate::error::RejectionKind;

/// A rate limit and its index.
#[derive(Clone, Copy)]
pub(super) struct RateRule<'r> {
    pub(super) index: u16,
    pub(super) rule: &'r Rule,
    pub(super) bound: &'r RateBound,
}

/// The rate of a caller, and the price of its request there.
#[derive(Clone, Copy)]
pub(super) struct Priced {
    /// The index of the rate.
    pub(super) rate: u16,
    pub(super) pace: Pace,
    pub(super) price: Option<u64>,
    /// Whether it is the share of this node.
    is_of_share: bool,
}

impl Asking<'_, '_> {
    /// Asks a limit that answers at once.
    pub(super) fn ask_now(&mut self, rules: &Rules, index: u16, rule: &Rule) -> Step {
        match &rule.bound {
            Bound::Rate(bound) => {
                let rate = RateRule { index, rule, bound };
                match rate.shared(self.ask) {
                    None => self.ask_local(rules, rate),
                    Some((key, shared)) => {
                        let cost = rate.cost(self.ask);
                        match shared.take(key, cost, self.ask.elapsed).try_now() {
                            Ok(answer) => self.settle_shared(rules, rate, (key, shared), answer),
                            Err(_) => Step::Wait,
                        }
                    }
                }
            }
            Bound::Concurrent { most, open } => {
                let open = open.as_ref();
                let open = open.filter(|(_, class)| self.ask.class != Some(class));
                self.enter(rules, (index, rule), open.map(|(open, _)| *open), *most)
            }
            Bound::Quota(quota) => self.spend_now(rules, (index, rule), quota),
        }
    }

    /// Asks a limit that has to wait for its store.
    pub(super) async fn ask_later(&mut self, rules: &Rules, index: u16, rule: &Rule) -> Step {
        match &rule.bound {
            Bound::Rate(bound) => {
                let rate = RateRule { index, rule, bound };
                let Some((key, shared)) = rate.shared(self.ask) else {
                    return Step::Go;
                };
                let cost = rate.cost(self.ask);
                let answer = shared.take(key, cost, self.ask.elapsed).await;
                self.settle_shared(rules, rate, (key, shared), answer)
            }
            Bound::Quota(quota) => self.spend_later(rules, (index, rule), quota).await,
            Bound::Concurrent { .. } => Step::Go,
        }
    }

    /// Asks a rate limit of this process.
    fn ask_local(&mut self, rules: &Rules, rate: RateRule<'_>) -> Step {
        match rate.priced(rules, self.ask) {
            Some(priced) => self.take(rules, rate, priced),
            None => Step::Go,
        }
    }

    #[inline]
    fn take(&mut self, rules: &Rules, rate: RateRule<'_>, priced: Priced) -> Step {
        let (rule, now) = (rate.rule, self.ask.nanos());
        if rule.has_one_bucket() {
            let answer = rule.state.take(now, priced.pace, priced.price);
            return self.settle(rules, rate, priced, (Spot::Slot, 0), answer);
        }
        let Some(key) = rule.key(self.ask) else {
            return Step::Go;
        };
        let (table, _) = rules.tables.of(rule);
        let coarse = || rule.coarse(key, self.ask);
        let (spot, answer) = table.take(key, now, (priced.pace, priced.price), coarse);
        if spot != Spot::Slot {
            rules.report_saturation(rule, self.ask.elapsed);
        }
        self.settle(rules, rate, priced, (spot, key), answer)
    }

    #[inline]
    fn settle(
        &mut self,
        rules: &Rules,
        rate: RateRule<'_>,
        priced: Priced,
        (spot, key): (Spot, u64),
        answer: Answer,
    ) -> Step {
        let at = (rate.index, priced.rate);
        match answer {
            Answer::Pass { debt } => {
                let result = match spot {
                    Spot::Cell(_) => LimitResult::Shared,
                    Spot::Slot if priced.pace.is_near(debt) => LimitResult::Near,
                    Spot::Slot => LimitResult::Pass,
                };
                self.results.add(rules, rate.index, result);
                let charged = rate.charged((spot, key), priced.price.unwrap_or_default());
                let mut charge = Charge::local(at, charged, debt);
                charge.is_of_share = priced.is_of_share;
                self.account.push(charge);
                Step::Go
            }
            Answer::Over { debt, wait } => {
                let wait = Duration::from_nanos(wait);
                self.refuse(
                    rules,
                    rate,
                    (priced.rate, priced.pace.left(debt).0),
                    wait,
                    key,
                )
            }
        }
    }

    fn settle_shared(
        &mut self,
        rules: &Rules,
        rate: RateRule<'_>,
        (key, shared): (RateKey, &Arc<SharedRate>),
        answer: SharedAnswer,
    ) -> Step {
        let Some(priced) = rate.priced(rules, self.ask) else {
            return Step::Go;
        };
        match answer {
            SharedAnswer::Pass { left } => {
                let result = match priced.pace.is_near_cells(left) {
                    true => LimitResult::Near,
                    false => LimitResult::Pass,
                };
                self.results.add(rules, rate.index, result);
                let (at, cells) = ((rate.index, priced.rate), rate.cost(self.ask));
                let is_full = priced.price == Some(0);
                let charge = Charge::shared(at, &key, (cells, left), is_full);
                self.account.push(charge);
                Step::Go
            }
            SharedAnswer::Over { wait, left } => {
                let (spread, _) = key.as_bytes().split_first_chunk().unwrap_or((&[0; 8], &[]));
                let spread = u64::from_le_bytes(*spread);
                self.refuse(rules, rate, (priced.rate, left), wait, spread)
            }
            SharedAnswer::Down if rate.rule.outage == Outage::Refuse => self.refuse_kind(
                rules,
                (rate.index, rate.rule),
                RejectionKind::Unavailable,
                None,
            ),
            SharedAnswer::Down => {
                let share = shared.local_share();
                let pace = Pace::from(share);
                // What costs more than the share's burst could never pass.
                let cost = rate.cost(self.ask).min(share.burst_cells());
                let is_too_much = priced.price.is_none();
                let price = pace.price(cost).filter(|_| !is_too_much);
                self.take(
                    rules,
                    rate,
                    Priced {
                        pace,
                        price,
                        is_of_share: true,
                        ..priced
                    },
                )
            }
        }
    }

    #[cold]
    fn refuse(
        &mut self,
        rules: &Rules,
        rate: RateRule<'_>,
        (index, left): (u16, u32),
        wait: Duration,
        spread: u64,
    ) -> Step {
        if rate.rule.is_shadow {
            self.results.add(rules, rate.index, LimitResult::Shadow);
            return Step::Go;
        }
        self.results.add(rules, rate.index, LimitResult::Over);
        let next_cell = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        let charge = Charge::refused((rate.index, index), left, next_cell);
        self.account.push(charge);
        Step::Refused(Refused {
            limit: rate.index,
            kind: RejectionKind::RateLimited,
            wait: Some(wait),
            spread,
        })
    }

    /// Refuses at a limit that is not a rate, or whose store does not answer.
    pub(super) fn refuse_kind(
        &mut self,
        rules: &Rules,
        (limit, rule): (u16, &Rule),
        kind: RejectionKind,
        wait: Option<Duration>,
    ) -> Step {
        if rule.is_shadow {
            self.results.add(rules, limit, LimitResult::Shadow);
            return Step::Go;
        }
        self.results.add(rules, limit, LimitResult::Over);
        Step::Refused(Refused {
            limit,
            kind,
            wait,
            spread: rule.key(self.ask).unwrap_or_default(),
        })
    }

    /// Takes a permit. `open` is how many requests may have one that are not of the class for which
    /// the rest is kept.
    fn enter(
        &mut self,
        rules: &Rules,
        (index, rule): (u16, &Rule),
        open: Option<u32>,
        most: u32,
    ) -> Step {
        let bound = open.unwrap_or(most);
        let entered = if rule.has_one_bucket() {
            let flight = EveryoneFlight::enter(&rule.state, bound);
            flight.map(|(flight, count)| (Held::Everyone(flight), count))
        } else {
            let Some(key) = rule.key(self.ask) else {
                return Step::Go;
            };
            let counts = rules.tables.in_flight(rule);
            let flight = counts.enter(key, bound, || rule.coarse(key, self.ask));
            flight.map(|(flight, count)| (Held::Key(flight), count))
        };
        let Some((held, count)) = entered else {
            let kind = match open {
                Some(_) => RejectionKind::Unavailable,
                None => RejectionKind::RateLimited,
            };
            return self.refuse_kind(rules, (index, rule), kind, None);
        };
        let result = match is_near(most.saturating_sub(count), most) {
            true => LimitResult::Near,
            false => LimitResult::Pass,
        };
        self.results.add(rules, index, result);
        self.account.push_permit(held);
        Step::Go
    }
}

impl<'r> RateRule<'r> {
    /// Returns what was taken in this process.
    #[inline]
    pub(super) fn charged(self, (spot, key): (Spot, u64), nanos: u64) -> Charged {
        match spot {
            _ if self.rule.has_one_bucket() => Charged::Everyone(nanos),
            Spot::Slot => Charged::Slot(key, nanos),
            Spot::Cell(index) => Charged::Cell(index, nanos),
        }
    }

    /// Returns how many cells the request takes. The cost of the policy's rule counts at limits with
    /// a class.
    pub(super) fn cost(self, ask: &Ask<'_>) -> u32 {
        let own = ask.cost.filter(|_| self.rule.class.is_some());
        own.unwrap_or(self.bound.cost)
    }

    /// Returns the rate of a caller and the price of its request.
    #[inline]
    pub(super) fn priced(self, rules: &Rules, ask: &Ask<'_>) -> Option<Priced> {
        let rate = self.bound.rate_of(ask);
        let pace = rules.rate(rate)?.pace;
        let cost = self.cost(ask);
        let is_usual = rate == self.bound.rate && cost == self.bound.cost;
        let price = match is_usual {
            true => self.bound.price,
            false => pace.price(cost),
        };
        Some(Priced {
            rate,
            pace,
            price,
            is_of_share: false,
        })
    }

    /// Returns the key and the rate in a store, if this limit has one and counts the request.
    pub(super) fn shared(self, ask: &Ask<'_>) -> Option<(RateKey, &'r Arc<SharedRate>)> {
        let shared = self.bound.shared.as_ref()?;
        let key = shared
            .seed
            .key(&self.rule.by, self.rule.is_per_action, ask)?;
        Some((key, shared.rate(self.bound.rate_of(ask))?))
    }
}
