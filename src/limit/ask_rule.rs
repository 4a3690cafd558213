//! Asking one limit.

use std::sync::Arc;
use std::time::Duration;

use super::ask::Ask;
use super::asking::{Asking, Step};
use super::by::Outage;
use super::charge_list::{Charge, Place};
use super::charges::Refused;
use super::gcra::{Answer, Pace};
use super::limit_state::LimitResult;
use super::permit::{EveryoneFlight, Held, Permit};
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
}

impl Asking<'_> {
    /// Asks a limit that answers at once.
    pub(super) fn ask_now(&mut self, rules: &Rules, index: u16, rule: &Rule) -> Step {
        match &rule.bound {
            Bound::Rate(bound) => {
                let rate = RateRule { index, rule, bound };
                match rate.shared(&self.ask) {
                    None => self.ask_local(rules, rate),
                    Some((key, shared)) => {
                        let cost = rate.cost(&self.ask);
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
                let Some((key, shared)) = rate.shared(&self.ask) else {
                    return Step::Go;
                };
                let cost = rate.cost(&self.ask);
                let answer = shared.take(key, cost, self.ask.elapsed).await;
                self.settle_shared(rules, rate, (key, shared), answer)
            }
            Bound::Quota(quota) => self.spend_later(rules, (index, rule), quota).await,
            Bound::Concurrent { .. } => Step::Go,
        }
    }

    /// Asks a rate limit of this process.
    fn ask_local(&mut self, rules: &Rules, rate: RateRule<'_>) -> Step {
        match rate.priced(rules, &self.ask) {
            Some(priced) => self.take(rules, rate, priced),
            None => Step::Go,
        }
    }

    #[inline]
    fn take(&mut self, rules: &Rules, rate: RateRule<'_>, priced: Priced) -> Step {
        let (rule, now) = (rate.rule, self.ask.nanos());
        if rule.has_one_bucket() {
            let answer = rule.state.take(now, priced.pace, priced.price);
            return self.settle(rate, priced, (Place::Everyone, 0), answer);
        }
        let Some(key) = rule.key(&self.ask) else {
            return Step::Go;
        };
        let (table, _) = rules.tables.of(rule);
        let coarse = || rule.coarse(key, &self.ask);
        let (spot, answer) = table.take(key, now, (priced.pace, priced.price), coarse);
        let place = match spot {
            Spot::Slot => Place::Slot(key),
            Spot::Cell(index) => {
                rules.report_saturation(rule, self.ask.elapsed);
                Place::Cell(index)
            }
        };
        self.settle(rate, priced, (place, key), answer)
    }

    fn settle(
        &mut self,
        rate: RateRule<'_>,
        priced: Priced,
        (place, key): (Place, u64),
        answer: Answer,
    ) -> Step {
        let pace = priced.pace;
        match answer {
            Answer::Pass { debt } => {
                let (left, next_cell) = pace.left(debt);
                let taken = priced.price.unwrap_or_default();
                self.pass(rate, priced, (place, taken), (left, next_cell))
            }
            Answer::Over { debt, wait } => {
                let wait = Duration::from_nanos(wait);
                self.refuse(rate, (priced.rate, pace.left(debt).0), wait, key)
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
        let Some(priced) = rate.priced(rules, &self.ask) else {
            return Step::Go;
        };
        match answer {
            SharedAnswer::Pass { left } => {
                let place = Place::Store(*key.as_bytes());
                let taken = u64::from(rate.cost(&self.ask));
                let is_full = priced.price == Some(0);
                let next_cell = if is_full { 0 } else { priced.pace.step };
                self.pass(rate, priced, (place, taken), (left, next_cell))
            }
            SharedAnswer::Over { wait, left } => {
                let (spread, _) = key.as_bytes().split_first_chunk().unwrap_or((&[0; 8], &[]));
                let spread = u64::from_le_bytes(*spread);
                self.refuse(rate, (priced.rate, left), wait, spread)
            }
            SharedAnswer::Down if rate.rule.outage == Outage::Refuse => {
                self.refuse_kind((rate.index, rate.rule), RejectionKind::Unavailable, None)
            }
            SharedAnswer::Down => {
                let share = shared.local_share();
                let pace = Pace::from(share);
                // What costs more than the share's burst could never pass.
                let cost = rate.cost(&self.ask).min(share.burst_cells());
                let is_too_much = priced.price.is_none();
                let price = pace.price(cost).filter(|_| !is_too_much);
                self.take(
                    rules,
                    rate,
                    Priced {
                        pace,
                        price,
                        ..priced
                    },
                )
            }
        }
    }

    fn pass(
        &mut self,
        rate: RateRule<'_>,
        priced: Priced,
        (place, taken): (Place, u64),
        (left, next_cell): (u32, u64),
    ) -> Step {
        rate.rule.state.count(match place {
            Place::Cell(_) => LimitResult::Shared,
            _ if priced.pace.is_near(left) => LimitResult::Near,
            _ => LimitResult::Pass,
        });
        self.charges.push(Charge {
            place,
            taken,
            next_cell,
            left,
            limit: rate.index,
            rate: priced.rate,
        });
        Step::Go
    }

    fn refuse(
        &mut self,
        rate: RateRule<'_>,
        (index, left): (u16, u32),
        wait: Duration,
        spread: u64,
    ) -> Step {
        if rate.rule.is_shadow {
            rate.rule.state.count(LimitResult::Shadow);
            return Step::Go;
        }
        rate.rule.state.count(LimitResult::Over);
        self.charges.push(Charge {
            place: Place::Nowhere,
            taken: 0,
            next_cell: u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX),
            left,
            limit: rate.index,
            rate: index,
        });
        Step::Refused(Refused {
            limit: rate.index,
            kind: RejectionKind::RateLimited,
            wait: Some(wait),
            spread,
        })
    }

    /// Refuses at a limit that is not a rate, or whose store does not answer.
    pub(super) fn refuse_kind(
        &self,
        (limit, rule): (u16, &Rule),
        kind: RejectionKind,
        wait: Option<Duration>,
    ) -> Step {
        if rule.is_shadow {
            rule.state.count(LimitResult::Shadow);
            return Step::Go;
        }
        rule.state.count(LimitResult::Over);
        Step::Refused(Refused {
            limit,
            kind,
            wait,
            spread: rule.key(&self.ask).unwrap_or_default(),
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
            let Some(key) = rule.key(&self.ask) else {
                return Step::Go;
            };
            let counts = rules.tables.in_flight(rule);
            let flight = counts.enter(key, bound, || rule.coarse(key, &self.ask));
            flight.map(|(flight, count)| (Held::Key(flight), count))
        };
        let Some((held, count)) = entered else {
            let kind = match open {
                Some(_) => RejectionKind::Unavailable,
                None => RejectionKind::RateLimited,
            };
            return self.refuse_kind((index, rule), kind, None);
        };
        rule.state
            .count(match is_near(most.saturating_sub(count), most) {
                true => LimitResult::Near,
                false => LimitResult::Pass,
            });
        let next = self.charges.take_permits();
        self.charges.set_permits(Arc::new(Permit::new(held, next)));
        Step::Go
    }
}

impl<'r> RateRule<'r> {
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
        Some(Priced { rate, pace, price })
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
