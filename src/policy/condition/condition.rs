//! Conditions, and their conjunction, disjunction and negation.

use std::sync::{Arc, OnceLock};
use std::{fmt, ops};

use crate::error::ConfigError;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::decision::{Decision, Reason, ReasonCode};
use crate::policy::engine::denial::Obstacles;
use crate::policy::engine::evaluation::Evaluation;
use crate::policy::engine::fault::Fault;
use crate::policy::engine::node::{Leaf, Node};
use crate::policy::engine::predicate::Predicate;
use crate::policy::engine::program::{Program, Unknowns};
use crate::policy::engine::supply::Supply;
use crate::policy::needs::Needs;
use crate::policy::request::AccessRequest;
use crate::policy::trace::record::Trace;
use crate::policy::truth::Truth;
use crate::principal::Authority;

/// A condition over the caller and the request, in three-valued logic ([`Truth`]).
///
/// As an [`Authorizer`] it allows only if it is [`True`](Truth::True). Functions such as
/// [`claim`](crate::policy::claim), [`require_scope`](crate::policy::require_scope) and
/// [`condition_fn`](crate::policy::condition_fn) create conditions over one fact; [`and`](Self::and),
/// [`or`](Self::or) and [`not`](Self::not), or `&`, `|` and `!`, combine them to any depth. A
/// condition is stored flat, so neither evaluating nor dropping it recurses. It is compiled when it
/// is first evaluated; a [`Policy`](crate::policy::Policy) compiles its conditions when it is built.
///
/// A condition has the limits of a policy: [`POLICY_STEPS`](crate::limits::POLICY_STEPS),
/// [`POLICY_SCOPES`](crate::limits::POLICY_SCOPES) and
/// [`POLICY_CLAIMS`](crate::limits::POLICY_CLAIMS). One that exceeds a limit, or requires a scope
/// whose name is empty or has a space, is always [`Unknown`](Truth::Unknown), and its deny says so.
/// [`all`](Self::all), [`any`](Self::any), a [`Policy`](crate::policy::Policy), a
/// [`RouteTable`](crate::policy::RouteTable) and a [`Gate`](crate::Gate) refuse it when they are
/// built.
///
/// ```
/// use bearergate::{claim, require_scope};
/// use bearergate::policy::Condition;
///
/// let reader = require_scope("orders:read") | require_scope("orders:write");
/// let policy = reader.and(claim("tenant").is("acme")) & !claim("role").is("banned");
/// let either = Condition::any(["a", "b"].map(require_scope))?;
/// assert!(Condition::any([]).is_err());
/// # let _ = (policy, either);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a condition does nothing until it is evaluated"]
pub struct Condition {
    // INVARIANT: one tree in postfix order: the parts of a node precede it.
    nodes: Vec<Node>,
    program: OnceLock<Arc<Program>>,
}

impl Condition {
    pub(in crate::policy) fn leaf(name: impl Into<Arc<str>>, predicate: Predicate) -> Self {
        let name = name.into();
        Self::shared(Arc::new(Leaf { name, predicate }))
    }

    pub(in crate::policy) fn shared(leaf: Arc<Leaf>) -> Self {
        Self::from_nodes(vec![Node::Leaf(leaf)])
    }

    const fn from_nodes(nodes: Vec<Node>) -> Self {
        Self {
            nodes,
            program: OnceLock::new(),
        }
    }

    /// Combines two conditions; the result is true only if both are.
    ///
    /// It is false if either is, and [`Unknown`](Truth::Unknown) otherwise.
    pub fn and(self, other: impl Into<Self>) -> Self {
        let parts = match self.nodes.last() {
            Some(Node::All(parts)) => Some(*parts),
            _ => None,
        };
        self.combine(other.into(), Node::All, parts)
    }

    /// Combines two conditions; the result is true only if at least one of them is.
    ///
    /// It is false if both are, and [`Unknown`](Truth::Unknown) otherwise.
    pub fn or(self, other: impl Into<Self>) -> Self {
        let parts = match self.nodes.last() {
            Some(Node::Any(parts)) => Some(*parts),
            _ => None,
        };
        self.combine(other.into(), Node::Any, parts)
    }

