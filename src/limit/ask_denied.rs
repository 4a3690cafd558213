//! Charging a request that the policy has denied.

use super::ask_rule::RateRule;
use super::asking::Asking;
use super::charge_list::{Charge, Place};
use super::limit_state::LimitResult;
use super::rule::Bound;
use super::rules::Rules;
use super::shared::SharedAnswer;
use super::table::Spot;

impl Asking<'_> {
    /// Charges the rate limits of the class as far as there is room. Nothing refuses.
    pub(super) fn charge_all(&mut self, rules: &Rules) {
        while let Some((index, rule)) = self.next(rules) {
            let Bound::Rate(bound) = &rule.bound else {
                continue;
            };
            let rate = RateRule { index, rule, bound };
            let charge = match rate.shared(&self.ask) {
                Some(_) => self.charge_shared(rules, rate),
                None => self.charge_local(rules, rate),
            };
            if let Some(charge) = charge {
                let pace = rules.rate(charge.rate).map(|rate| rate.pace);
                let is_near = pace.is_some_and(|pace| pace.is_near(charge.left));
                rule.state.count(match is_near {
                    true => LimitResult::Near,
                    false => LimitResult::Pass,
                });
                self.charges.push(charge);
            }
        }
    }

    fn charge_local(&self, rules: &Rules, rate: RateRule<'_>) -> Option<Charge> {
        let priced = rate.priced(rules, &self.ask)?;
        let (rule, now) = (rate.rule, self.ask.nanos());
        let price = (priced.pace, priced.price);
        let (place, taken, debt) = if rule.has_one_bucket() {
            let (taken, debt) = rule.state.take_room(now, price);
            (Place::Everyone, taken, debt)
        } else {
            let key = rule.key(&self.ask)?;
            let (table, _) = rules.tables.of(rule);
            let coarse = || rule.coarse(key, &self.ask);
            let (spot, (taken, debt)) = table.take_room(key, now, price, coarse);
            match spot {
                Spot::Slot => (Place::Slot(key), taken, debt),
                Spot::Cell(index) => (Place::Cell(index), taken, debt),
            }
        };
        let (left, next_cell) = priced.pace.left(debt);
        Some(Charge {
            place,
            taken,
            next_cell,
            left,
            limit: rate.index,
            rate: priced.rate,
        })
    }

    /// Charges a shared rate with what its lease has. A denial does not wait for the store.
    fn charge_shared(&self, rules: &Rules, rate: RateRule<'_>) -> Option<Charge> {
        let (key, shared) = rate.shared(&self.ask)?;
        let cost = rate.cost(&self.ask);
        match shared.take(key, cost, self.ask.elapsed).try_now().ok()? {
            SharedAnswer::Pass { left } => {
                let priced = rate.priced(rules, &self.ask)?;
                Some(Charge {
                    place: Place::Store(*key.as_bytes()),
                    taken: u64::from(cost),
                    next_cell: priced.pace.step,
                    left,
                    limit: rate.index,
                    rate: priced.rate,
                })
            }
            SharedAnswer::Over { .. } => None,
            SharedAnswer::Down => self.charge_local(rules, rate),
        }
    }
}
