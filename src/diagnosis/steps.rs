//! Lists of steps of which at most one fails.

use super::explanation::{Explanation, Outcome, Step};
use crate::error::Rejection;

/// The steps of one explanation, which are known by name before the first one is carried out.
pub(crate) struct StepList {
    names: &'static [&'static str],
    steps: Vec<Step>,
}

impl StepList {
    pub(crate) const fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            steps: Vec::new(),
        }
    }

    /// Adds a step. Steps between the last one and this one have passed, except for those that are
    /// added as skipped.
    pub(crate) fn add(&mut self, step: Step) {
        let at = self.names.iter().position(|name| *name == step.name());
        let passed = self.names.iter().take(at.unwrap_or_default());
        let own = &mut self.steps;
        for name in passed.skip(own.len()) {
            own.push(Step::ok(name));
        }
        own.push(step);
    }

    /// Returns the explanation of an accepted credential: all other steps have passed.
    pub(crate) fn accept(mut self) -> Explanation {
        for name in self.names.iter().skip(self.steps.len()) {
            self.steps.push(Step::ok(name));
        }
        Explanation::accepted(self.steps)
    }

    /// Returns the explanation of a rejected credential: all steps before this one have passed, all
    /// after it are skipped.
    pub(crate) fn reject(mut self, rejection: Rejection, step: Step) -> Explanation {
        debug_assert_eq!(step.outcome(), Outcome::Failed);
        self.add(step);
        for name in self.names.iter().skip(self.steps.len()) {
            self.steps.push(Step::skipped(name));
        }
        Explanation::rejected(rejection, self.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RejectionKind;

    const NAMES: &[&str] = &["a", "b", "c", "d"];

    fn outcomes(explanation: &Explanation) -> Vec<&'static str> {
        let steps = explanation.steps().iter();
        steps.map(|step| step.outcome().as_str()).collect()
    }

    #[test]
    fn steps_before_the_failed_one_have_passed_and_those_after_it_are_skipped() {
        let mut list = StepList::new(NAMES);
        list.add(Step::skipped("b"));
        let rejected = list.reject(RejectionKind::TokenInactive.into(), Step::failed("c"));
        assert_eq!(outcomes(&rejected), ["ok", "skipped", "failed", "skipped"]);
        assert_eq!(outcomes(&StepList::new(NAMES).accept()), ["ok"; 4]);
    }
}
