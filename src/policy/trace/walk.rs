//! Conditions, asked in full.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::policy::condition::condition::Condition;
use crate::policy::engine::node;
use crate::policy::engine::node::Leaf;
use crate::policy::request::AccessRequest;
use crate::policy::trace::fact::actual;
use crate::policy::trace::fact::wanted;
use crate::policy::trace::record::Node;
use crate::policy::trace::record::Told;
use crate::policy::trace::record::What;
use crate::policy::truth::Truth;

/// What one node of a tree gave.
struct Given {
    verdict: Truth,
    elapsed: Duration,
    /// Nodes of its tree, with itself.
    size: usize,
}

/// Appends what a condition gives, outer nodes before inner ones; without recursion.
pub(super) fn condition(
    condition: &Condition,
    request: &AccessRequest<'_>,
    depth: usize,
    nodes: &mut Vec<Node>,
) -> (Truth, Duration) {
    let given = ask(condition.nodes(), request);
    let Some(top) = given.len().checked_sub(1) else {
        return (Truth::Unknown, Duration::ZERO);
    };
    let mut open = vec![(top, depth)];
    while let Some((at, depth)) = open.pop() {
        let (Some(node), Some(own)) = (condition.nodes().get(at), given.get(at)) else {
            break;
        };
        nodes.push(Node {
            depth,
            verdict: own.verdict,
            elapsed: Some(own.elapsed),
            what: what(node, request),
        });
        // The last part stands right before its node, so the first one is taken next.
        let mut end = at;
        for _ in 0..parts(node) {
            let Some(part) = end.checked_sub(1) else {
                break;
            };
            open.push((part, depth + 1));
            end = end.saturating_sub(given.get(part).map_or(1, |given| given.size));
        }
    }
    given
        .last()
        .map_or((Truth::Unknown, Duration::ZERO), |own| {
            (own.verdict, own.elapsed)
        })
}

fn ask(nodes: &[node::Node], request: &AccessRequest<'_>) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let own = match node {
            node::Node::Leaf(leaf) => ask_leaf(leaf, request),
            _ => join(node, &given),
        };
        given.push(own);
    }
    given
}

fn ask_leaf(leaf: &Leaf, request: &AccessRequest<'_>) -> Given {
    let start = Instant::now();
    let verdict = leaf.test.ask(request);
    Given {
        verdict,
        elapsed: start.elapsed(),
        size: 1,
    }
}

fn join(node: &node::Node, given: &[Given]) -> Given {
    let mut verdict = match node {
        node::Node::All(_) => Truth::True,
        _ => Truth::False,
    };
    let mut elapsed = Duration::ZERO;
    let mut end = given.len();
    for _ in 0..parts(node) {
        let Some(part) = end.checked_sub(1).and_then(|part| given.get(part)) else {
            break;
        };
        verdict = match node {
            node::Node::All(_) => verdict.and(part.verdict),
            node::Node::Any(_) => verdict.or(part.verdict),
            node::Node::Not => part.verdict.not(),
            node::Node::Leaf(_) | node::Node::Named(_) => part.verdict,
        };
        elapsed += part.elapsed;
        end = end.saturating_sub(part.size);
    }
    Given {
        verdict,
        elapsed,
        size: given.len() - end + 1,
    }
}

const fn parts(node: &node::Node) -> usize {
    match node {
        node::Node::All(parts) | node::Node::Any(parts) => *parts,
        node::Node::Leaf(_) => 0,
        node::Node::Named(_) | node::Node::Not => 1,
    }
}

fn what(node: &node::Node, request: &AccessRequest<'_>) -> What {
    match node {
        node::Node::All(_) => What::All,
        node::Node::Any(_) => What::Any,
        node::Node::Leaf(leaf) => What::Test(Told {
            name: Arc::clone(&leaf.name),
            wanted: wanted(&leaf.test),
            actual: actual(&leaf.test, request),
        }),
        node::Node::Named(name) => What::Named(Arc::clone(name)),
        node::Node::Not => What::Not,
    }
}
