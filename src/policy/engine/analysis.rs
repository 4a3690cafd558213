//! Static analysis of conditions, for lints.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use crate::policy::engine::claim_consistency::may_pass;
use crate::policy::engine::claim_path::ClaimPath;
use crate::policy::engine::claim_predicate::ClaimPredicate;
use crate::policy::engine::node::{Leaf, Node};
use crate::policy::engine::notation::identity;
use crate::policy::engine::predicate::Predicate;
use crate::principal::ClaimValue;

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

/// The values that a condition can have, apart from unknown.
pub(in crate::policy) struct Bounds {
    pub(in crate::policy) can_hold: bool,
    pub(in crate::policy) can_fail: bool,
    /// What contradicts what, for a condition that is never true, if it is known.
    pub(in crate::policy) contradiction: Option<String>,
}

/// The values that a part of a condition can have, and the predicates that it consists of.
struct Part<'p> {
    can_hold: bool,
    can_fail: bool,
    /// Its predicates, if it is one or a conjunction.
    all: Literals,
    /// Its predicates, if it is one or a disjunction.
    any: Literals,
    /// What it requires of facts of which a request has only one, by their kind and name.
    only: HashMap<(&'static str, &'p str), Cow<'p, str>>,
    /// The tests of claims that it requires; `None` requires that there is no such claim.
    claims: HashMap<&'p ClaimPath, Vec<Option<&'p ClaimPredicate>>>,
    contradiction: Option<String>,
}

/// Returns whether a condition can be true, and whether it can be false.
pub(in crate::policy) fn bounds(nodes: &[Node]) -> Bounds {
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
                    claims: HashMap::new(),
                    contradiction: None,
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
    let top = parts.pop().unwrap_or_else(Part::always);
    Bounds {
        can_hold: top.can_hold,
        can_fail: top.can_fail,
        contradiction: top.contradiction,
    }
}

impl<'p> Part<'p> {
    /// A part that requires nothing.
    fn always() -> Self {
        Self {
            can_hold: true,
            can_fail: false,
            all: Literals::new(),
            any: Literals::new(),
            only: HashMap::new(),
            claims: HashMap::new(),
            contradiction: None,
        }
    }

    fn never(&mut self, contradiction: impl FnOnce() -> String) {
        self.can_hold = false;
        self.contradiction.get_or_insert_with(contradiction);
    }

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
            Predicate::Action(name) => Some((("action", ""), (&**name).into())),
            Predicate::Attribute(name, value) => Some((("attribute", &**name), value_text(value))),
            Predicate::Authority(name) => Some((("authority", ""), name.as_str().into())),
            Predicate::Client(name) => Some((("client", ""), (&**name).into())),
            Predicate::Header(name, value) => Some((("header", name.as_str()), (&**value).into())),
            Predicate::Kind(kind) => Some((("kind", ""), kind.as_str().into())),
            Predicate::Method(method) => Some((("method", ""), method.as_str().into())),
            Predicate::Param(name, value) => Some((("param", &**name), (&**value).into())),
            Predicate::Route(name) => Some((("route", ""), (&**name).into())),
            _ => None,
        };
        let claim = match predicate {
            Predicate::Absent(path) => Some((path, vec![None])),
            Predicate::Claim(path, test) => Some((path, vec![Some(test)])),
            _ => None,
        };
        Self {
            can_hold,
            can_fail,
            all: literal.clone().into(),
            any: literal.into(),
            only: only.into_iter().collect(),
            claims: claim.into_iter().collect(),
            contradiction: None,
        }
    }
}

/// Returns a text that is equal for equal values only.
fn value_text(value: &ClaimValue) -> Cow<'_, str> {
    match value {
        ClaimValue::Text(text) => format!("{text:?}").into(),
        ClaimValue::Bool(value) => value.to_string().into(),
        ClaimValue::Integer(value) => value.to_string().into(),
    }
}

fn negated(literals: Literals) -> Literals {
    let literals = literals.into_iter();
    literals
        .map(|(expected, predicate)| (!expected, predicate))
        .collect()
}

fn all(parts: Vec<Part<'_>>) -> Part<'_> {
    let mut whole = Part::always();
    for part in parts {
        whole.can_hold &= part.can_hold;
        whole.can_fail |= part.can_fail;
        whole.contradiction = whole.contradiction.or(part.contradiction);
        for ((kind, name), value) in part.only {
            let other = whole.only.insert((kind, name), value.clone());
            if let Some(other) = other.filter(|other| *other != value) {
                whole.never(|| {
                    let fact = [kind, name].join(" ");
                    format!(
                        "`{}` has to be both `{other}` and `{value}`",
                        fact.trim_end()
                    )
                });
            }
        }
        for (path, tests) in part.claims {
            let all = whole.claims.entry(path).or_default();
            all.extend(tests);
            if !may_pass(all) {
                whole.never(|| format!("no value of claim `{path}` passes all of its tests"));
            }
        }
        whole.all.extend(part.all);
    }
    if let Some(literal) = contradiction(&whole.all).cloned() {
        whole.never(|| format!("`{literal}` has to be both true and false"));
    }
    whole
}

fn any(parts: Vec<Part<'_>>) -> Part<'_> {
    let mut whole = Part {
        can_hold: false,
        can_fail: true,
        ..Part::always()
    };
    for part in parts {
        whole.can_hold |= part.can_hold;
        whole.can_fail &= part.can_fail;
        whole.any.extend(part.any);
        whole.contradiction = whole.contradiction.or(part.contradiction);
    }
    whole.can_fail &= contradiction(&whole.any).is_none();
    whole
}

/// Returns a predicate that is expected to be both true and false.
fn contradiction(literals: &Literals) -> Option<&String> {
    let mut expected = literals.iter().filter(|(expected, _)| *expected);
    let both = expected.find(|(_, predicate)| literals.contains(&(false, predicate.clone())));
    both.map(|(_, predicate)| predicate)
}
