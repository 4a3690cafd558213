//! Explanations of conditions, policies and route tables.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use http::Method;

use crate::diagnosis::page::Page;
use crate::diagnosis::shortened;
use crate::policy::condition::condition::Condition;
use crate::policy::decision::Decision;
use crate::policy::policy::Policy;
use crate::policy::request::AccessRequest;
use crate::policy::route::guarded_route::{Guard, Route};
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;
use crate::policy::trace::record::{NodeKind, Trace, TraceContext, TraceNode};
use crate::policy::trace::{html, json, text, walk};
use crate::policy::truth::Truth;

impl Trace {
    /// Returns the decision, which is the one that `decide` returns.
    ///
    /// Its reasons are a summary; the trace has the result of every condition.
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Removes the durations, so that the text of a trace is the same in every run, as a test
    /// needs.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.elapsed = None;
        for node in &mut self.nodes {
            node.elapsed = None;
        }
        self
    }

    /// Returns the trace as JSON, for logs and tools.
    ///
    /// Its members are `decision`, `kind`, `reasons`, `request`, `caller`, `time`, `policy_version` and
    /// `conditions`. Each condition has `is`, `name` and `truth`, a test has `expected` and `found`
    /// (and `value` if values are [shown](AccessRequest::with_shown_values)), and the parts of a
    /// condition are its `conditions`.
    pub fn to_json(&self) -> String {
        json::page(self)
    }

    /// Returns the trace as an HTML page, which loads nothing and has no script.
    ///
    /// Conditions are expanded where they keep the request from being allowed. Names of the
    /// configuration are escaped, so that a policy file cannot inject markup.
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    /// Returns what the service would have to supply for conditions that could not be decided
    /// without it.
    pub(crate) fn unsupplied(&self) -> Vec<&'static str> {
        let supply = |node: &TraceNode| match &node.kind {
            NodeKind::Predicate(result) if node.truth == Truth::Unknown => result.supply,
            _ => None,
        };
        let mut all: Vec<_> = self.nodes.iter().filter_map(supply).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the version of the policy that decided, if it has one.
    pub(crate) fn version(&self) -> Option<&str> {
        self.context.version.as_deref()
    }

    /// Writes the conditions as a part of another page.
    pub(crate) fn write_conditions(&self, page: &mut Page) {
        html::conditions(self, page);
    }

    fn new(
        request: &AccessRequest<'_>,
        version: Option<String>,
        decision: impl FnOnce() -> Decision,
        fill: impl FnOnce(&mut Vec<TraceNode>),
    ) -> Self {
        let start = Instant::now();
        let decision = decision();
        let elapsed = Some(start.elapsed());
        let mut nodes = Vec::new();
        fill(&mut nodes);
        Self {
            context: context(request, version),
            decision,
            elapsed,
            nodes,
        }
    }
}

fn context(request: &AccessRequest<'_>, version: Option<String>) -> TraceContext {
    let caller = request.principal();
    let facts = request.facts();
    let target = match (request.resource(), facts) {
        (Some(resource), _) => Some(resource),
        (None, Some(facts)) => Some(facts.uri().path()),
        (None, None) => None,
    };
    let method = facts.map(|facts| facts.method().as_str());
    let parts: Vec<_> = [method, target].into_iter().flatten().collect();
    let subject = caller.subject().filter(|_| request.shows_values());
    TraceContext {
        request: (!parts.is_empty()).then(|| shortened(&parts.join(" "))),
        kind: caller.kind(),
        authority: shortened(caller.authority().as_str()),
        subject: subject.map(shortened),
        now: request.now(),
        version,
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::page(self, f)
    }
}

