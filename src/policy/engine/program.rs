//! Conditions as a flat program: tests with jumps that lead forward alone.

use std::collections::HashMap;
use std::sync::Arc;

use crate::policy::engine::claim_path::Path;
use crate::policy::engine::interner::Words;
use crate::policy::engine::node::Leaf;
use crate::policy::engine::node::Node;
use crate::policy::engine::predicate::Test;

/// Any number of conditions, each from an entry of its own on.
///
/// Negation is pushed down to the tests (De Morgan's laws hold in Kleene's logic), so that
/// whether a condition is true depends only on which tests give what they should: with every
/// unknown test taken against the condition it ends in an allow only if the condition is true,
/// with every one taken for it only if the condition is not false.
#[derive(Default)]
pub(in crate::policy) struct Program {
    // INVARIANT: a jump names a later step, or an end.
    steps: Vec<Step>,
    scopes: Words,
    slots: usize,
}

/// One test and where to go from it.
pub(in crate::policy) struct Step {
    pub(in crate::policy) leaf: Arc<Leaf>,
    pub(in crate::policy) ask: Ask,
    pub(in crate::policy) wanted: bool,
    pub(in crate::policy) met: usize,
    pub(in crate::policy) missed: usize,
}

/// How a test is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Ask {
    /// About the claim that is kept under this number once it was read.
    Claim(usize),
    /// For itself.
    Leaf,
    /// About the scope of this number.
    Scope(usize),
}

pub(in crate::policy) const ALLOW: usize = usize::MAX;
pub(in crate::policy) const DENY: usize = usize::MAX - 1;

/// What a test counts as that cannot tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Doubt {
    Against,
    For,
}

impl Program {
    /// Compiles one condition, with its entry at 0.
    pub(in crate::policy) fn of(nodes: &[Node]) -> Self {
        let mut program = Self::default();
        program.add(nodes);
        program.finish();
        program
    }

    /// Adds a condition and returns its entry.
    pub(in crate::policy) fn add(&mut self, nodes: &[Node]) -> usize {
        let entry = self.steps.len();
        let mut steps = compile(nodes);
        let last = entry + steps.len();
        // They were compiled from the last one to the first.
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

    /// Numbers scopes, and the claims that several tests ask about; the first
    /// [`limits::POLICY_CLAIMS`] of them are kept when they were read.
    pub(in crate::policy) fn finish(&mut self) {
        self.number_scopes();
        self.number_claims();
    }

    pub(in crate::policy) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns where the condition at this entry ends: it leads nowhere behind that.
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

    pub(in crate::policy) const fn scopes(&self) -> &Words {
        &self.scopes
    }

    pub(in crate::policy) const fn slots(&self) -> usize {
        self.slots
    }

    /// Returns the most that one decision takes.
    pub(in crate::policy) fn cost(&self) -> usize {
        let costs = self.steps.iter().map(|step| step.leaf.test.cost());
        costs.fold(0, usize::saturating_add)
    }

    /// Returns the names of the tests, with their negation.
    pub(in crate::policy) fn names(&self) -> impl Iterator<Item = String> {
        self.steps.iter().map(|step| match step.wanted {
            true => step.leaf.name.to_string(),
            false => format!("not {}", step.leaf.name),
        })
    }

    fn number_scopes(&mut self) {
        for step in &mut self.steps {
            if let Test::Scope(name) = &step.leaf.test {
                step.ask = Ask::Scope(self.scopes.add(name));
            }
        }
    }

    fn number_claims(&mut self) {
        let mut counts: HashMap<Path, usize> = HashMap::new();
        for path in self
            .steps
            .iter()
            .filter_map(|step| step.leaf.test.slot_path())
        {
            *counts.entry(path.clone()).or_default() += 1;
        }
        let mut slots: HashMap<Path, usize> = HashMap::new();
        for step in &mut self.steps {
            let shared = step
                .leaf
                .test
                .slot_path()
                .filter(|path| counts.get(path) > Some(&1));
            let Some(path) = shared else { continue };
            let next = slots.len();
            step.ask = Ask::Claim(*slots.entry(path.clone()).or_insert(next));
        }
        self.slots = slots.len();
    }
}

/// A part of a tree that is being compiled, from its last child to its first.
struct Frame {
    left: usize,
    /// Whether all children have to be met, or any.
    is_all: bool,
    is_negated: bool,
    met: usize,
    missed: usize,
}

/// Compiles a tree from its last test to its first one: what a test leads to is there before it.
fn compile(nodes: &[Node]) -> Vec<Step> {
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
                ask: Ask::Leaf,
                wanted: !top.is_negated,
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

/// Ends a child that begins at `entry`, and every part that it was the first child of.
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
    use crate::policy::claim;
    use crate::policy::require_scope;

    fn asks(condition: &crate::policy::Condition) -> Vec<Ask> {
        let program = Program::of(condition.nodes());
        program.steps().iter().map(|step| step.ask).collect()
    }

    #[test]
    fn a_claim_that_several_tests_ask_about_has_one_place() {
        let inner = || claim("a").at("b");
        let condition = claim("a").is(1) | inner().is(2) | claim("c").is(3) | inner().absent();
        let condition = condition | claim("a").absent() | inner().is(4) | require_scope("s");
        let wanted = [
            Ask::Claim(0),
            Ask::Claim(1),
            Ask::Leaf,
            Ask::Leaf,
            Ask::Claim(0),
            Ask::Claim(1),
            Ask::Scope(0),
        ];
        assert_eq!(asks(&condition), wanted);
    }

    #[test]
    fn jumps_lead_forward_or_out() {
        let part = || (claim("a").is(1) | !claim("b").is(2)) & claim("c").is(3);
        let program = Program::of((!(part() | !part()) & part()).nodes());
        for (at, step) in program.steps().iter().enumerate() {
            for exit in [step.met, step.missed] {
                assert!(exit > at && (exit < program.steps().len() || exit >= DENY));
            }
        }
        assert_eq!(program.end(0), program.steps().len());
    }
}
