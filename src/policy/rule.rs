//! Rules of a policy.

use std::fmt;
use std::sync::Arc;

use crate::policy::condition::condition::Condition;
use crate::policy::effect::Effect;
use crate::policy::obligation::Obligations;

/// One rule of a [`Policy`](crate::policy::Policy): it permits or forbids the requests for which
/// its condition holds.
///
/// A permit applies only if its condition is [`True`](crate::policy::Truth::True). A forbid applies
/// unless its condition is [`False`](crate::policy::Truth::False), so a missing fact denies in
/// both.
///
/// ```
/// use bearergate::{claim, require_scope};
/// use bearergate::policy::{action, AuditLevel, Obligations, Rule};
///
/// let read = action("read").and(require_scope("orders:read"));
/// let obligations = Obligations::new().with_rate_class("reads").with_audit(AuditLevel::Brief);
/// let rule = Rule::permit("readers read", read).with_obligations(obligations);
/// let suspended = Rule::forbid("suspended", claim("suspended").absent_or_is(false).not());
/// # let _ = (rule, suspended);
/// ```
#[derive(Clone)]
#[must_use = "a rule does nothing until it is part of a policy"]
pub struct Rule {
    name: Arc<str>,
    effect: Effect,
    condition: Condition,
    obligations: Option<Arc<Obligations>>,
}

impl Rule {
    /// Creates a rule that allows a request only if the condition is
    /// [`True`](crate::policy::Truth::True).
    ///
    /// `name` identifies the rule in [reasons](crate::policy::Decision::reasons), traces and lints;
    /// a policy holds each name once.
    pub fn permit(name: impl Into<Arc<str>>, condition: Condition) -> Self {
        Self::new(name.into(), Effect::Permit, condition)
    }

    /// Creates a rule that denies a request unless the condition is
    /// [`False`](crate::policy::Truth::False): [`Unknown`](crate::policy::Truth::Unknown) denies
    /// too.
    ///
    /// To forbid only if a claim is present, ask for its absence by name:
    /// `claim("suspended").absent_or_is(false).not()`.
    pub fn forbid(name: impl Into<Arc<str>>, condition: Condition) -> Self {
        Self::new(name.into(), Effect::Forbid, condition)
    }

    pub(super) const fn new(name: Arc<str>, effect: Effect, condition: Condition) -> Self {
        Self {
            name,
            effect,
            condition,
            obligations: None,
        }
    }

    /// Sets the [`Obligations`] of decisions that this rule makes.
    ///
    /// A permit passes them on with an allow, a forbid with a deny.
    pub fn with_obligations(mut self, obligations: Obligations) -> Self {
        self.obligations = Some(Arc::new(obligations));
        self
    }

    /// Returns the name of the rule.
    ///
    /// It is the name that reasons, traces and lints show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether the rule permits or forbids.
    ///
    /// With the name it identifies the rule in a trace: `permit readers read`.
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Returns the condition under which the rule applies.
    ///
    /// [`Condition::explain`] shows why it holds or not for a request.
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Returns the obligations of decisions that this rule makes, if it has any.
    ///
    /// A decision that this rule makes returns them from
    /// [`Decision::obligations`](crate::policy::Decision::obligations).
    pub fn obligations(&self) -> Option<&Obligations> {
        self.obligations.as_deref()
    }

    pub(super) const fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) const fn shared_obligations(&self) -> Option<&Arc<Obligations>> {
        self.obligations.as_ref()
    }
}

impl Effect {
    /// Returns the stable snake-case name, as policy files spell it in the member `effect`:
    /// `forbid` or `permit`. It does not change between versions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbid => "forbid",
            Self::Permit => "permit",
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {:?} {:?}",
            self.effect.as_str(),
            self.name,
            self.condition
        )
    }
}
