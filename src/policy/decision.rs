//! Allow or deny, with reasons.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::RejectionKind;
use crate::policy::obligation::Obligations;

/// An allow or a deny, with its reasons.
///
/// Reasons are for the operator and name conditions, never values of the caller; what a client is
/// told is decided in [`Refusal`](crate::http_response::Refusal) alone.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::policy::Decision;
///
/// assert!(Decision::allow().is_allowed());
/// let denied = Decision::scope_insufficient(["orders:write"]).because("orders are read-only");
/// assert_eq!(denied.kind(), Some(RejectionKind::ScopeInsufficient));
/// assert_eq!(denied.to_string(), "denied: scope_missing (orders are read-only)");
/// ```
#[derive(Clone, Eq, PartialEq)]
#[must_use = "a decision that nobody looks at protects nothing"]
pub struct Decision(Outcome);

#[derive(Clone, Eq, PartialEq)]
enum Outcome {
    Allow(Option<Reason>, Option<Arc<Obligations>>),
    Deny(Box<Denial>),
}

#[derive(Clone, Eq, PartialEq)]
struct Denial {
    kind: RejectionKind,
    reasons: Vec<Reason>,
    scopes: Vec<Arc<str>>,
    acr_values: Option<String>,
    max_age: Option<Duration>,
    obligations: Option<Arc<Obligations>>,
}

impl Decision {
    /// Allows.
    pub const fn allow() -> Self {
        Self(Outcome::Allow(None, None))
    }

    /// Allows for this reason.
    pub(super) const fn allowed(reason: Reason, obligations: Option<Arc<Obligations>>) -> Self {
        Self(Outcome::Allow(Some(reason), obligations))
    }

    /// Denies access.
    pub fn deny() -> Self {
        Self::denial(RejectionKind::AccessDenied)
    }

    /// Denies for want of these scopes.
    pub fn scope_insufficient<S: Into<Arc<str>>>(missing: impl IntoIterator<Item = S>) -> Self {
        let mut decision = Self::denial(RejectionKind::ScopeInsufficient);
        if let Outcome::Deny(denial) = &mut decision.0 {
            denial.scopes = missing.into_iter().map(Into::into).collect();
        }
        decision
    }

    /// Denies until the caller authenticates again or more strongly (RFC 9470).
    pub fn step_up() -> Self {
        Self::denial(RejectionKind::StepUpRequired)
    }

    /// Denies because it could not be decided: something that has to be asked does not answer.
    pub fn unavailable() -> Self {
        Self::denial(RejectionKind::Unavailable)
    }

    fn denial(kind: RejectionKind) -> Self {
        Self(Outcome::Deny(Box::new(Denial {
            kind,
            reasons: Vec::new(),
            scopes: Vec::new(),
            acr_values: None,
            max_age: None,
            obligations: None,
        })))
    }

    /// Names the rule that decided; the name must not come from the caller.
    pub fn because(self, name: impl Into<Arc<str>>) -> Self {
        let code = match self.kind() {
            None => ReasonCode::Met,
            Some(RejectionKind::ScopeInsufficient) => ReasonCode::ScopeMissing,
            Some(RejectionKind::Unavailable) => ReasonCode::Unknown,
            Some(_) => ReasonCode::NotMet,
        };
        self.with_reason(Reason::new(code, name))
    }

    /// Adds a reason; an allow keeps the last one alone.
    pub(crate) fn with_reason(mut self, reason: Reason) -> Self {
        match &mut self.0 {
            Outcome::Allow(own, _) => *own = Some(reason),
            Outcome::Deny(denial) => denial.reasons.push(reason),
        }
        self
    }

    /// Sets the authentication contexts of which one is needed, separated by single spaces; an
    /// allow ignores them.
    pub fn with_acr_values(mut self, values: impl Into<String>) -> Self {
        if let Outcome::Deny(denial) = &mut self.0 {
            denial.acr_values = Some(values.into());
        }
        self
    }

    /// Sets how old the authentication may be; an allow ignores it.
    pub fn with_max_age(mut self, age: Duration) -> Self {
        if let Outcome::Deny(denial) = &mut self.0 {
            denial.max_age = Some(age);
        }
        self
    }

    /// Sets what this obliges the service to.
    pub fn with_obligations(mut self, obligations: impl Into<Arc<Obligations>>) -> Self {
        let own = match &mut self.0 {
            Outcome::Allow(_, own) => own,
            Outcome::Deny(denial) => &mut denial.obligations,
        };
        *own = Some(obligations.into());
        self
    }

    /// Returns true for an allow.
    pub const fn is_allowed(&self) -> bool {
        matches!(self.0, Outcome::Allow(..))
    }

    /// Returns the kind of a deny, or `None` for an allow.
    pub fn kind(&self) -> Option<RejectionKind> {
        self.as_denial().map(|denial| denial.kind)
    }

    /// Returns what decided: for an allow the condition that settled it, for a deny those that
    /// stood between the caller and the nearest allow.
    pub fn reasons(&self) -> &[Reason] {
        match &self.0 {
            Outcome::Allow(reason, _) => reason.as_slice(),
            Outcome::Deny(denial) => &denial.reasons,
        }
    }

    /// Returns the scopes for want of which this is a deny.
    pub fn missing_scopes(&self) -> impl Iterator<Item = &str> {
        let scopes = self.as_denial().map(|denial| denial.scopes.iter());
        scopes.into_iter().flatten().map(|scope| &**scope)
    }

    /// Returns the authentication contexts of which one is needed.
    pub fn acr_values(&self) -> Option<&str> {
        self.as_denial()?.acr_values.as_deref()
    }

    /// Returns how old the authentication may be.
    pub fn max_age(&self) -> Option<Duration> {
        self.as_denial()?.max_age
    }

    /// Returns what this obliges the service to, if to anything.
    pub fn obligations(&self) -> Option<&Obligations> {
        match &self.0 {
            Outcome::Allow(_, own) => own.as_deref(),
            Outcome::Deny(denial) => denial.obligations.as_deref(),
        }
    }

    const fn as_denial(&self) -> Option<&Denial> {
        match &self.0 {
            Outcome::Allow(..) => None,
            Outcome::Deny(denial) => Some(denial),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_allowed() {
            "allowed"
        } else {
            "denied"
        })?;
        for (i, reason) in self.reasons().iter().enumerate() {
            f.write_str(if i == 0 { ": " } else { ", " })?;
            write!(f, "{} ({})", reason.code, reason.name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decision({self})")
    }
}

/// One condition and how it bore on a decision.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Reason {
    code: ReasonCode,
    name: Arc<str>,
}

impl Reason {
    pub(crate) fn new(code: ReasonCode, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        Self { code, name }
    }

    /// Returns how the condition bore on the decision, as a stable code.
    pub const fn code(&self) -> ReasonCode {
        self.code
    }

    /// Returns the name of the rule or condition, from the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// How a condition bore on a decision.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReasonCode {
    /// A rule forbids it: `forbidden`.
    Forbidden,
    /// It holds: `met`.
    Met,
    /// It does not hold: `not_met`.
    NotMet,
    /// A scope that it asks for is not there: `scope_missing`.
    ScopeMissing,
    /// It cannot be told whether it holds: `unknown`.
    Unknown,
    /// No rule speaks of the request: `unmatched`.
    Unmatched,
}

impl ReasonCode {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Met => "met",
            Self::NotMet => "not_met",
            Self::ScopeMissing => "scope_missing",
            Self::Unknown => "unknown",
            Self::Unmatched => "unmatched",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
