//! Traces as data.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::UnixTime;
use crate::policy::decision::Decision;
use crate::policy::effect::Effect;
use crate::policy::trace::fact::Found;
use crate::policy::truth::Truth;
use crate::principal::PrincipalKind;

/// A decision together with the result of every condition, for the operator.
///
/// `explain` of a [`Condition`](crate::policy::Condition::explain), a [`Policy`](crate::Policy::explain) or
/// a [`RouteTable`](crate::policy::RouteTable::explain) creates it. It evaluates all conditions,
/// also those that a decision skips, so it is slower than `decide` and allocates.
///
/// A trace shows names and values of the configuration. Of the request it shows the method, the
/// route or else the path without its query, and the time; of the caller its kind and its authority;
/// and of what conditions read only types and sizes, never a string. Only for a request with
/// [`with_shown_values`](crate::policy::AccessRequest::with_shown_values), a setting for developers, it shows those
/// values and the caller's subject too. It is for the operator, not for the client. `Display` prints
/// it as text for a terminal, where `+` is true, `-` is false and `?` is unknown.
///
/// ```
/// use bearergate::{claim, Principal, require_scope};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::AccessRequest;
/// use bearergate::principal::PrincipalKind;
///
/// let policy = require_scope("orders:read") & claim("tenant").is("acme");
/// let alice = Principal::builder(PrincipalKind::Other, "https://idp.example.com")
///     .scopes(["orders:read"])
///     .build();
/// let trace = policy.explain(&AccessRequest::new(&alice, UnixTime::from_secs(0)));
/// assert!(!trace.decision().is_allowed());
/// assert_eq!(
///     trace.without_times().to_string(),
///     "\
/// DENIED: unknown (claim tenant)
/// by other of https://idp.example.com at 1970-01-01T00:00:00Z
/// ? all of
///   + scope orders:read: expected scope `orders:read`, found it among 1
///   ? claim tenant: expected `acme`, found no value
/// "
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Trace {
    pub(super) decision: Decision,
    pub(super) context: TraceContext,
    pub(super) elapsed: Option<Duration>,
    /// In preorder: each node precedes its parts, whose depth is greater by one.
    pub(super) nodes: Vec<TraceNode>,
}

/// What was decided about: the request, the caller, the time, and the version of the policy.
#[derive(Clone, Debug)]
pub(super) struct TraceContext {
    pub(super) request: Option<String>,
    pub(super) kind: PrincipalKind,
    pub(super) authority: String,
    /// Only if values are shown.
    pub(super) subject: Option<String>,
    pub(super) now: UnixTime,
    pub(super) version: Option<String>,
}

/// One node of a trace: a line of its text.
#[derive(Clone, Debug)]
pub(super) struct TraceNode {
    pub(super) depth: usize,
    pub(super) truth: Truth,
    pub(super) elapsed: Option<Duration>,
    pub(super) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    All,
    Any,
    Named(Arc<str>),
    Not,
    Route(String),
    Rule(Effect, Arc<str>),
    Predicate(PredicateResult),
}

/// One predicate, what it expected and what it found.
#[derive(Clone, Debug)]
pub(super) struct PredicateResult {
    pub(super) name: Arc<str>,
    /// From the configuration.
    pub(super) expected: String,
    pub(super) found: Found,
    /// What was found, only if values are shown.
    pub(super) value: Option<String>,
    /// How a service supplies what was not found.
    pub(super) supply: Option<&'static str>,
}
