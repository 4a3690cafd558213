//! Policies as data, and their expected decision.

use bearergate::policy::{Combining, Effect, Rule};
use bearergate::{ConfigError, Policy};

use crate::facts::Facts;
use crate::random::Random;
use crate::tree::{Expected, Leaf, Tree};

/// A policy as data.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<(Effect, Tree)>,
    is_first_applicable: bool,
}

impl Rules {
    pub(crate) fn random(random: &mut Random, has_absence: bool) -> Self {
        let mut rules: Vec<_> = (0..=random.below(6))
            .map(|_| {
                let effect = if random.one_in(3) {
                    Effect::Forbid
                } else {
                    Effect::Permit
                };
                (effect, Tree::random(random, 3, has_absence))
            })
            .collect();
        rules.push((Effect::Permit, Tree::random(random, 2, has_absence)));
        Self {
            rules,
            is_first_applicable: random.one_in(2),
        }
    }

    /// Many rules, most of which require an action, a route or a scope first.
    pub(crate) fn many(random: &mut Random) -> Self {
        let count = 60 + random.below(100);
        let rule = |at: usize| {
            let effect = match at == 0 || !random.one_in(20) {
                true => Effect::Permit,
                false => Effect::Forbid,
            };
            let heads = (0..random.below(4)).map(|_| Tree::Leaf(Leaf::head(random)));
            let mut parts: Vec<_> = heads.collect();
            if parts.len() == 2 && effect == Effect::Permit {
                parts = vec![Tree::Any(parts)];
            }
            parts.push(Tree::random(random, 2, true));
            parts.push(Tree::Leaf(Leaf::head(random)));
            (effect, Tree::All(parts))
        };
        Self {
            rules: (0..count).map(rule).collect(),
            is_first_applicable: count.is_multiple_of(2),
        }
    }

    pub(crate) fn policy(&self) -> Result<Policy, ConfigError> {
        let mut builder = Policy::builder();
        if self.is_first_applicable {
            builder = builder.combining(Combining::FirstApplicable);
        }
        for (at, (effect, tree)) in self.rules.iter().enumerate() {
            let (name, condition) = (format!("rule {at}"), tree.condition());
            builder = builder.rule(match effect {
                Effect::Forbid => Rule::forbid(name, condition),
                Effect::Permit => Rule::permit(name, condition),
            });
        }
        builder.build()
    }

    /// Decides rule by rule, as the documentation of `Combining` says.
    pub(crate) fn allows(&self, facts: &Facts) -> bool {
        let truths = self.rules.iter();
        let mut truths = truths.map(|(effect, tree)| (*effect, tree.truth(facts)));
        if self.is_first_applicable {
            let applicable = truths.find(|(_, truth)| *truth != Expected::No);
            return applicable == Some((Effect::Permit, Expected::Yes));
        }
        let truths: Vec<_> = truths.collect();
        let is_forbidden = |(effect, truth): &(Effect, Expected)| {
            *effect == Effect::Forbid && *truth != Expected::No
        };
        !truths.iter().any(is_forbidden) && truths.contains(&(Effect::Permit, Expected::Yes))
    }
}
