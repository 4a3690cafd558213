//! Policies of several rules.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::decision::{Decision, Reason, ReasonCode};
use crate::policy::effect::Effect;
use crate::policy::engine::denial::Obstacles;
use crate::policy::engine::evaluation::Evaluation;
use crate::policy::engine::index::Index;
use crate::policy::engine::program::{Program, Unknowns};
use crate::policy::engine::supply::Supply;
use crate::policy::needs::Needs;
use crate::policy::obligation::Obligations;
use crate::policy::request::AccessRequest;
use crate::policy::rule::Rule;
use crate::policy::trace::record::Trace;

/// Rules that permit and forbid requests, compiled when they are built; cheap to clone.
///
/// A request is allowed only if a rule permits it and no rule forbids it, as [`Combining`] says; a
/// request that no rule permits is denied. A forbid denies also if its condition is
/// [`Unknown`](crate::policy::Truth::Unknown). Rules that require an action, a route or a scope
/// take no time for a request with another one.
///
/// A deny says what is missing for the nearest permit. [`explain`](Self::explain) evaluates all
/// rules for one request, and [`lint`](Self::lint) finds rules that are probably wrong.
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
/// let alice = Principal::builder(PrincipalKind::Other, "https://idp.example.com")
///     .scopes(["orders:read"])
///     .build();
/// let request = AccessRequest::new(&alice, UnixTime::from_secs(0));
/// assert!(policy.decide(&request.with_action("read")).is_allowed());
/// let denied = policy.decide(&request.with_action("write"));
/// assert_eq!(denied.to_string(), "denied: scope_missing (scope orders:write)");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Policy(Arc<CompiledPolicy>);

struct CompiledPolicy {
    rules: Vec<Rule>,
    combining: Combining,
    /// In the order of evaluation.
    entries: Vec<Entry>,
    index: Index,
    program: Program,
}

/// One compiled rule.
struct Entry {
    /// The index of the rule.
    rule: usize,
    /// The entry of its condition in the program.
    start: usize,
}

/// How the rules of a [`Policy`] are combined into one decision.
///
/// In both ways a request that no rule permits is denied, and a forbid that is evaluated and
/// unknown denies.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Combining {
    /// A forbid that is true or unknown denies; otherwise a permit that is true allows:
    /// `deny_overrides`. The order of the rules does not matter.
    #[default]
    DenyOverrides,
    /// The first rule that is true decides, and a rule before it that is unknown denies, also a
    /// permit: `first_applicable`.
    FirstApplicable,
}

impl Policy {
    /// Creates a builder without rules, combined by [`Combining::DenyOverrides`].
    ///
    /// At least one rule that permits is needed; a policy that only forbids does not build.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Decides about a request: an allow only if a rule permits it and no rule forbids it.
    ///
    /// The decision names the rule that made it and passes on its [`Obligations`]. A deny because
    /// no rule permits names the conditions of the nearest one. An allow does not allocate.
    ///
    /// [`Obligations`]: crate::policy::Obligations
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        let policy = &*self.0;
        Evaluation::with(&policy.program, request, |evaluation| {
            let decided = policy
                .index
                .first_decided(evaluation, |evaluation, at| policy.apply(evaluation, at));
            match decided {
                Some(Decided::Allow(rule)) => {
                    let reason = Reason::new(ReasonCode::Met, Arc::clone(rule.shared_name()));
                    Decision::allowed(reason, rule.shared_obligations().cloned())
                }
                Some(Decided::Deny(at)) => policy.forbid(evaluation, at),
                None => policy.deny_unpermitted(evaluation),
            }
        })
    }

    /// Returns what the policy needs in addition to these facts. `suffix` names the route that it is
    /// the guard of.
    pub(in crate::policy) fn needs_with(&self, supply: &Supply<'_>, suffix: &str) -> Needs {
        let mut all = Needs::nothing();
        let mut can_allow = false;
        let mut is_passed = true;
        for at in self.0.entries.iter().map(|entry| entry.rule) {
            let Some(rule) = self.0.rules.get(at) else {
                continue;
            };
            let place = format!("rule `{}`{suffix}", rule.name());
            let class = rule.obligations().and_then(Obligations::rate_class);
            if let Some(class) = class {
                all = all.with_rate_class(class);
            }
            all = all.and(
                rule.condition()
                    .needs_with(supply, Some(&place))
                    .denying_all(false),
            );
            let reach = supply.reach(rule.condition().nodes());
            can_allow |= is_passed && rule.effect() == Effect::Permit && reach.can_hold;
            // Only a forbid that is false lets a request pass. So does any rule that is false or
            // does not apply, unless the first one that applies decides.
            let decides =
                rule.effect() == Effect::Forbid || self.0.combining == Combining::FirstApplicable;
            is_passed &= !decides || reach.can_fail;
        }
        all.denying_all(!can_allow)
    }

    /// Returns the rules in the order in which they were added.
    ///
    /// Lints and traces list rules in this order, whatever the order of evaluation is.
    pub fn rules(&self) -> &[Rule] {
        &self.0.rules
    }

    /// Returns how the rules are combined.
    ///
    /// It is [`Combining::DenyOverrides`] unless the builder set another way.
    pub fn combining(&self) -> Combining {
        self.0.combining
    }
}

