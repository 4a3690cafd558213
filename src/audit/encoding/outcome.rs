//! What the encodings derive from the outcome of a record.

use crate::audit::record::{Outcome, Record, Severity, What};

impl Outcome {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Limited => "limited",
            Self::Rejected => "rejected",
            Self::Malformed => "malformed",
            Self::Unavailable => "unavailable",
        }
    }

    pub(super) const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }
}

impl Severity {
    /// The number of OCSF and ECS.
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Informational => 1,
            Self::Notice => 2,
            Self::Warning => 3,
            Self::Error => 4,
        }
    }
}

impl<'a> Record<'a> {
    /// Whether the record is about a request, or several.
    pub(super) const fn is_of_request(&self) -> bool {
        matches!(
            self.what,
            What::Decision | What::Authenticated | What::Completed | What::Summary
        )
    }

    /// What was asked for, in the service's own words as far as it has any.
    pub(super) fn operation(&self) -> &'a str {
        let named = self.action.or(self.route).or(self.method);
        named.unwrap_or("unknown")
    }

    /// What a lifecycle record is about: `api_key`, and what happened to it: `created`.
    pub(super) fn lifecycle(&self) -> (&'a str, &'a str) {
        let (event, _) = self.subject_matter.unwrap_or(("unknown", ""));
        event.rsplit_once('_').unwrap_or((event, ""))
    }
}
