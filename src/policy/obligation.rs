//! Obligations of a decision.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

/// What the service has to do together with a decision, taken from the
/// [`Rule`](crate::policy::Rule) that decided.
///
/// A [`Gate`](crate::Gate) fulfils them: it counts the request at the limits of the class, records the
/// decision at the level, and adds the [`headers`](Self::headers) to what it returns. Without a gate
/// the service does. What the *client* has to do is not an obligation: a deny that asks for a
/// scope or for a stronger authentication has it in
/// [`Decision::missing_scopes`](crate::policy::Decision::missing_scopes) and
/// [`Decision::acr_values`](crate::policy::Decision::acr_values).
///
/// ```
/// use bearergate::policy::{AuditLevel, Obligations};
///
/// let exports = Obligations::new().with_rate_class("exports").with_audit(AuditLevel::Full);
/// assert_eq!(exports.rate_class(), Some("exports"));
/// ```
///
/// In a policy file they are the member `obligations` of a rule, with `rate_class`, `rate_cost`, `audit`
/// and `headers`: `{"rate_class": "exports", "rate_cost": 5, "audit": "full"}`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Obligations {
    rate_class: Option<Arc<str>>,
    rate_cost: Option<u32>,
    audit: Option<AuditLevel>,
    headers: HeaderMap,
}

/// The level of detail at which a decision is recorded in the audit log.
///
/// The [audit trail](crate::audit) of a gate records more at each level; levels are ordered from
/// brief to full.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AuditLevel {
    /// Who asked for what, and the outcome, for decisions that are frequent and harmless: `brief`.
    Brief,
    /// In addition the path, the user agent, reasons and limits, as is usual: `normal`.
    Normal,
    /// In addition scopes and names of claims, for decisions that have to be traceable later: `full`.
    /// Such a record is never left out by sampling.
    Full,
}

impl Obligations {
    /// Creates an empty set of obligations.
    ///
    /// Add to it with the `with_` methods, and give it to a rule with
    /// [`Rule::with_obligations`](crate::policy::Rule::with_obligations).
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires the request to be counted against the rate limit of this class.
    ///
    /// The class is the name of a class of [limits](crate::limit::Limit::class), such as `exports`.
    #[must_use]
    pub fn with_rate_class(mut self, class: impl Into<Arc<str>>) -> Self {
        self.rate_class = Some(class.into());
        self
    }

    /// Requires the request to count as so many cells at the limits that have a class; by default it
    /// counts as 1 there, or as what the limit says.
    ///
    /// A limit whose burst is smaller refuses every such request.
    #[must_use]
    pub const fn with_rate_cost(mut self, cells: u32) -> Self {
        self.rate_cost = Some(cells);
        self
    }

    /// Requires the decision to be recorded at this level.
    ///
    /// Without it decisions are recorded at the level [`Normal`](AuditLevel::Normal).
    #[must_use]
    pub const fn with_audit(mut self, level: AuditLevel) -> Self {
        self.audit = Some(level);
        self
    }

    /// Requires this header in the response; a header of the same name that was added before stays.
    ///
    /// The value must be safe to show to the client: it is part of the response as it is.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Returns the class of rate limits that the request counts against.
    ///
    /// `None` leaves the class to the service.
    pub fn rate_class(&self) -> Option<&str> {
        self.rate_class.as_deref()
    }

    /// Returns the number of cells that the request counts as at the limits that have a class.
    ///
    /// `None` leaves it to the limits.
    pub const fn rate_cost(&self) -> Option<u32> {
        self.rate_cost
    }

    /// Returns the level at which the decision is to be recorded.
    ///
    /// `None` is the level [`Normal`](AuditLevel::Normal).
    pub const fn audit(&self) -> Option<AuditLevel> {
        self.audit
    }

    /// Returns the headers that belong in the response.
    ///
    /// Those of a deny are added to the response of a [`Refusal`](crate::http_response::Refusal);
    /// those of an allow are for the service to add.
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns true only if nothing is required of the service: no rate class or cost, no audit level
    /// and no header. It says nothing about whether the decision allows.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AuditLevel {
    /// Returns the stable snake-case name, as policy files spell it in the member `audit`: `brief`,
    /// `normal` or `full`. It does not change between versions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Brief => "brief",
            Self::Normal => "normal",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for AuditLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