impl Condition {
    /// Decides like [`decide`](Self::decide), and returns the result of every part of the
    /// condition.
    ///
    /// It evaluates all parts and allocates, so it is for diagnosis, not for each request.
    ///
    /// A request that was made by hand needs
    /// [`with_contested_ids`](AccessRequest::with_contested_ids) if the gate has several outside
    /// authorities; that of a caller ([`request`](crate::gate::Authenticated::request)) has it.
    pub fn explain(&self, request: &AccessRequest<'_>) -> Trace {
        Trace::new(
            request,
            None,
            || self.decide(request),
            |nodes| {
                walk::condition(self, request, 0, nodes);
            },
        )
    }
}

impl Policy {
    /// Decides like [`decide`](Self::decide), and returns the result of every rule and condition.
    ///
    /// It evaluates all rules and allocates, so it is for diagnosis, not for each request.
    ///
    /// A request that was made by hand needs
    /// [`with_contested_ids`](AccessRequest::with_contested_ids) if the gate has several outside
    /// authorities; that of a caller ([`request`](crate::gate::Authenticated::request)) has it.
    ///
    /// ```
    /// use bearergate::{Policy, Principal};
    /// use bearergate::clock::UnixTime;
    /// use bearergate::policy::{AccessRequest, action, role, Rule};
    /// use bearergate::principal::PrincipalKind;
    ///
    /// let rule = Rule::permit("clerks read", action("read") & role("clerk"));
    /// let policy = Policy::builder().rule(rule).build()?;
    /// let guest = Principal::builder(PrincipalKind::Session, "https://idp.example.com").build();
    /// let request = AccessRequest::new(&guest, UnixTime::from_secs(0)).with_action("read");
    /// let text = policy.explain(&request).without_times().to_string();
    /// assert!(text.contains("? claim roles: expected a list with `clerk`, found no value"));
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    pub fn explain(&self, request: &AccessRequest<'_>) -> Trace {
        let fill = |nodes: &mut Vec<TraceNode>| rules(self.rules(), request, 0, nodes);
        let version = Some(self.version());
        Trace::new(request, version, || self.decide(request), fill)
    }
}

impl RouteTable {
    /// Decides like [`decide`](Self::decide), and returns the route that matches with the result of
    /// every condition of its guard.
    ///
    /// Without a matching route the trace has no conditions. It is for diagnosis, not for each
    /// request.
    ///
    /// A request that was made by hand needs
    /// [`with_contested_ids`](AccessRequest::with_contested_ids) if the gate has several outside
    /// authorities; that of a caller ([`request`](crate::gate::Authenticated::request)) has it.
    pub fn explain(&self, request: &AccessRequest<'_>) -> Trace {
        let fill = |nodes: &mut Vec<TraceNode>| {
            let explained =
                self.with_matched(request, |matched, request| route(matched, request, nodes));
            explained.unwrap_or_default();
        };
        let version = Some(self.version());
        Trace::new(request, version, || self.decide(request), fill)
    }
}

fn route(route: &Route, request: &AccessRequest<'_>, nodes: &mut Vec<TraceNode>) {
    let method = route.method().map_or("any method", Method::as_str);
    nodes.push(TraceNode {
        depth: 0,
        truth: Truth::True,
        elapsed: None,
        kind: NodeKind::Route(format!("{method} {}", route.pattern())),
    });
    match route.guard() {
        Guard::Condition(condition) => {
            walk::condition(condition, request, 1, nodes);
        }
        Guard::Policy(policy) => rules(policy.rules(), request, 1, nodes),
    }
}

fn rules(rules: &[Rule], request: &AccessRequest<'_>, depth: usize, nodes: &mut Vec<TraceNode>) {
    for rule in rules {
        let at = nodes.len();
        nodes.push(TraceNode {
            depth,
            truth: Truth::Unknown,
            elapsed: None,
            kind: NodeKind::Rule(rule.effect(), Arc::clone(rule.shared_name())),
        });
        let (truth, elapsed) = walk::condition(rule.condition(), request, depth + 1, nodes);
        if let Some(node) = nodes.get_mut(at) {
            node.truth = truth;
            node.elapsed = Some(elapsed);
        }
    }
}
