//! Programs that conditions compile to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::limits;
use crate::policy::engine::claim_path::ClaimPath;
use crate::policy::engine::fault::Fault;
use crate::policy::engine::interner::Interner;
use crate::policy::engine::node::{Leaf, Node};
use crate::policy::engine::predicate::Predicate;

/// A flat sequence of predicates with forward jumps, for any number of conditions.
///
/// Each condition starts at an entry of its own. Negation is pushed down to the predicates (De
/// Morgan's laws hold in Kleene's logic), so a condition depends only on whether each predicate has
/// the expected value. If an unknown predicate counts as missed, a run ends in [`ALLOW`] only if
/// the condition is true; if it counts as met, only if the condition is not false.
#[derive(Default)]
pub(in crate::policy) struct Program {
    // INVARIANT: a jump leads to a later step, or to an end.
    steps: Vec<Step>,
    /// The entries of the conditions, in order.
    entries: Vec<usize>,
    scopes: Interner,
    slots: usize,
    /// The first fault that was found.
    fault: Option<Fault>,
}

/// One predicate, and the jumps that follow it.
pub(in crate::policy) struct Step {
    pub(in crate::policy) leaf: Arc<Leaf>,
    pub(in crate::policy) fact: Fact,
    /// The value for which the step is met; `false` for a negated predicate.
    pub(in crate::policy) expected: bool,
    pub(in crate::policy) met: usize,
    pub(in crate::policy) missed: usize,
}

/// Where the fact of a step is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Fact {
    /// In the slot of this number, which holds a claim after it was first read.
    Claim(usize),
    /// In the request.
    Request,
    /// In the set of scopes, under this number, if the set was read.
    Scope(usize),
    /// In the set of scopes, under this number; the set is read if it was not. So are the scopes of
    /// a condition over many of them, which would otherwise search the caller's for each.
    SharedScope(usize),
}

/// The end of a condition that is met.
pub(in crate::policy) const ALLOW: usize = usize::MAX;
/// The end of a condition that is not met.
pub(in crate::policy) const DENY: usize = usize::MAX - 1;

/// How a run counts predicates that are unknown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Unknowns {
    Met,
    Missed,
}

impl Program {
    /// Compiles one condition, whose entry is 0.
    pub(in crate::policy) fn compile(nodes: &[Node]) -> Self {
        let mut program = Self::default();
        program.add(nodes);
        program.finish();
        program
    }

    /// Adds a condition and returns its entry.
    pub(in crate::policy) fn add(&mut self, nodes: &[Node]) -> usize {
        let entry = self.steps.len();
        self.entries.push(entry);
        let mut steps = reversed_steps(nodes);
        let last = entry + steps.len();
        // Jumps were numbered from the last step to the first.
        steps.reverse();
        for step in &mut steps {
            for exit in [&mut step.met, &mut step.missed] {
                if *exit < DENY {
                    *exit = last.saturating_sub(*exit + 1);
                }
            }
        }
        self.steps.append(&mut steps);
        entry
    }

    /// Assigns numbers to scopes, and slots to claims that several predicates depend on.
    pub(in crate::policy) fn finish(&mut self) {
        let mut uses: HashMap<ClaimPath, usize> = HashMap::new();
        for step in &self.steps {
            if let Some(path) = step.leaf.predicate.value_path() {
                *uses.entry(path.clone()).or_default() += 1;
            }
        }
        let mut slots: HashMap<ClaimPath, usize> = HashMap::new();
        for step in &mut self.steps {
            let predicate = &step.leaf.predicate;
            if let Predicate::Scope(name) = predicate {
                step.fact = Fact::Scope(self.scopes.add(name));
            } else if let Some(path) = predicate.value_path()
                && uses.get(path) > Some(&1)
            {
                let next = slots.len();
                step.fact = Fact::Claim(*slots.entry(path.clone()).or_insert(next));
            }
        }
        self.slots = slots.len();
        self.share_scopes();
        self.fault = self.find_fault();
    }

    /// Lets conditions over many scopes read the set of scopes.
    fn share_scopes(&mut self) {
        let mut rest = &mut *self.steps;
        let ends = self.entries.iter().skip(1).copied();
        let mut start = 0;
        for end in ends.chain([usize::MAX]) {
            let len = (end - start).min(rest.len());
            let Some((steps, others)) = rest.split_at_mut_checked(len) else {
                return;
            };
            let numbers = steps.iter().filter_map(|step| match step.fact {
                Fact::Scope(number) => Some(number),
                _ => None,
            });
            if numbers.collect::<HashSet<_>>().len() > FEW_SCOPES {
                for step in steps {
                    if let Fact::Scope(number) = step.fact {
                        step.fact = Fact::SharedScope(number);
                    }
                }
            }
            (rest, start) = (others, end);
        }
    }

