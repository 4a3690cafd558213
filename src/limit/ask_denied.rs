//! Charging a request that the policy has denied.

use super::ask_rule::RateRule;
use super::asking::Asking;
use super::charge_list::Charge;
use super::limit_state::LimitResult;
use super::rule::{Bound, Rule};
use super::rules::Rules;
use super::shared::SharedAnswer;
use super::table::Spot;

impl Asking<'_, '_> {
    /// Charges a rate limit as far as there is room. Nothing refuses.
    pub(super) fn charge_room(&mut self, rules: &Rules, index: u16, rule: &Rule) {
        let Bound::Rate(bound) = &rule.bound else {
            return;
        };
        let rate = RateRule { index, rule, bound };
        let charge = match rate.shared(self.ask) {
            Some(_) => self.charge_shared(rules, rate),
            None => self.charge_local(rules, rate),
        };
        if let Some((charge, is_near)) = charge {
            let result = match is_near {
                true => LimitResult::Near,
                false => LimitResult::Pass,
            };
            self.results.add(rules, index, result);
            self.account.push(charge);
        }
    }

    fn charge_local(&self, rules: &Rules, rate: RateRule<'_>) -> Option<(Charge, bool)> {
        let priced = rate.priced(rules, self.ask)?;
        let (rule, now) = (rate.rule, self.ask.nanos());
        let price = (priced.pace, priced.price);
        let (place, (taken, debt)) = if rule.has_one_bucket() {
            ((Spot::Slot, 0), rule.state.take_room(now, price))
        } else {
            let key = rule.key(self.ask)?;
            let (table, _) = rules.tables.of(rule);
            let coarse = || rule.coarse(key, self.ask);
            let (spot, taken) = table.take_room(key, now, price, coarse);
            ((spot, key), taken)
        };
        let charged = rate.charged(place, taken);
        let charge = Charge::local((rate.index, priced.rate), charged, debt);
        Some((charge, priced.pace.is_near(debt)))
    }

    /// Charges a shared rate with what its lease has. A denial does not wait for the store.
    fn charge_shared(&self, rules: &Rules, rate: RateRule<'_>) -> Option<(Charge, bool)> {
        let (key, shared) = rate.shared(self.ask)?;
        let cost = rate.cost(self.ask);
        match shared.take(key, cost, self.ask.elapsed).try_now().ok()? {
            SharedAnswer::Pass { left } => {
                let priced = rate.priced(rules, self.ask)?;
                let at = (rate.index, priced.rate);
                let charge = Charge::shared(at, &key, (cost, left), false);
                Some((charge, priced.pace.is_near_cells(left)))
            }
            SharedAnswer::Over { .. } => None,
            SharedAnswer::Down => self.charge_local(rules, rate),
        }
    }
}
