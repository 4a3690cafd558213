//! Asking the limits of one stage of a request.

use std::sync::Arc;

use super::ask::Ask;
use super::charges::{Charges, Exceeded, Refused};
use super::rule::Rule;
use super::rules::Rules;
use crate::now_or_later::NowOrLater;

/// When limits are asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// Before the credential is read.
    Before,
    /// Once the caller is verified.
    Caller,
    /// Once the policy has decided.
    Class,
    /// All of them, one after the other.
    All,
}

/// One request at the limits of one stage.
pub(super) struct Asking<'a> {
    pub(super) ask: Ask<'a>,
    pub(super) charges: Charges,
    stage: Stage,
    /// The list that is asked, and the place in it.
    list: usize,
    place: usize,
}

/// What one limit answers.
pub(super) enum Step {
    /// The next limit is asked.
    Go,
    Refused(Refused),
    /// The same limit is asked again, by a future.
    Wait,
}

impl<'a> Asking<'a> {
    pub(super) fn new(ask: Ask<'a>, charges: Charges, rules: &Rules, stage: Stage) -> Self {
        if matches!(stage, Stage::Class | Stage::All) {
            // The plan of the caller limits it all the same.
            if let Some(class) = ask.class {
                rules.report_unknown_class(class, ask.elapsed);
            }
        }
        Self {
            ask,
            charges,
            stage,
            list: 0,
            place: 0,
        }
    }

    /// Asks all limits. The answer is ready unless a store has to be waited for.
    pub(super) fn run(mut self, rules: Arc<Rules>) -> NowOrLater<'a, Result<Charges, Exceeded>> {
        while let Some((index, rule)) = self.next(&rules) {
            match self.ask_now(&rules, index, rule) {
                Step::Go => {}
                Step::Refused(refused) => {
                    return NowOrLater::now(Err(Exceeded::new(self.charges, refused)));
                }
                Step::Wait => return NowOrLater::later(self.run_later(Arc::clone(&rules), index)),
            }
        }
        NowOrLater::now(Ok(self.charges))
    }

    async fn run_later(mut self, rules: Arc<Rules>, first: u16) -> Result<Charges, Exceeded> {
        let mut next = rules.rule(first).map(|rule| (first, rule));
        while let Some((index, rule)) = next {
            let mut step = self.ask_now(&rules, index, rule);
            if let Step::Wait = step {
                step = self.ask_later(&rules, index, rule).await;
            }
            if let Step::Refused(refused) = step {
                return Err(Exceeded::new(self.charges, refused));
            }
            next = self.next(&rules);
        }
        Ok(self.charges)
    }

    /// Returns the next limit that the request matches.
    pub(super) fn next<'r>(&mut self, rules: &'r Rules) -> Option<(u16, &'r Rule)> {
        loop {
            let list = self.list(rules)?;
            let Some(index) = list.get(self.place).copied() else {
                self.list += 1;
                self.place = 0;
                continue;
            };
            self.place += 1;
            let rule = rules.rule(index)?;
            if self.matches(rule) {
                return Some((index, rule));
            }
        }
    }

    fn list<'r>(&self, rules: &'r Rules) -> Option<&'r [u16]> {
        let plan = || rules.plan(&self.ask);
        let place = match (self.stage, self.list) {
            (Stage::All, 0) => (Stage::Before, 0),
            (Stage::All, list @ 1..=2) => (Stage::Caller, list - 1),
            (Stage::All, list) => (Stage::Class, list - 3),
            own => own,
        };
        match place {
            (Stage::Before, 0) => Some(&rules.before),
            (Stage::Caller, 0) => Some(&rules.all.caller),
            (Stage::Caller, 1) => Some(&plan().caller),
            (Stage::Class, 0) => Some(&rules.all.class),
            (Stage::Class, 1) => Some(&plan().class),
            (Stage::Class, 2) => Some(&rules.all.quotas),
            (Stage::Class, 3) => Some(&plan().quotas),
            _ => None,
        }
    }

    fn matches(&self, rule: &Rule) -> bool {
        match &rule.class {
            Some(class) => self.ask.class == Some(class),
            None => true,
        }
    }
}
