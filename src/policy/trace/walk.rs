//! Evaluation of all parts of a condition.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::policy::condition::condition::Condition;
use crate::policy::engine::node;
use crate::policy::request::AccessRequest;
use crate::policy::trace::fact::{Found, expected, found};
use crate::policy::trace::record::{NodeKind, PredicateResult, TraceNode};
use crate::policy::trace::shown::{supply, value};
use crate::policy::truth::Truth;

/// The result of one node of a condition.
struct Evaluated {
    truth: Truth,
    elapsed: Duration,
    /// The number of its nodes, including itself.
    size: usize,
}

/// Appends the nodes of a condition in preorder, without recursion, and returns its result.
pub(super) fn condition(
    condition: &Condition,
    request: &AccessRequest<'_>,
    depth: usize,
    nodes: &mut Vec<TraceNode>,
) -> (Truth, Duration) {
    let results = evaluate(condition.nodes(), request);
    let Some(top) = results.len().checked_sub(1) else {
        return (Truth::Unknown, Duration::ZERO);
    };
    let mut open = vec![(top, depth)];
    while let Some((at, depth)) = open.pop() {
        let (Some(node), Some(result)) = (condition.nodes().get(at), results.get(at)) else {
            break;
        };
        nodes.push(TraceNode {
            depth,
            truth: result.truth,
            elapsed: Some(result.elapsed),
            kind: kind(node, request),
        });
        // Parts are pushed from the last to the first, so the first one is popped next.
        let mut end = at;
        for _ in 0..parts(node) {
            let Some(part) = end.checked_sub(1) else {
                break;
            };
            open.push((part, depth + 1));
            end = end.saturating_sub(results.get(part).map_or(1, |part| part.size));
        }
    }
    results
        .last()
        .map_or((Truth::Unknown, Duration::ZERO), |result| {
            (result.truth, result.elapsed)
        })
}

fn evaluate(nodes: &[node::Node], request: &AccessRequest<'_>) -> Vec<Evaluated> {
    let mut results: Vec<Evaluated> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let result = match node {
            node::Node::Leaf(leaf) => {
                let start = Instant::now();
                let truth = leaf.predicate.evaluate(request);
                Evaluated {
                    truth,
                    elapsed: start.elapsed(),
                    size: 1,
                }
            }
            _ => combine(node, &results),
        };
        results.push(result);
    }
    results
}

fn combine(node: &node::Node, results: &[Evaluated]) -> Evaluated {
    let mut truth = match node {
        node::Node::All(_) => Truth::True,
        _ => Truth::False,
    };
    let mut elapsed = Duration::ZERO;
    let mut end = results.len();
    for _ in 0..parts(node) {
        let Some(part) = end.checked_sub(1).and_then(|part| results.get(part)) else {
            break;
        };
        truth = match node {
            node::Node::All(_) => truth.and(part.truth),
            node::Node::Any(_) => truth.or(part.truth),
            node::Node::Not => part.truth.not(),
            node::Node::Leaf(_) | node::Node::Named(_) => part.truth,
        };
        elapsed += part.elapsed;
        end = end.saturating_sub(part.size);
    }
    Evaluated {
        truth,
        elapsed,
        size: results.len() - end + 1,
    }
}

const fn parts(node: &node::Node) -> usize {
    match node {
        node::Node::All(parts) | node::Node::Any(parts) => *parts,
        node::Node::Leaf(_) => 0,
        node::Node::Named(_) | node::Node::Not => 1,
    }
}

fn kind(node: &node::Node, request: &AccessRequest<'_>) -> NodeKind {
    match node {
        node::Node::All(_) => NodeKind::All,
        node::Node::Any(_) => NodeKind::Any,
        node::Node::Leaf(leaf) => NodeKind::Predicate(result(leaf, request)),
        node::Node::Named(name) => NodeKind::Named(Arc::clone(name)),
        node::Node::Not => NodeKind::Not,
    }
}

fn result(leaf: &node::Leaf, request: &AccessRequest<'_>) -> PredicateResult {
    let predicate = &leaf.predicate;
    let found = found(predicate, request);
    PredicateResult {
        name: Arc::clone(&leaf.name),
        expected: expected(predicate),
        found,
        value: request
            .shows_values()
            .then(|| value(predicate, request))
            .flatten(),
        supply: (found == Found::Missing)
            .then(|| supply(predicate))
            .flatten(),
    }
}
