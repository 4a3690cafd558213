//! Rules of a policy.

use std::fmt;
use std::sync::Arc;

use crate::policy::condition::condition::Condition;
use crate::policy::obligation::Obligations;

/// One rule of a [`Policy`](crate::policy::Policy): permits or forbids what its condition holds for.
///
/// ```
/// use bearergate::{claim, require_scope};
/// use bearergate::policy::{action, AuditLevel, Obligations, Rule};
///
/// let read = action("read").and(require_scope("orders:read"));
/// let rule = Rule::permit("readers read", read)
///     .with_obligations(Obligations::new().with_rate_class("reads").with_audit(AuditLevel::Brief));
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

/// What a rule does where its condition holds.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Effect {
    /// It denies.
    Forbid,
    /// It allows.
    Permit,
}

impl Rule {
    /// Allows what the condition holds for; `name` stands for the rule in reasons.
    pub fn permit(name: impl Into<Arc<str>>, condition: Condition) -> Self {
        Self::new(name.into(), Effect::Permit, condition)
    }

    /// Denies what the condition holds for, and what it cannot be told of.
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

    /// Sets what a decision by this rule obliges the service to.
    pub fn with_obligations(mut self, obligations: Obligations) -> Self {
        self.obligations = Some(Arc::new(obligations));
        self
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what the rule does.
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Returns the condition.
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Returns what a decision by this rule obliges the service to, if to anything.
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
    /// Returns the stable snake-case name.
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