/// What one rule decided about a request.
enum Decided<'p> {
    Allow(&'p Rule),
    Deny(usize),
}

impl CompiledPolicy {
    /// Evaluates one rule, and returns what it decided, if anything.
    #[inline]
    fn apply(&self, evaluation: &mut Evaluation<'_, '_>, at: usize) -> Option<Decided<'_>> {
        let entry = self.entries.get(at)?;
        let rule = self.rules.get(entry.rule)?;
        let unknowns = match rule.effect() {
            Effect::Forbid => Unknowns::Met,
            Effect::Permit => Unknowns::Missed,
        };
        let is_met = evaluation.run(entry.start, unknowns).is_some();
        match (rule.effect(), is_met) {
            (Effect::Forbid, true) => Some(Decided::Deny(at)),
            (Effect::Forbid, false) => None,
            (Effect::Permit, true) => Some(Decided::Allow(rule)),
            (Effect::Permit, false) => match self.combining {
                Combining::DenyOverrides => None,
                Combining::FirstApplicable => {
                    is_unknown(evaluation, entry.start).then_some(Decided::Deny(at))
                }
            },
        }
    }

    /// Denies because of a rule that forbids, or whose condition is unknown.
    #[cold]
    fn forbid(&self, evaluation: &mut Evaluation<'_, '_>, at: usize) -> Decision {
        let entry = self.entries.get(at);
        let rule = entry.and_then(|entry| self.rules.get(entry.rule));
        let Some((entry, rule)) = entry.zip(rule) else {
            return Decision::deny();
        };
        let is_permit = rule.effect() == Effect::Permit;
        let holds = evaluation.run(entry.start, Unknowns::Missed).is_some();
        let code = if holds {
            ReasonCode::Forbidden
        } else {
            ReasonCode::Unknown
        };
        let obstacles = Obstacles::find(evaluation, entry.start, is_permit);
        let reason = Reason::new(code, Arc::clone(rule.shared_name()));
        let decision = obstacles.forbidden(reason);
        match rule.shared_obligations() {
            Some(obligations) => decision.with_obligations(Arc::clone(obligations)),
            None => decision,
        }
    }

    /// Denies because no rule permits the request, and names the obstacles to the nearest permit.
    #[cold]
    fn deny_unpermitted(&self, evaluation: &mut Evaluation<'_, '_>) -> Decision {
        let candidates = self.index.candidates(evaluation.request);
        let mut nearest: Option<Obstacles<'_>> = None;
        for at in candidates.rules() {
            let Some(entry) = self.entries.get(at) else {
                continue;
            };
            let rule = self.rules.get(entry.rule);
            if rule.is_none_or(|rule| rule.effect() == Effect::Forbid) {
                continue;
            }
            let obstacles = Obstacles::find(evaluation, entry.start, true);
            if nearest
                .as_ref()
                .is_none_or(|nearest| obstacles.cost() < nearest.cost())
            {
                nearest = Some(obstacles);
            }
        }
        match nearest {
            Some(obstacles) => obstacles.decision(),
            None => Decision::deny().with_reason(Reason::new(ReasonCode::Unmatched, "no rule")),
        }
    }
}

