//! Traces as data.

use std::sync::Arc;
use std::time::Duration;

use crate::policy::decision::Decision;
use crate::policy::rule::Effect;
use crate::policy::trace::fact::Actual;
use crate::policy::truth::Truth;

/// A decision with every condition that was asked for it, what each gave, and why.
///
/// It is made by `explain`, which asks all conditions, also those that a decision leaves out, so
/// it takes longer and allocates. It names conditions, and the values that the configuration
/// compares with; of the values of the caller and the request it keeps no text at all, only their
/// types and sizes, so it can be shown to whoever may see the policy. `Display` gives it as text
/// for a terminal.
///
/// ```
/// use bearergate::{claim, Principal, require_scope};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::AccessRequest;
/// use bearergate::principal::PrincipalKind;
///
/// let policy = require_scope("orders:read") & claim("tenant").is("acme");
/// let alice = Principal::builder(PrincipalKind::Other, "house").scopes(["orders:read"]).build();
/// let trace = policy.explain(&AccessRequest::new(&alice, UnixTime::from_secs(0)));
/// assert!(!trace.decision().is_allowed());
/// assert_eq!(
///     trace.without_times().to_string(),
///     "\
/// DENIED: unknown (claim tenant)
/// ? all of
///   + scope orders:read: wants scope `orders:read`, is among the caller's 1
///   ? claim tenant: wants `acme`, is missing
/// "
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Trace {
    pub(super) decision: Decision,
    pub(super) elapsed: Option<Duration>,
    /// Each before what it holds, which lies one deeper.
    pub(super) nodes: Vec<Node>,
}

/// One line of a trace.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) depth: usize,
    pub(super) verdict: Truth,
    pub(super) elapsed: Option<Duration>,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    All,
    Any,
    Named(Arc<str>),
    Not,
    Route(String),
    Rule(Effect, Arc<str>),
    Test(Told),
}

/// One test, and what it found.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) name: Arc<str>,
    /// In words of the configuration.
    pub(super) wanted: String,
    pub(super) actual: Actual,
}
