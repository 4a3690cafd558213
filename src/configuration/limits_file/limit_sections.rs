//! The sections with limits: `limits`, `plans`, `otherwise`, `quotas` and `exceptions`.

use crate::configuration::reader::{Node, Section};
use crate::configuration::tree::Tree;
use crate::error::ConfigError;
use crate::limit::{Culprit, Limit, LimitsBuilder, Rate};

use super::limit_stores::LimitStores;
use super::one_limit::{limit, quota, rate};

/// A limit with its place.
type Placed<'c> = (Node<'c>, Limit);

/// Adds the limits of the file to a builder. Returns it only if all of them are right.
pub(super) fn limits(root: &mut Section<'_>, stores: &LimitStores) -> Option<LimitsBuilder> {
    let for_all = elements(root.take("limits"), |node| limit(node, stores));
    let otherwise = root.take("otherwise");
    let otherwise = otherwise.map(|node| elements(Some(node), |node| limit(node, stores)));
    let plans = root.take("plans").map(|node| plans(&node, stores));
    let quotas = root.take("quotas");
    let quotas = elements(quotas, |node| {
        stores.can_count(node).then(|| quota(node))?
    });
    let exceptions = elements(root.take("exceptions"), exception);
    let plans = plans.unwrap_or(Some(Vec::new()));
    let otherwise = otherwise.map_or(Some(None), |read| read.map(Some));
    let adding = Adding {
        for_all: for_all
            .zip(quotas)
            .map(|(all, quotas)| [all, quotas].concat())?,
        otherwise: otherwise?,
        plans: plans?,
        exceptions: exceptions?,
    };
    adding.to(&stores.base, root)
}

/// Reads each element of an array, which may be empty. `None` if one of them is wrong.
fn elements<'c, T>(
    node: Option<Node<'c>>,
    read: impl Fn(&Node<'c>) -> Option<T>,
) -> Option<Vec<(Node<'c>, T)>> {
    let Some(node) = node else {
        return Some(Vec::new());
    };
    if matches!(node.tree(), Tree::List(elements) if elements.is_empty()) {
        return Some(Vec::new());
    }
    let read = |node: Node<'c>| read(&node).map(|value| (node, value));
    let all: Vec<_> = node.list()?.into_iter().map(read).collect();
    all.into_iter().collect()
}

type Plans<'c> = Vec<(&'c str, Vec<Placed<'c>>)>;

fn plans<'c>(node: &Node<'c>, stores: &LimitStores) -> Option<Plans<'c>> {
    let Tree::Map(members) = node.tree() else {
        node.refuse("an object", "write the name of each plan and its limits");
        return None;
    };
    let read = |(name, tree): &'c (String, Tree)| {
        let node = node.member(name, tree);
        let limits = elements(Some(node), |node| limit(node, stores))?;
        Some((name.as_str(), limits))
    };
    let all: Vec<_> = members.iter().map(read).collect();
    all.into_iter().collect()
}

/// Another rate of one subject.
#[derive(Clone)]
struct OwnRate<'c> {
    limit: &'c str,
    who: (&'c str, &'c str),
    rate: Rate,
}

fn exception<'c>(node: &Node<'c>) -> Option<OwnRate<'c>> {
    let mut section = node.section()?;
    let remedy = "an exception is for one subject of one authority at one limit";
    let mut text = |name| section.require(name, remedy)?.text();
    let (limit, authority, subject) = (text("limit"), text("authority"), text("subject"));
    let own = section.require("rate", "write the other rate, such as `6000/m`");
    let own = own.and_then(|node| rate(&node, None));
    section.finish();
    Some(OwnRate {
        limit: limit?,
        who: (authority?, subject?),
        rate: own?,
    })
}

/// What a file adds to a builder.
struct Adding<'c> {
    for_all: Vec<Placed<'c>>,
    otherwise: Option<Vec<Placed<'c>>>,
    plans: Plans<'c>,
    exceptions: Vec<(Node<'c>, OwnRate<'c>)>,
}

impl Adding<'_> {
    fn to(&self, base: &LimitsBuilder, root: &Section<'_>) -> Option<LimitsBuilder> {
        let copied = |placed: &[Placed<'_>]| -> Vec<_> {
            placed.iter().map(|(_, limit)| limit.clone()).collect()
        };
        let mut builder = base.clone();
        builder = copied(&self.for_all)
            .into_iter()
            .fold(builder, LimitsBuilder::limit);
        if let Some(limits) = &self.otherwise {
            builder = builder.otherwise(copied(limits));
        }
        for (name, limits) in &self.plans {
            builder = builder.plan(*name, copied(limits));
        }
        for (_, own) in &self.exceptions {
            builder = builder.exception(own.limit, own.who, own.rate);
        }
        if builder.is_missing() {
            return Some(builder);
        }
        let faults = builder.faults();
        let is_right = faults.is_empty();
        for (culprit, fault) in faults {
            self.report(&culprit, fault, base, root);
        }
        is_right.then_some(builder)
    }

    /// Reports a fault at the place of what it is about. What is not in the file is set in Rust.
    fn report(
        &self,
        culprit: &Culprit,
        fault: ConfigError,
        base: &LimitsBuilder,
        root: &Section<'_>,
    ) {
        let node = match culprit {
            Culprit::Limit(at) => self.limit_at(*at, base),
            Culprit::Exception(at) => {
                let own = at.checked_sub(base.number_of_exceptions());
                let own = own.and_then(|at| self.exceptions.get(at));
                if let Some((node, _)) = own {
                    return node.report(fault);
                }
                None
            }
            Culprit::Whole => None,
        };
        match node.and_then(Node::section) {
            Some(section) => section.report(fault),
            None => root.report(fault),
        }
    }

    /// Returns the place of the limit with this number among all of the builder.
    fn limit_at(&self, at: usize, base: &LimitsBuilder) -> Option<&Node<'_>> {
        let [for_all, otherwise, plans] = base.number_of_limits();
        let lists = [
            (for_all, Some(&self.for_all)),
            // A list of the file is in place of the one in Rust.
            match &self.otherwise {
                Some(own) => (0, Some(own)),
                None => (otherwise, None),
            },
            (plans, None),
        ];
        let mut left = at;
        for (in_rust, own) in lists {
            let own = own.map_or(&[][..], Vec::as_slice);
            match left.checked_sub(in_rust) {
                None => return None,
                Some(rest) if rest < own.len() => return own.get(rest).map(|(node, _)| node),
                Some(rest) => left = rest.saturating_sub(own.len()),
            }
        }
        let of_plans = self.plans.iter().flat_map(|(_, limits)| limits);
        of_plans.map(|(node, _)| node).nth(left)
    }
}
