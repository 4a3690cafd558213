//! Traces of conditions, policies and tables.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use http::Method;

use crate::policy::condition::condition::Condition;
use crate::policy::decision::Decision;
use crate::policy::policy::Policy;
use crate::policy::request::AccessRequest;
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::guarded_route::Route;
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;
use crate::policy::trace::html;
use crate::policy::trace::json;
use crate::policy::trace::record::Node;
use crate::policy::trace::record::Trace;
use crate::policy::trace::record::What;
use crate::policy::trace::text;
use crate::policy::trace::walk;
use crate::policy::truth::Truth;

impl Trace {
    /// Returns the decision, the same as without an explanation.
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Leaves out how long each part took, so that equal traces are equal texts.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.elapsed = None;
        for node in &mut self.nodes {
            node.elapsed = None;
        }
        self
    }

    /// Writes the trace as JSON: `decision`, `reasons`, `conditions`; each condition with its
    /// `conditions` inside.
    pub fn to_json(&self) -> String {
        json::page(self)
    }

    /// Writes the trace as one HTML page that loads nothing and has no script.
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    fn of(decision: impl FnOnce() -> Decision, fill: impl FnOnce(&mut Vec<Node>)) -> Self {
        let start = Instant::now();
        let decision = decision();
        let elapsed = Some(start.elapsed());
        let mut nodes = Vec::new();
        fill(&mut nodes);
        Self {
            decision,
            elapsed,
            nodes,
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::page(self, f)
    }
}

impl Condition {
    /// Decides as [`decide`](Self::decide) does, and explains it in full.
    pub fn explain(&self, request: &AccessRequest<'_>) -> Trace {
        Trace::of(
            || self.decide(request),
            |nodes| {
                walk::condition(self, request, 0, nodes);
            },
        )
    }
}

impl Policy {
    /// Decides as [`decide`](Self::decide) does, and explains it in full.
    pub fn explain(&self, request: &AccessRequest<'_>) -> Trace {
        let fill = |nodes: &mut Vec<Node>| rules(self.rules(), request, 0, nodes);
        Trace::of(|| self.decide(request), fill)
    }
}

impl RouteTable {
    /// Decides as [`decide`](Self::decide) does, and explains it in full.
    pub fn explain(&self, request: &AccessRequest<'_>) -> Trace {
        let fill = |nodes: &mut Vec<Node>| {
            let explained = self.scene(request, |own, request| route(own, request, nodes));
            explained.unwrap_or_default();
        };
        Trace::of(|| self.decide(request), fill)
    }
}

fn route(route: &Route, request: &AccessRequest<'_>, nodes: &mut Vec<Node>) {
    let method = route.method().map_or("any method", Method::as_str);
    nodes.push(Node {
        depth: 0,
        verdict: Truth::True,
        elapsed: None,
        what: What::Route(format!("{method} {}", route.pattern())),
    });
    match route.guard() {
        Guard::Condition(own) => {
            walk::condition(own, request, 1, nodes);
        }
        Guard::Policy(own) => rules(own.rules(), request, 1, nodes),
    }
}

fn rules(rules: &[Rule], request: &AccessRequest<'_>, depth: usize, nodes: &mut Vec<Node>) {
    for rule in rules {
        let at = nodes.len();
        nodes.push(Node {
            depth,
            verdict: Truth::Unknown,
            elapsed: None,
            what: What::Rule(rule.effect(), Arc::clone(rule.shared_name())),
        });
        let (verdict, elapsed) = walk::condition(rule.condition(), request, depth + 1, nodes);
        if let Some(node) = nodes.get_mut(at) {
            node.verdict = verdict;
            node.elapsed = Some(elapsed);
        }
    }
}
