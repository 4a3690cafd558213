//! Rules that decide together.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::decision::Reason;
use crate::policy::decision::ReasonCode;
use crate::policy::engine::denial::Blame;
use crate::policy::engine::evaluation::Scene;
use crate::policy::engine::index::Index;
use crate::policy::engine::program::Doubt;
use crate::policy::engine::program::Program;
use crate::policy::request::AccessRequest;
use crate::policy::rule::Effect;
use crate::policy::rule::Rule;

/// Rules that permit and forbid, compiled when they are built; cheap to clone.
///
/// What no rule permits is denied. How rules are combined is said by [`Combining`]; in each way a
/// forbid whose condition cannot be told denies. Rules that ask for an action, a route or a scope
/// cost nothing where the request is about another.
///
/// ```
/// use bearergate::{claim, Policy, Principal, require_scope};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::{AccessRequest, action, Rule};
/// use bearergate::principal::PrincipalKind;
///
/// let policy = Policy::builder()
///     .rule(Rule::forbid("suspended", claim("suspended").absent_or_is(false).not()))
///     .rule(Rule::permit("readers read", action("read") & require_scope("orders:read")))
///     .rule(Rule::permit("writers write", action("write") & require_scope("orders:write")))
///     .build()?;
///
/// let alice = Principal::builder(PrincipalKind::Other, "house").scopes(["orders:read"]).build();
/// let request = AccessRequest::new(&alice, UnixTime::from_secs(0));
/// assert!(policy.decide(&request.with_action("read")).is_allowed());
/// let denied = policy.decide(&request.with_action("write"));
/// assert_eq!(denied.to_string(), "denied: scope_missing (scope orders:write)");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Policy(Arc<Inner>);

struct Inner {
    rules: Vec<Rule>,
    combining: Combining,
    /// In the order in which they are asked.
    entries: Vec<Entry>,
    index: Index,
    program: Program,
}

/// One rule, compiled.
struct Entry {
    /// Its place among the rules.
    rule: usize,
    start: usize,
}

/// How several rules come to one decision.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Combining {
    /// A forbid that holds, or of which it cannot be told, denies; else a permit that holds
    /// allows: `deny_overrides`.
    #[default]
    DenyOverrides,
    /// The first rule that holds decides; one of which it cannot be told denies:
    /// `first_applicable`.
    FirstApplicable,
}

impl Policy {
    /// Starts a policy without rules, which deny overrides.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Decides about a request; an allow costs no allocation.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        let inner = &*self.0;
        Scene::set(&inner.program, request, |scene| {
            let settled = inner.index.settle(scene, |scene, at| inner.ask(scene, at));
            match settled {
                Some(Settled::Allow(rule)) => rule.allow(),
                Some(Settled::Deny(at)) => inner.forbid(scene, at),
                None => inner.deny(scene),
            }
        })
    }

    /// Returns the rules in the order in which they were given.
    pub fn rules(&self) -> &[Rule] {
        &self.0.rules
    }

    /// Returns how the rules are combined.
    pub fn combining(&self) -> Combining {
        self.0.combining
    }
}

/// What one rule made of a request.
enum Settled<'p> {
    Allow(&'p Rule),
    Deny(usize),
}

impl Inner {
    /// Asks one rule, and returns what it settled.
    #[inline]
    fn ask(&self, scene: &mut Scene<'_, '_>, at: usize) -> Option<Settled<'_>> {
        let entry = self.entries.get(at)?;
        let rule = self.rules.get(entry.rule)?;
        let mut run = |doubt| scene.run(entry.start, doubt).is_some();
        match (self.combining, rule.effect()) {
            (_, Effect::Forbid) => run(Doubt::For).then_some(Settled::Deny(at)),
            (_, Effect::Permit) if run(Doubt::Against) => Some(Settled::Allow(rule)),
            (Combining::DenyOverrides, Effect::Permit) => None,
            (Combining::FirstApplicable, Effect::Permit) => {
                run(Doubt::For).then_some(Settled::Deny(at))
            }
        }
    }

    /// Denies for a rule that forbids, or of which it cannot be told.
    #[cold]
    fn forbid(&self, scene: &mut Scene<'_, '_>, at: usize) -> Decision {
        let entry = self.entries.get(at);
        let rule = entry.and_then(|entry| self.rules.get(entry.rule));
        let Some((entry, rule)) = entry.zip(rule) else {
            return Decision::deny();
        };
        let is_permit = rule.effect() == Effect::Permit;
        let holds = scene.run(entry.start, Doubt::Against).is_some();
        let code = if holds {
            ReasonCode::Forbidden
        } else {
            ReasonCode::Unknown
        };
        let blame = Blame::of(scene, entry.start, is_permit);
        let reason = Reason::new(code, Arc::clone(rule.shared_name()));
        rule.oblige(blame.forbids(reason))
    }

    /// Denies because no rule permits, and says which one came nearest.
    #[cold]
    fn deny(&self, scene: &mut Scene<'_, '_>) -> Decision {
        let rough = self.index.rough(scene.request);
        let mut nearest: Option<Blame<'_>> = None;
        for at in rough.rules() {
            let Some(entry) = self.entries.get(at) else {
                continue;
            };
            let rule = self.rules.get(entry.rule);
            if rule.is_none_or(|rule| rule.effect() == Effect::Forbid) {
                continue;
            }
            let blame = Blame::of(scene, entry.start, true);
            if nearest
                .as_ref()
                .is_none_or(|near| blame.cost() < near.cost())
            {
                nearest = Some(blame);
            }
        }
        match nearest {
            Some(blame) => blame.decision(),
            None => Decision::deny().with_reason(Reason::new(ReasonCode::Unmatched, "no rule")),
        }
    }
}

