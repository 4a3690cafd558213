//! Static analysis of conditions, for lints.

use std::collections::{BTreeSet, HashMap};

use crate::policy::engine::node::{Leaf, Node};
use crate::policy::engine::notation::identity;
use crate::policy::engine::predicate::Predicate;

/// Predicates by their identity, each with whether it is expected to be true.
pub(in crate::policy) type Literals = BTreeSet<(bool, String)>;

/// Returns the predicates of a condition that is a conjunction of predicates, some negated; other
/// conditions are not compared.
pub(in crate::policy) fn conjunction(nodes: &[Node]) -> Option<Literals> {
    let mut literals = Vec::new();
    let mut is_single = false;
    for node in nodes {
        match node {
            Node::Leaf(leaf) => {
                literals.push((true, identity(leaf)));
                is_single = true;
            }
            Node::Not if is_single => {
                let (expected, _) = literals.last_mut()?;
                *expected = !*expected;
            }
            Node::All(_) => is_single = false,
            Node::Named(_) => {}
            Node::Any(_) | Node::Not => return None,
        }
    }
    Some(literals.into_iter().collect())
}

/// The values that a part of a condition can have, and the predicates that it consists of.
struct Part<'p> {
    can_hold: bool,
    can_fail: bool,
    /// Its predicates, if it is one or a conjunction.
    all: Literals,
    /// Its predicates, if it is one or a disjunction.
    any: Literals,
    /// The names that it requires of which a request has only one, by their kind.
    only: HashMap<&'static str, &'p str>,
}

/// Returns whether a condition can be true, and whether it can be false.
pub(in crate::policy) fn bounds(nodes: &[Node]) -> (bool, bool) {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for node in nodes {
        let part = match node {
            Node::Leaf(leaf) => Part::new(leaf),
            Node::Named(_) => continue,
            Node::Not => {
                let Some(part) = parts.pop() else { continue };
                Part {
                    can_hold: part.can_fail,
                    can_fail: part.can_hold,
                    // De Morgan's laws.
                    all: negated(part.any),
                    any: negated(part.all),
                    only: HashMap::new(),
                }
            }
            Node::All(count) => {
                let children = parts.split_off(parts.len().saturating_sub(*count));
                all(children)
            }
            Node::Any(count) => {
                let children = parts.split_off(parts.len().saturating_sub(*count));
                any(children)
            }
        };
        parts.push(part);
    }
    let top = parts.pop();
    top.map_or((true, true), |part| (part.can_hold, part.can_fail))
}

impl<'p> Part<'p> {
    fn new(leaf: &'p Leaf) -> Self {
        let literal = [(true, identity(leaf))];
        let (can_hold, can_fail) = match &leaf.predicate {
            Predicate::Scope(name) => (!name.is_empty() && !name.contains(' '), true),
            Predicate::Address(networks) => {
                // A network of all addresses contains one family only.
                let whole = networks.iter().filter(|network| network.prefix_len() == 0);
                let families: BTreeSet<_> = whole.map(|network| network.addr().is_ipv4()).collect();
                (true, families.len() < 2)
            }
            Predicate::Weekdays(days) => (true, days.names().count() < 7),
            _ => (true, true),
        };
        let predicate = match &leaf.predicate {
            // A credential names one client, under any authority.
            Predicate::Id(_, inner) => inner,
            predicate => predicate,
        };
        let only = match predicate {
            Predicate::Action(name) => Some(("action", &**name)),
            Predicate::Authority(name) => Some(("authority", name.as_str())),
            Predicate::Client(name) => Some(("client", &**name)),
            Predicate::Kind(kind) => Some(("kind", kind.as_str())),
            Predicate::Method(method) => Some(("method", method.as_str())),
            Predicate::Route(name) => Some(("route", &**name)),
            _ => None,
        };
        Self {
            can_hold,
            can_fail,
            all: literal.clone().into(),
            any: literal.into(),
            only: only.into_iter().collect(),
        }
    }
}

fn negated(literals: Literals) -> Literals {
    let literals = literals.into_iter();
    literals
        .map(|(expected, predicate)| (!expected, predicate))
        .collect()
}

fn all(parts: Vec<Part<'_>>) -> Part<'_> {
    let mut whole = Part {
        can_hold: true,
        can_fail: false,
        all: Literals::new(),
        any: Literals::new(),
        only: HashMap::new(),
    };
    for part in parts {
        whole.can_hold &= part.can_hold;
        whole.can_fail |= part.can_fail;
        for (kind, name) in part.only {
            let other = whole.only.insert(kind, name);
            whole.can_hold &= other.is_none_or(|other| other == name);
        }
        whole.all.extend(part.all);
    }
    whole.can_hold &= !contradicts(&whole.all);
    whole
}

fn any(parts: Vec<Part<'_>>) -> Part<'_> {
    let mut whole = Part {
        can_hold: false,
        can_fail: true,
        all: Literals::new(),
        any: Literals::new(),
        only: HashMap::new(),
    };
    for part in parts {
        whole.can_hold |= part.can_hold;
        whole.can_fail &= part.can_fail;
        whole.any.extend(part.any);
    }
    whole.can_fail &= !contradicts(&whole.any);
    whole
}

/// Returns whether a predicate is expected to be both true and false.
fn contradicts(literals: &Literals) -> bool {
    literals
        .iter()
        .any(|(expected, predicate)| *expected && literals.contains(&(false, predicate.clone())))
}