    /// Negates the condition; the result is true only if the condition is false.
    ///
    /// The negation of [`Unknown`](Truth::Unknown) is unknown and denies: a missing claim satisfies
    /// neither a condition nor its negation. Ask for absence by name, with
    /// [`ClaimTest::absent`](crate::policy::ClaimTest::absent).
    #[expect(
        clippy::should_implement_trait,
        reason = "the trait is implemented too; this needs no import"
    )]
    pub fn not(self) -> Self {
        self.push(Node::Not)
    }

    /// Binds the condition to an authority; the result is false for callers of every other one.
    ///
    /// Ids in the condition, [`client`](crate::policy::client) and the claims that
    /// [`claim`](crate::policy::claim) lists, are then those of this authority. An id by itself does
    /// not identify a client or a subject, because another authority may use the same one.
    ///
    /// ```
    /// use bearergate::{claim, Principal};
    /// use bearergate::clock::UnixTime;
    /// use bearergate::policy::{AccessRequest, Truth, client};
    /// use bearergate::principal::PrincipalKind;
    ///
    /// let partner = Principal::builder(PrincipalKind::AccessToken, "https://partner.example.com")
    ///     .client("billing")
    ///     .build();
    /// let request = AccessRequest::new(&partner, UnixTime::from_secs(0)).with_contested_ids();
    /// let ours = client("billing").of("https://idp.example.com");
    /// assert_eq!(ours.evaluate(&request), Truth::False);
    /// let theirs = client("billing").of("https://partner.example.com");
    /// assert_eq!(theirs.evaluate(&request), Truth::True);
    /// assert_eq!(client("billing").evaluate(&request), Truth::Unknown);
    /// ```
    pub fn of(mut self, authority: impl Into<Authority>) -> Self {
        let authority = authority.into();
        let is_single = self.nodes.len() == 1;
        let mut is_bound = false;
        for node in &mut self.nodes {
            if let Node::Leaf(leaf) = node
                && let Predicate::Id(None, inner) = &leaf.predicate
            {
                let predicate = Predicate::Id(Some(authority.clone()), Arc::clone(inner));
                let name = format!("{} of {authority}", leaf.name).into();
                *leaf = Arc::new(Leaf { name, predicate });
                is_bound = true;
            }
        }
        let nodes = Self::from_nodes(self.nodes);
        // The predicate over an id is false for other authorities by itself.
        if is_single && is_bound {
            return nodes;
        }
        let name = format!("authority {authority}");
        Self::leaf(name, Predicate::Authority(authority)).and(nodes)
    }

    /// Names the condition. Traces show the name, so that a part that several rules share is
    /// recognized; what it evaluates to does not change.
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        self.push(Node::Named(name.into()))
    }

    /// Combines conditions; the result is true only if all of them are.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a condition: the result would hold for every
    /// request; also for a scope without a name.
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) above a limit of conditions,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for the name of a scope
    /// with a space; [`Conflict`](crate::error::ConfigErrorKind::Conflict) for the scope
    /// `offline_access`, which is one of the authorization server.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        let all = Self::combine_all(conditions, Node::All).ok_or_else(|| no_condition("all"))?;
        all.within_limits("all")
    }

    /// Combines conditions; the result is true only if at least one of them is.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a condition, or for a scope without a
    /// name; [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) above a limit of conditions;
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for the name of a scope
    /// with a space; [`Conflict`](crate::error::ConfigErrorKind::Conflict) for the scope
    /// `offline_access`, which is one of the authorization server.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        let any = Self::combine_all(conditions, Node::Any).ok_or_else(|| no_condition("any"))?;
        any.within_limits("any")
    }

    /// Returns the name that was given by [`named`](Self::named).
    ///
    /// A condition over one fact has no such name, although reasons show one.
    pub fn name(&self) -> Option<&str> {
        match self.nodes.last() {
            Some(Node::Named(name)) => Some(name),
            _ => None,
        }
    }

    /// Evaluates the condition for a request, and returns its value in three-valued logic.
    ///
    /// It has no reasons; [`decide`](Self::decide) returns a [`Decision`], and
    /// [`explain`](Self::explain) the value of every part.
    ///
    /// ```
    /// use bearergate::{claim, Principal};
    /// use bearergate::clock::UnixTime;
    /// use bearergate::policy::{AccessRequest, Truth};
    /// use bearergate::principal::PrincipalKind;
    ///
    /// let caller = Principal::builder(PrincipalKind::Session, "https://idp.example.com").build();
    /// let request = AccessRequest::new(&caller, UnixTime::from_secs(0));
    /// // The caller has no claim `role`, so both are unknown.
    /// assert_eq!(claim("role").is("guest").evaluate(&request), Truth::Unknown);
    /// assert_eq!(claim("role").is("guest").not().evaluate(&request), Truth::Unknown);
    /// ```
    pub fn evaluate(&self, request: &AccessRequest<'_>) -> Truth {
        let program = self.program();
        if program.fault().is_some() {
            return Truth::Unknown;
        }
        Evaluation::with(program, request, |evaluation| evaluation.truth(0))
    }

    /// Decides about a request: an allow only if the condition is true. An allow does not allocate.
    ///
    /// A deny names the conditions that would have to hold, and the scopes among them.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        let program = self.program();
        if let Some(fault) = program.fault() {
            return Decision::deny().with_reason(Reason::new(ReasonCode::Unknown, fault.name()));
        }
        Evaluation::with(program, request, |evaluation| {
            match evaluation.run(0, Unknowns::Missed) {
                Some(last) => {
                    let name = Arc::clone(&last.leaf.name);
                    Decision::allowed(Reason::new(ReasonCode::Met, name), None)
                }
                None => Obstacles::find(evaluation, 0, true).decision(),
            }
        })
    }

    /// Returns an error if the condition has a fault, such as an exceeded limit, and can therefore
    /// not hold.
    pub(in crate::policy) fn check_limits(&self, field: &'static str) -> Result<(), ConfigError> {
        match self.program().fault() {
            Some(fault) => Err(fault.error(field)),
            None => Ok(()),
        }
    }

    /// Returns what the condition needs in addition to these facts. `place` is the rule or route
    /// that it is a part of.
    pub(in crate::policy) fn needs_with(&self, supply: &Supply<'_>, place: Option<&str>) -> Needs {
        let needs = Needs::nothing().denying_all(!supply.reach(&self.nodes).can_hold);
        let missing = self
            .leaves()
            .filter_map(|leaf| Some((leaf, supply.missing(leaf)?)));
        missing.fold(needs, |needs, (leaf, fact)| match place {
            Some(place) => needs.for_some(format!("{} of {place}", leaf.name), fact),
            None => needs.for_some(Arc::clone(&leaf.name), fact),
        })
    }

    /// Returns the nodes in postfix order: the parts of a node precede it.
    pub(in crate::policy) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the predicates in their order.
    pub(in crate::policy) fn leaves(&self) -> impl Iterator<Item = &Arc<Leaf>> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Leaf(leaf) => Some(leaf),
            _ => None,
        })
    }

    fn program(&self) -> &Program {
        let compile = || Arc::new(Program::compile(&self.nodes));
        self.program.get_or_init(compile)
    }

    /// Returns the condition, unless it exceeds a limit.
    ///
    /// It is compiled for that only if it can: a caller may nest many conditions, each in the next.
    fn within_limits(self, field: &'static str) -> Result<Self, ConfigError> {
        let (mut cost, mut scopes, mut claims) = (0_usize, 0, 0);
        for leaf in self.leaves() {
            cost = cost.saturating_add(leaf.predicate.cost());
            if let Predicate::Scope(name) = &leaf.predicate {
                scopes += 1;
                if let Some(fault) = Fault::of_scope(name) {
                    return Err(fault.error(field));
                }
            }
            claims += usize::from(leaf.predicate.value_path().is_some());
        }
        let can_exceed = cost > limits::POLICY_STEPS
            || scopes > limits::POLICY_SCOPES
            // Only claims of two conditions count.
            || claims / 2 > limits::POLICY_CLAIMS;
        if can_exceed {
            self.check_limits(field)?;
        }
        Ok(self)
    }

    fn push(mut self, node: Node) -> Self {
        self.nodes.push(node);
        Self::from_nodes(self.nodes)
    }

    /// Appends another condition; `parts` is the number of parts if this is already combined in the
    /// same way.
    fn combine(mut self, mut other: Self, join: fn(usize) -> Node, parts: Option<usize>) -> Self {
        if parts.is_some() {
            self.nodes.pop();
        }
        self.nodes.append(&mut other.nodes);
        self.push(join(parts.unwrap_or(1) + 1))
    }

    fn combine_all(
        conditions: impl IntoIterator<Item = Self>,
        join: fn(usize) -> Node,
    ) -> Option<Self> {
        let mut parts = conditions.into_iter();
        let mut all = parts.next()?;
        let mut count = 1;
        for mut part in parts {
            all.nodes.append(&mut part.nodes);
            count += 1;
        }
        Some(if count == 1 {
            all
        } else {
            all.push(join(count))
        })
    }
}

fn no_condition(field: &'static str) -> ConfigError {
    let detail = "expected at least one condition, found none";
    ConfigError::missing(field, detail)
}

impl Authorizer for Condition {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }

    fn needs(&self) -> Needs {
        match self.check_limits("authorizer") {
            Ok(()) => self.needs_with(&Supply::NONE, None),
            Err(fault) => Needs::faulty(fault),
        }
    }

    fn trace<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Option<Trace>> {
        NowOrLater::now(Some(self.explain(request)))
    }
}

impl ops::BitAnd for Condition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl ops::BitOr for Condition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl ops::Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self::not(self)
    }
}

impl fmt::Debug for Condition {
    /// Shows the names of the predicates, never the values that they compare with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition")?;
        f.debug_list().entries(self.program().names()).finish()
    }
}
