//! Which rules of a policy a request can be about.

use std::sync::Arc;

use crate::limits;
use crate::policy::engine::bit_set::Bits;
use crate::policy::engine::bit_set::Mask;
use crate::policy::engine::bit_set::mask;
use crate::policy::engine::bit_set::merge;
use crate::policy::engine::bit_set::set;
use crate::policy::engine::evaluation::Scene;
use crate::policy::engine::interner::Words;
use crate::policy::engine::node::Node;
use crate::policy::engine::predicate::Test;
use crate::policy::request::AccessRequest;

/// Tells rules apart by the actions, routes and scopes without which they are certainly false.
pub(in crate::policy) struct Index {
    every: Mask,
    actions: Keyed,
    routes: Keyed,
    scopes: Keyed,
}

/// Rules by one kind of word.
#[derive(Debug, Default)]
pub(in crate::policy) struct Keyed {
    words: Words,
    /// By the number of a word: the rules that can be about it, and the open ones.
    masks: Vec<Mask>,
    /// Rules that ask for no word of this kind.
    open: Mask,
}

impl Index {
    pub(in crate::policy) fn of<'n>(
        rules: impl ExactSizeIterator<Item = &'n [Node]>,
        scopes: &Words,
    ) -> Self {
        let mut index = Self {
            every: mask(rules.len()),
            actions: Keyed::new(rules.len()),
            routes: Keyed::new(rules.len()),
            scopes: Keyed::of_words(rules.len(), scopes),
        };
        for (rule, nodes) in rules.enumerate() {
            set(&mut index.every, rule);
            index.actions.add(rule, keys(nodes, action));
            index.routes.add(rule, keys(nodes, route));
            index.scopes.add(rule, keys(nodes, scope));
        }
        index.actions.finish();
        index.routes.finish();
        index
    }

    /// Calls for the rules that the request can be about, in their order, until one settles it.
    #[inline]
    pub(in crate::policy) fn settle<T>(
        &self,
        scene: &mut Scene<'_, '_>,
        mut settle: impl FnMut(&mut Scene<'_, '_>, usize) -> Option<T>,
    ) -> Option<T> {
        let rough = self.rough(scene.request);
        let many = rough.count() > FEW;
        let held = if many { self.by_scopes(scene) } else { None };
        for at in 0..self.every.len() {
            let mut bits = rough.word(at);
            if let Some(held) = &held {
                bits &= held.get(at).copied().unwrap_or_default();
            }
            for bit in Bits(bits) {
                if let Some(settled) = settle(scene, at * 64 + bit) {
                    return Some(settled);
                }
            }
        }
        None
    }

    /// Returns the rules that the request can be about by action and route alone.
    pub(in crate::policy) fn rough(&self, request: &AccessRequest<'_>) -> Rough<'_> {
        Rough {
            action: request
                .action()
                .map_or(&self.every, |word| self.actions.of(word)),
            route: request
                .resource()
                .map_or(&self.every, |word| self.routes.of(word)),
        }
    }

    fn by_scopes(&self, scene: &mut Scene<'_, '_>) -> Option<[u64; WORDS]> {
        let mut all = [0; WORDS];
        merge(&mut all, &self.scopes.open);
        scene.read_scopes(|number| {
            if let Some(own) = self.scopes.masks.get(number) {
                merge(&mut all, own);
            }
        })?;
        Some(all)
    }
}

/// So many rules are asked rather than the scopes read.
const FEW: u32 = 4;
const WORDS: usize = limits::POLICY_RULES / 64;

/// Rules by action and route.
pub(in crate::policy) struct Rough<'i> {
    action: &'i Mask,
    route: &'i Mask,
}

impl Rough<'_> {
    fn word(&self, at: usize) -> u64 {
        let [action, route] = [self.action, self.route].map(|mask| mask.get(at));
        action.copied().unwrap_or_default() & route.copied().unwrap_or_default()
    }

    fn count(&self) -> u32 {
        (0..self.action.len())
            .map(|at| self.word(at).count_ones())
            .sum()
    }

    /// Returns the numbers of the rules.
    pub(in crate::policy) fn rules(&self) -> impl Iterator<Item = usize> {
        let words = 0..self.action.len();
        words.flat_map(|at| Bits(self.word(at)).map(move |bit| at * 64 + bit))
    }
}

impl Keyed {
    pub(in crate::policy) fn new(rules: usize) -> Self {
        Self::of_words(rules, &Words::default())
    }

    /// Starts with words that have their numbers.
    fn of_words(rules: usize, words: &Words) -> Self {
        Self {
            words: words.clone(),
            masks: vec![mask(rules); words.len()],
            open: mask(rules),
        }
    }

    /// Adds a rule that is certainly false but for these words, if there are any.
    pub(in crate::policy) fn add(&mut self, rule: usize, words: Option<Vec<&Arc<str>>>) {
        let Some(words) = words else {
            return set(&mut self.open, rule);
        };
        for word in words {
            let number = self.words.add(word);
            if number == self.masks.len() {
                self.masks.push(vec![0; self.open.len()].into());
            }
            if let Some(mask) = self.masks.get_mut(number) {
                set(mask, rule);
            }
        }
    }

    /// Adds the open rules to those of each word.
    pub(in crate::policy) fn finish(&mut self) {
        for mask in &mut self.masks {
            merge(mask, &self.open);
        }
    }

    pub(in crate::policy) fn of(&self, word: &str) -> &Mask {
        let mask = self
            .words
            .find(word.as_bytes())
            .and_then(|number| self.masks.get(number));
        mask.unwrap_or(&self.open)
    }
}

const fn action(test: &Test) -> Option<&Arc<str>> {
    match test {
        Test::Action(name) => Some(name),
        _ => None,
    }
}

const fn route(test: &Test) -> Option<&Arc<str>> {
    match test {
        Test::Route(name) => Some(name),
        _ => None,
    }
}

const fn scope(test: &Test) -> Option<&Arc<str>> {
    match test {
        Test::Scope(name) => Some(name),
        _ => None,
    }
}

type Key = fn(&Test) -> Option<&Arc<str>>;
type Keys<'n> = Option<Vec<&'n Arc<str>>>;

/// Returns the words without each of which a condition is certainly false, if it is so for any.
fn keys(nodes: &[Node], key: Key) -> Keys<'_> {
    let mut parts: Vec<Keys<'_>> = Vec::new();
    for node in nodes {
        let joined = match node {
            Node::Leaf(leaf) => key(&leaf.test).map(|word| vec![word]),
            Node::Named(_) => continue,
            Node::Not => {
                parts.pop();
                None
            }
            Node::All(count) => {
                let own = parts.split_off(parts.len().saturating_sub(*count));
                // All of them have to hold, so any of them tells.
                own.into_iter().flatten().min_by_key(Vec::len)
            }
            Node::Any(count) => {
                let own = parts.split_off(parts.len().saturating_sub(*count));
                let all: Option<Vec<_>> = own.into_iter().collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
        };
        parts.push(joined);
    }
    parts.pop().flatten()
}