impl Rule {
    #[inline]
    fn allow(&self) -> Decision {
        let reason = Reason::new(ReasonCode::Met, Arc::clone(self.shared_name()));
        Decision::allowed(reason, self.shared_obligations().cloned())
    }

    fn oblige(&self, decision: Decision) -> Decision {
        match self.shared_obligations() {
            Some(obligations) => decision.with_obligations(Arc::clone(obligations)),
            None => decision,
        }
    }
}

impl Authorizer for Policy {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }
}

impl fmt::Debug for Policy {
    /// Shows the names of rules and tests, never the values that they compare with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("combining", &self.combining())
            .field("rules", &self.rules())
            .finish()
    }
}

impl Combining {
    /// Returns the stable snake-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DenyOverrides => "deny_overrides",
            Self::FirstApplicable => "first_applicable",
        }
    }
}

/// Puts a [`Policy`] together.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PolicyBuilder {
    rules: Vec<Rule>,
    combining: Combining,
}

impl PolicyBuilder {
    /// Adds a rule.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Says how the rules are combined, [`Combining::DenyOverrides`] unless set.
    pub const fn combining(mut self, combining: Combining) -> Self {
        self.combining = combining;
        self
    }

    /// Checks and compiles the policy.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) without a rule that permits, or for a rule without a
    /// name; [`Conflict`](ConfigErrorKind::Conflict) for two rules of one name;
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) above
    /// [`limits::POLICY_RULES`](crate::limits::POLICY_RULES),
    /// [`limits::POLICY_STEPS`](crate::limits::POLICY_STEPS),
    /// [`limits::POLICY_SCOPES`](crate::limits::POLICY_SCOPES) or
    /// [`limits::POLICY_CLAIMS`](crate::limits::POLICY_CLAIMS).
    pub fn build(self) -> Result<Policy, ConfigError> {
        check(&self.rules)?;
        let order = self.order();
        let mut program = Program::default();
        let mut entries = Vec::new();
        for rule in &order {
            let nodes = self.rules.get(*rule).map(|rule| rule.condition().nodes());
            let start = program.add(nodes.unwrap_or_default());
            entries.push(Entry { rule: *rule, start });
        }
        program.finish();
        check_size(&program)?;
        let ordered = order.iter().filter_map(|rule| self.rules.get(*rule));
        let nodes: Vec<_> = ordered.map(|rule| rule.condition().nodes()).collect();
        let index = Index::of(nodes.into_iter(), program.scopes());
        Ok(Policy(Arc::new(Inner {
            rules: self.rules,
            combining: self.combining,
            entries,
            index,
            program,
        })))
    }

    /// Returns the places of the rules in the order in which they are asked.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.rules.len()).collect();
        if self.combining == Combining::DenyOverrides {
            order.sort_by_key(|at| {
                let rule = self.rules.get(*at);
                rule.is_some_and(|rule| rule.effect() == Effect::Permit)
            });
        }
        order
    }
}

fn check(rules: &[Rule]) -> Result<(), ConfigError> {
    let error = |kind, detail| Err(ConfigError::new(kind, "rule", detail));
    if !rules.iter().any(|rule| rule.effect() == Effect::Permit) {
        let detail = "no rule permits anything; give at least one that does".to_owned();
        return error(ConfigErrorKind::Empty, detail);
    }
    let mut names = HashSet::new();
    for rule in rules {
        if rule.name().is_empty() {
            let detail = "a rule has no name; name each".to_owned();
            return error(ConfigErrorKind::Empty, detail);
        }
        if !names.insert(rule.name()) {
            let detail = format!("two rules are named `{}`; name each once", rule.name());
            return error(ConfigErrorKind::Conflict, detail);
        }
    }
    bounded("rules", rules.len(), limits::POLICY_RULES)
}

fn check_size(program: &Program) -> Result<(), ConfigError> {
    bounded("steps", program.cost(), limits::POLICY_STEPS)?;
    bounded(
        "different scopes",
        program.scopes().len(),
        limits::POLICY_SCOPES,
    )?;
    bounded(
        "claims asked about twice",
        program.slots(),
        limits::POLICY_CLAIMS,
    )
}

fn bounded(what: &str, came: usize, most: usize) -> Result<(), ConfigError> {
    if came <= most {
        return Ok(());
    }
    let detail = format!("a policy of {came} {what} was given; give at most {most}, or split it");
    Err(ConfigError::new(
        ConfigErrorKind::OutOfRange,
        "rule",
        detail,
    ))
}
