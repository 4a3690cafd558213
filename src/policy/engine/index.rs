//! Index of the rules that can apply to a request.

use std::sync::Arc;

use crate::limits;
use crate::policy::engine::bit_set;
use crate::policy::engine::bit_set::{BitSet, Bits};
use crate::policy::engine::evaluation::Evaluation;
use crate::policy::engine::interner::Interner;
use crate::policy::engine::node::Node;
use crate::policy::engine::predicate::Predicate;
use crate::policy::request::AccessRequest;

/// Rules by the actions, routes and scopes that they require.
///
/// A rule that is not found is certainly false for the request.
pub(in crate::policy) struct Index {
    all: BitSet,
    actions: RulesByName,
    routes: RulesByName,
    scopes: RulesByName,
}

/// Rules by the names of one kind that they require.
#[derive(Debug, Default)]
pub(in crate::policy) struct RulesByName {
    names: Interner,
    /// By the number of a name: the rules that require it, and those that require none.
    sets: Vec<BitSet>,
    /// Rules that require no name of this kind.
    open: BitSet,
}

impl Index {
    pub(in crate::policy) fn new<'n>(
        rules: impl ExactSizeIterator<Item = &'n [Node]>,
        scopes: &Interner,
    ) -> Self {
        let mut index = Self {
            all: bit_set::empty(rules.len()),
            actions: RulesByName::new(rules.len()),
            routes: RulesByName::new(rules.len()),
            scopes: RulesByName::with_names(rules.len(), scopes),
        };
        for (rule, nodes) in rules.enumerate() {
            bit_set::insert(&mut index.all, rule);
            let actions = required(nodes, |predicate| match predicate {
                Predicate::Action(name) => Some(name),
                _ => None,
            });
            let routes = required(nodes, |predicate| match predicate {
                Predicate::Route(name) => Some(name),
                _ => None,
            });
            let scopes = required(nodes, |predicate| match predicate {
                Predicate::Scope(name) => Some(name),
                _ => None,
            });
            index.actions.add(rule, actions);
            index.routes.add(rule, routes);
            index.scopes.add(rule, scopes);
        }
        index.actions.finish();
        index.routes.finish();
        index
    }

    /// Calls with each rule that can apply to the request, in order, until one decides.
    #[inline]
    pub(in crate::policy) fn first_decided<T>(
        &self,
        evaluation: &mut Evaluation<'_, '_>,
        mut decide: impl FnMut(&mut Evaluation<'_, '_>, usize) -> Option<T>,
    ) -> Option<T> {
        let candidates = self.candidates(evaluation.request);
        let by_scopes = if candidates.are_many() {
            self.by_scopes(evaluation)
        } else {
            None
        };
        for at in 0..self.all.len() {
            let mut bits = candidates.word(at);
            if let Some(rules) = &by_scopes {
                bits &= rules.get(at).copied().unwrap_or_default();
            }
            for bit in Bits(bits) {
                if let Some(decided) = decide(evaluation, at * 64 + bit) {
                    return Some(decided);
                }
            }
        }
        None
    }

    /// Returns the rules that can apply to the request by its action and route.
    pub(in crate::policy) fn candidates(&self, request: &AccessRequest<'_>) -> Candidates<'_> {
        Candidates {
            action: request
                .action()
                .map_or(&self.all, |name| self.actions.candidates(name)),
            route: request
                .resource()
                .map_or(&self.all, |name| self.routes.candidates(name)),
        }
    }

    /// Returns the rules that can apply by the scopes of the caller.
    fn by_scopes(&self, evaluation: &mut Evaluation<'_, '_>) -> Option<[u64; WORDS]> {
        let mut rules = [0; WORDS];
        bit_set::unite(&mut rules, &self.scopes.open);
        evaluation.read_scopes(|number| {
            if let Some(set) = self.scopes.sets.get(number) {
                bit_set::unite(&mut rules, set);
            }
        })?;
        Some(rules)
    }
}

/// Up to this number of rules, evaluating them is faster than reading all scopes.
const FEW: u32 = 4;
const WORDS: usize = limits::POLICY_RULES / 64;

/// Rules that can apply by action and route.
pub(in crate::policy) struct Candidates<'i> {
    action: &'i BitSet,
    route: &'i BitSet,
}

impl Candidates<'_> {
    fn word(&self, at: usize) -> u64 {
        let [action, route] = [self.action, self.route].map(|set| set.get(at));
        action.copied().unwrap_or_default() & route.copied().unwrap_or_default()
    }

    /// Returns true for more than [`FEW`] rules, and does not count further.
    fn are_many(&self) -> bool {
        let mut count = 0;
        for at in 0..self.action.len() {
            for _ in Bits(self.word(at)) {
                if count == FEW {
                    return true;
                }
                count += 1;
            }
        }
        false
    }

    /// Returns the numbers of the rules.
    pub(in crate::policy) fn rules(&self) -> impl Iterator<Item = usize> {
        (0..self.action.len()).flat_map(|at| Bits(self.word(at)).map(move |bit| at * 64 + bit))
    }
}

impl RulesByName {
    pub(in crate::policy) fn new(rules: usize) -> Self {
        Self::with_names(rules, &Interner::default())
    }

    /// Starts with names that have numbers.
    fn with_names(rules: usize, names: &Interner) -> Self {
        Self {
            names: names.clone(),
            sets: vec![bit_set::empty(rules); names.len()],
            open: bit_set::empty(rules),
        }
    }

    /// Adds a rule, and the names of which it requires one, if it requires any.
    pub(in crate::policy) fn add(&mut self, rule: usize, names: Option<Vec<&Arc<str>>>) {
        let Some(names) = names else {
            return bit_set::insert(&mut self.open, rule);
        };
        for name in names {
            let number = self.names.add(name);
            if number == self.sets.len() {
                self.sets.push(vec![0; self.open.len()].into());
            }
            if let Some(set) = self.sets.get_mut(number) {
                bit_set::insert(set, rule);
            }
        }
    }

    /// Adds the rules that require no name to those of each name.
    pub(in crate::policy) fn finish(&mut self) {
        for set in &mut self.sets {
            bit_set::unite(set, &self.open);
        }
    }

    /// Returns the rules that can apply to a request with this name.
    pub(in crate::policy) fn candidates(&self, name: &str) -> &BitSet {
        let set = self
            .names
            .find(name.as_bytes())
            .and_then(|number| self.sets.get(number));
        set.unwrap_or(&self.open)
    }
}

type RequiredNames<'n> = Option<Vec<&'n Arc<str>>>;

/// Returns names such that the condition is certainly false without one of them, if there are any.
///
/// `name` returns the name that a predicate requires.
fn required(nodes: &[Node], name: fn(&Predicate) -> Option<&Arc<str>>) -> RequiredNames<'_> {
    let mut parts: Vec<RequiredNames<'_>> = Vec::new();
    for node in nodes {
        let names = match node {
            Node::Leaf(leaf) => name(&leaf.predicate).map(|name| vec![name]),
            Node::Named(_) => continue,
            Node::Not => {
                parts.pop();
                None
            }
            Node::All(count) => {
                let children = parts.split_off(parts.len().saturating_sub(*count));
                // All parts have to hold, so the names of any part are required.
                children.into_iter().flatten().min_by_key(Vec::len)
            }
            Node::Any(count) => {
                let children = parts.split_off(parts.len().saturating_sub(*count));
                let all: Option<Vec<_>> = children.into_iter().collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
        };
        parts.push(names);
    }
    parts.pop().flatten()
}