/// Returns true if a condition that is not true is unknown.
///
/// It is a function of its own, so that the first evaluation is the only one that is inlined.
#[inline(never)]
fn is_unknown(evaluation: &mut Evaluation<'_, '_>, start: usize) -> bool {
    evaluation.run(start, Unknowns::Met).is_some()
}

impl Authorizer for Policy {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }

    fn needs(&self) -> Needs {
        self.needs_with(&Supply::NONE, "")
    }

    fn trace<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Option<Trace>> {
        NowOrLater::now(Some(self.explain(request)))
    }
}

impl fmt::Debug for Policy {
    /// Shows the names of rules and conditions, never the values that they compare with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("combining", &self.combining())
            .field("rules", &self.rules())
            .finish()
    }
}

impl Combining {
    /// Returns the stable snake-case name, as policy files spell it in the member `combining`:
    /// `deny_overrides` or `first_applicable`. It does not change between versions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DenyOverrides => "deny_overrides",
            Self::FirstApplicable => "first_applicable",
        }
    }
}

/// A builder of a [`Policy`]; created by [`Policy::builder`].
///
/// Nothing is checked before [`build`](Self::build), which returns the first error.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PolicyBuilder {
    rules: Vec<Rule>,
    combining: Combining,
}

impl PolicyBuilder {
    /// Adds a rule. For [`Combining::FirstApplicable`] the order in which rules are added is the
    /// order of evaluation.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Sets how the rules are combined. The default is [`Combining::DenyOverrides`].
    ///
    /// The default does not depend on the order of rules, and is right unless rules are exceptions
    /// of later ones.
    pub const fn combining(mut self, combining: Combining) -> Self {
        self.combining = combining;
        self
    }

    /// Validates the rules, and compiles them into a policy.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) without a rule that permits, or for a rule or a scope
    /// without a name; [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for the name of a scope
    /// with a space; [`Conflict`](ConfigErrorKind::Conflict) for two rules of one name;
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) above
    /// [`limits::POLICY_RULES`](crate::limits::POLICY_RULES),
    /// [`limits::POLICY_STEPS`](crate::limits::POLICY_STEPS),
    /// [`limits::POLICY_SCOPES`](crate::limits::POLICY_SCOPES) or
    /// [`limits::POLICY_CLAIMS`](crate::limits::POLICY_CLAIMS).
    pub fn build(self) -> Result<Policy, ConfigError> {
        check_rules(&self.rules)?;
        let order = self.order();
        let mut program = Program::default();
        let mut entries = Vec::new();
        for rule in &order {
            let nodes = self.rules.get(*rule).map(|rule| rule.condition().nodes());
            let start = program.add(nodes.unwrap_or_default());
            entries.push(Entry { rule: *rule, start });
        }
        program.finish();
        if let Some(fault) = program.fault() {
            return Err(fault.error("rule"));
        }
        let ordered = order.iter().filter_map(|rule| self.rules.get(*rule));
        let nodes: Vec<_> = ordered.map(|rule| rule.condition().nodes()).collect();
        let index = Index::new(nodes.into_iter(), program.scopes());
        Ok(Policy(Arc::new(CompiledPolicy {
            rules: self.rules,
            combining: self.combining,
            entries,
            index,
            program,
        })))
    }

    /// Returns the indices of the rules in the order of evaluation.
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

fn check_rules(rules: &[Rule]) -> Result<(), ConfigError> {
    let error = |kind, detail| Err(ConfigError::new(kind, "rule", detail));
    if !rules.iter().any(|rule| rule.effect() == Effect::Permit) {
        let detail = "expected at least one rule that permits, found none".to_owned();
        return error(ConfigErrorKind::Empty, detail);
    }
    let mut names = HashSet::new();
    for rule in rules {
        if rule.name().is_empty() {
            let detail = "expected a name for every rule, found an empty one".to_owned();
            return error(ConfigErrorKind::Empty, detail);
        }
        if !names.insert(rule.name()) {
            let detail = format!(
                "expected a different name for every rule, found `{}` twice",
                rule.name()
            );
            return error(ConfigErrorKind::Conflict, detail);
        }
    }
    if rules.len() > limits::POLICY_RULES {
        let (max, given) = (limits::POLICY_RULES, rules.len());
        let detail = format!("expected at most {max} rules, found {given}; split the policy");
        return error(ConfigErrorKind::OutOfRange, detail);
    }
    Ok(())
}
