//! Decisions of authorizers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{RejectionKind, kinds};
use crate::policy::obligation::Obligations;

/// The decision of an [`Authorizer`](crate::policy::Authorizer): allow or deny, with its reasons.
///
/// Reasons are for the operator. They name rules and conditions of the configuration, never values
/// of the caller. Only a [`Refusal`](crate::http_response::Refusal) decides what the client gets to
/// see of a deny.
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
#[must_use = "a decision protects nothing unless it is looked at"]
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
    /// Returns an allow without a reason; add one with [`because`](Self::because).
    ///
    /// A decision without a reason is hard to audit: [`authorize_fn`](crate::policy::authorize_fn)
    /// adds the name of the authorizer, other authorizers should name the rule.
    pub const fn allow() -> Self {
        Self(Outcome::Allow(None, None))
    }

    /// Returns an allow for this reason.
    pub(super) const fn allowed(reason: Reason, obligations: Option<Arc<Obligations>>) -> Self {
        Self(Outcome::Allow(Some(reason), obligations))
    }

    /// Returns a deny of kind [`AccessDenied`](RejectionKind::AccessDenied), which the client
    /// cannot resolve with another token. Add the reason with [`because`](Self::because).
    pub fn deny() -> Self {
        Self::denial(RejectionKind::AccessDenied)
    }

    /// Returns a deny because these scopes are missing, of kind
    /// [`ScopeInsufficient`](RejectionKind::ScopeInsufficient); the challenge names them (RFC 6750
    /// section 3).
    ///
    /// A client can ask for a token with these scopes and try again, so take their names from the
    /// configuration.
    pub fn scope_insufficient<S: Into<Arc<str>>>(missing: impl IntoIterator<Item = S>) -> Self {
        let mut decision = Self::denial(RejectionKind::ScopeInsufficient);
        if let Outcome::Deny(denial) = &mut decision.0 {
            denial.scopes = missing.into_iter().map(Into::into).collect();
        }
        decision
    }

    /// Returns a deny until the user authenticates again or more strongly (RFC 9470), of kind
    /// [`StepUpRequired`](RejectionKind::StepUpRequired). Say what is needed with
    /// [`with_acr_values`](Self::with_acr_values) and [`with_max_age`](Self::with_max_age).
    pub fn step_up() -> Self {
        Self::denial(RejectionKind::StepUpRequired)
    }

    /// Returns a deny because no decision could be made, of kind
    /// [`Unavailable`](RejectionKind::Unavailable): a service that the decision depends on does not
    /// answer. The client may retry.
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

    /// Adds the name of the rule or condition that decided, as a [`Reason`]. The name must come
    /// from the configuration, never from the caller, because it is logged.
    pub fn because(self, name: impl Into<Arc<str>>) -> Self {
        let code = match self.kind() {
            None => ReasonCode::Met,
            Some(RejectionKind::ScopeInsufficient) => ReasonCode::ScopeMissing,
            Some(RejectionKind::Unavailable) => ReasonCode::Unknown,
            Some(_) => ReasonCode::NotMet,
        };
        self.with_reason(Reason::new(code, name))
    }

    /// Adds a reason; an allow keeps only the last one.
    pub(crate) fn with_reason(mut self, reason: Reason) -> Self {
        match &mut self.0 {
            Outcome::Allow(only, _) => *only = Some(reason),
            Outcome::Deny(denial) => denial.reasons.push(reason),
        }
        self
    }

    /// Returns whether it is a deny that more scopes may turn into an allow.
    pub(crate) fn lacks_scopes(&self) -> bool {
        self.kind() == Some(RejectionKind::ScopeInsufficient)
    }

    /// Adds the missing scopes and the reasons of another deny of the same kind.
    pub(crate) fn and_lacking(mut self, other: &Self) -> Self {
        if let (Outcome::Deny(own), Outcome::Deny(other)) = (&mut self.0, &other.0) {
            for scope in &other.scopes {
                if !own.scopes.contains(scope) {
                    own.scopes.push(Arc::clone(scope));
                }
            }
            own.reasons.extend_from_slice(&other.reasons);
        }
        self
    }

    /// Sets the authentication contexts of which one is needed, separated by single spaces: the
    /// `acr_values` of the challenge (RFC 9470). An allow ignores them.
    pub fn with_acr_values(mut self, values: impl Into<String>) -> Self {
        if let Outcome::Deny(denial) = &mut self.0 {
            denial.acr_values = Some(values.into());
        }
        self
    }

    /// Sets the maximum age of the authentication: the `max_age` of the challenge (RFC 9470). An
    /// allow ignores it.
    pub fn with_max_age(mut self, age: Duration) -> Self {
        if let Outcome::Deny(denial) = &mut self.0 {
            denial.max_age = Some(age);
        }
        self
    }

    /// Sets the [`Obligations`] that the service has to fulfil together with this decision.
    ///
    /// Both an allow and a deny can have obligations. A [`Rule`](crate::policy::Rule) passes its
    /// own on.
    pub fn with_obligations(mut self, obligations: impl Into<Arc<Obligations>>) -> Self {
        let slot = match &mut self.0 {
            Outcome::Allow(_, obligations) => obligations,
            Outcome::Deny(denial) => &mut denial.obligations,
        };
        *slot = Some(obligations.into());
        self
    }

    /// Returns true if this is an allow.
    ///
    /// Everything else is a deny, also if no decision could be made.
    pub const fn is_allowed(&self) -> bool {
        matches!(self.0, Outcome::Allow(..))
    }

    /// Returns why access is denied, as a stable code, or `None` for an allow.
    ///
    /// The kind decides the status and the challenge of the
    /// [`Refusal`](crate::http_response::Refusal).
    pub fn kind(&self) -> Option<RejectionKind> {
        self.as_denial().map(|denial| denial.kind)
    }

    /// Returns the conditions that decided.
    ///
    /// For an allow it is the rule that permits, or the condition that was evaluated last. For a
    /// deny it is the rule that forbids, or the conditions that would have to hold for the nearest
    /// allow: missing scopes are nearer than a stronger authentication, that is nearer than other
    /// facts of the caller, and those are nearer than another request.
    pub fn reasons(&self) -> &[Reason] {
        match &self.0 {
            Outcome::Allow(reason, _) => reason.as_slice(),
            Outcome::Deny(denial) => &denial.reasons,
        }
    }

    /// Returns the scopes whose absence causes the deny; empty for another kind of decision.
    ///
    /// Other conditions may be missing too; [`reasons`](Self::reasons) names all of them.
    pub fn missing_scopes(&self) -> impl Iterator<Item = &str> {
        let scopes = self.as_denial().map(|denial| denial.scopes.iter());
        scopes.into_iter().flatten().map(|scope| &**scope)
    }

    /// Returns the authentication contexts of which one is needed, separated by single spaces.
    ///
    /// It is `None` unless the decision asks for a [step-up](Self::step_up) to a stronger context.
    pub fn acr_values(&self) -> Option<&str> {
        self.as_denial()?.acr_values.as_deref()
    }

    /// Returns the maximum age of the authentication.
    ///
    /// It is `None` unless the decision asks for a [step-up](Self::step_up) by a newer
    /// authentication.
    pub fn max_age(&self) -> Option<Duration> {
        self.as_denial()?.max_age
    }

    /// Returns the [`Obligations`] of the rule that decided, if it has any.
    ///
    /// They are for the service to fulfil, whether the decision is an allow or a deny.
    pub fn obligations(&self) -> Option<&Obligations> {
        match &self.0 {
            Outcome::Allow(_, obligations) => obligations.as_deref(),
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
            write!(f, "{} ({})", reason.code.as_str(), reason.name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decision({self})")
    }
}

/// The name of a rule or condition and its effect on a [`Decision`].
///
/// Reasons are for the log and for traces. They are not sent to the client, and contain no value of
/// the caller.
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

    /// Returns the effect of the rule or condition on the decision, as a stable code.
    ///
    /// Match on it, or use [`as_str`](ReasonCode::as_str) as the label of a metric.
    pub const fn code(&self) -> ReasonCode {
        self.code
    }

    /// Returns the name of the rule or condition, as the configuration gives it.
    ///
    /// The name of a condition says what it reads, such as `claim tenant` or `scope orders:read`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

kinds! {
    /// The effect of a rule or condition on a [`Decision`], as a stable code.
    ///
    /// The code is part of the text of a decision: `denied: scope_missing (scope orders:write)`.
    pub enum ReasonCode {
        Ambiguous = "ambiguous", "the path or a parameter of it could be read in two ways";
        Forbidden = "forbidden", "the rule forbids the request, and its condition holds";
        Met = "met", "the condition holds";
        NotMet = "not_met", "the condition does not hold, or the negated condition does";
        ScopeMissing = "scope_missing", "the caller lacks the scope that the condition requires";
        Unknown = "unknown",
            "the condition cannot be decided, because a fact is missing or has another type";
        Unmatched = "unmatched", "no rule or route applies to the request";
    }
}
