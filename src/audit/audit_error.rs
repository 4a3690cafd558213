//! Why a record is not in the audit trail.

use std::fmt;
use std::sync::Arc;

use crate::error::kinds;

kinds! {
    /// Why a record is not in the audit trail, as a stable code.
    pub enum AuditErrorKind {
        Full = "audit_full", "the buffer of a required audit sink is full";
        Late = "audit_late", "an audit sink has not written the record in time";
        Failing = "audit_failing", "an audit sink cannot be written to";
        Closed = "audit_closed", "the audit trail is closed";
    }
}

/// A record is not in the audit trail, or not yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditError {
    kind: AuditErrorKind,
    sink: Arc<str>,
}

impl AuditError {
    pub(super) const fn new(kind: AuditErrorKind, sink: Arc<str>) -> Self {
        Self { kind, sink }
    }

    /// Returns why.
    pub const fn kind(&self) -> AuditErrorKind {
        self.kind
    }

    /// Returns the name of the sink; if several fail, of the first one in the order of the builder.
    pub fn sink(&self) -> &str {
        &self.sink
    }
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (sink `{}`)", self.kind, self.sink)
    }
}

impl std::error::Error for AuditError {}