    fn find_fault(&self) -> Option<Fault> {
        let limits = [
            ("steps", self.cost(), limits::POLICY_STEPS),
            ("different scopes", self.scopes.len(), limits::POLICY_SCOPES),
            (
                "claims with several conditions",
                self.slots,
                limits::POLICY_CLAIMS,
            ),
        ];
        let mut limits = limits.into_iter();
        match limits.find(|(_, given, max)| given > max) {
            Some((what, given, max)) => Some(Fault::Limit { what, given, max }),
            None => self.scopes.names().find_map(Fault::of_scope),
        }
    }

    /// Returns the fault of the program. A program that has one must not run.
    pub(in crate::policy) const fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    pub(in crate::policy) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the end of the condition at this entry: no jump leads beyond it.
    pub(in crate::policy) fn end(&self, entry: usize) -> usize {
        let mut end = entry + 1;
        let mut at = entry;
        while let Some(step) = self.steps.get(at).filter(|_| at < end) {
            for exit in [step.met, step.missed] {
                if exit < DENY {
                    end = end.max(exit + 1);
                }
            }
            at += 1;
        }
        end
    }

    pub(in crate::policy) const fn scopes(&self) -> &Interner {
        &self.scopes
    }

    pub(in crate::policy) const fn slots(&self) -> usize {
        self.slots
    }

    /// Returns the maximum number of comparisons that one decision takes.
    pub(in crate::policy) fn cost(&self) -> usize {
        let costs = self.steps.iter().map(|step| step.leaf.predicate.cost());
        costs.fold(0, usize::saturating_add)
    }

    /// Returns the names of the predicates, with their negation.
    pub(in crate::policy) fn names(&self) -> impl Iterator<Item = String> {
        self.steps.iter().map(|step| match step.expected {
            true => step.leaf.name.to_string(),
            false => format!("not {}", step.leaf.name),
        })
    }
}

/// Up to this number of scopes, searching the caller's for each is faster than reading them all.
const FEW_SCOPES: usize = 4;

/// A part of a condition that is being compiled, from its last child to its first.
struct Frame {
    left: usize,
    /// Whether all children have to be met, or one of them.
    is_all: bool,
    is_negated: bool,
    met: usize,
    missed: usize,
}

/// Compiles a condition from its last predicate to its first, so that the target of each jump is
/// known; in reverse order.
fn reversed_steps(nodes: &[Node]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut frames = vec![Frame {
        left: 1,
        is_all: true,
        is_negated: false,
        met: ALLOW,
        missed: DENY,
    }];
    for node in nodes.iter().rev() {
        let Some(top) = frames.last() else { break };
        let (left, is_all) = match node {
            Node::All(parts) => (*parts, !top.is_negated),
            Node::Any(parts) => (*parts, top.is_negated),
            Node::Leaf(_) | Node::Named(_) | Node::Not => (1, true),
        };
        if let Node::Leaf(leaf) = node {
            steps.push(Step {
                leaf: Arc::clone(leaf),
                fact: Fact::Request,
                expected: !top.is_negated,
                met: top.met,
                missed: top.missed,
            });
            close(&mut frames, steps.len() - 1);
            continue;
        }
        let is_negated = top.is_negated ^ matches!(node, Node::Not);
        let (met, missed) = (top.met, top.missed);
        frames.push(Frame {
            left,
            is_all,
            is_negated,
            met,
            missed,
        });
    }
    steps
}

/// Completes a child whose entry is given, and every part whose first child it is.
fn close(frames: &mut Vec<Frame>, entry: usize) {
    while let Some(top) = frames.last_mut() {
        top.left -= 1;
        if top.left > 0 {
            let exit = if top.is_all {
                &mut top.met
            } else {
                &mut top.missed
            };
            *exit = entry;
            return;
        }
        frames.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{claim, require_scope};

    fn facts(condition: &crate::policy::Condition) -> Vec<Fact> {
        let program = Program::compile(condition.nodes());
        program.steps().iter().map(|step| step.fact).collect()
    }

    #[test]
    fn predicates_over_one_claim_share_a_slot() {
        let inner = || claim("a").at("b");
        let condition = claim("a").is(1) | inner().is(2) | claim("c").is(3) | inner().absent();
        let condition = condition | claim("a").absent() | inner().is(4) | require_scope("s");
        let expected = [
            Fact::Claim(0),
            Fact::Claim(1),
            Fact::Request,
            Fact::Request,
            Fact::Claim(0),
            Fact::Claim(1),
            Fact::Scope(0),
        ];
        assert_eq!(facts(&condition), expected);
    }

    #[test]
    fn jumps_lead_forward_or_to_an_end() {
        let part = || (claim("a").is(1) | !claim("b").is(2)) & claim("c").is(3);
        let program = Program::compile((!(part() | !part()) & part()).nodes());
        for (at, step) in program.steps().iter().enumerate() {
            for exit in [step.met, step.missed] {
                assert!(exit > at && (exit < program.steps().len() || exit >= DENY));
            }
        }
        assert_eq!(program.end(0), program.steps().len());
    }
}
