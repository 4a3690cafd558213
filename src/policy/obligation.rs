//! What a decision obliges the service to.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;

/// What a decision obliges the service to, taken from the rule that decided.
///
/// What the client has to do is no obligation: a deny for want of a scope or of a stronger
/// authentication says so itself ([`Decision::missing_scopes`](crate::Decision::missing_scopes),
/// [`Decision::acr_values`](crate::Decision::acr_values)).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Obligations {
    rate_class: Option<Arc<str>>,
    audit: Option<AuditLevel>,
    headers: HeaderMap,
}

/// How much of a decision belongs on record.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AuditLevel {
    /// As little as there can be: `brief`.
    Brief,
    /// What is usual: `normal`.
    Normal,
    /// All there is: `full`.
    Full,
}

impl Obligations {
    /// Starts without any.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the request against this class of limits.
    #[must_use]
    pub fn with_rate_class(mut self, class: impl Into<Arc<str>>) -> Self {
        self.rate_class = Some(class.into());
        self
    }

    /// Records the decision at this level.
    #[must_use]
    pub const fn with_audit(mut self, level: AuditLevel) -> Self {
        self.audit = Some(level);
        self
    }

    /// Adds a header to the response; one of the same name stays.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Returns the class of limits that the request counts against.
    pub fn rate_class(&self) -> Option<&str> {
        self.rate_class.as_deref()
    }

    /// Returns the level at which the decision is recorded.
    pub const fn audit(&self) -> Option<AuditLevel> {
        self.audit
    }

    /// Returns the headers to add to the response.
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AuditLevel {
    /// Returns the stable snake-case name.
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
