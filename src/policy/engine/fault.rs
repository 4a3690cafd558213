//! What keeps a condition from ever being evaluated.

use std::sync::Arc;

use crate::error::{ConfigError, ConfigErrorKind};

/// A fault of a condition, for which it is refused where it is built into something, and unknown
/// otherwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Fault {
    /// It exceeds a limit.
    Limit {
        what: &'static str,
        given: usize,
        max: usize,
    },
    /// It requires a scope of this name, which no caller can have.
    Scope(Arc<str>),
}

impl Fault {
    /// Returns the fault of a scope's name: it has to be one word (RFC 6749 section 3.3).
    pub(in crate::policy) fn of_scope(name: &Arc<str>) -> Option<Self> {
        let is_other = |c: char| c.is_whitespace() || c.is_control();
        let is_malformed = name.is_empty() || name.contains(is_other);
        is_malformed.then(|| Self::Scope(Arc::clone(name)))
    }

    pub(in crate::policy) fn error(&self, field: &'static str) -> ConfigError {
        match self {
            Self::Limit { what, given, max } => {
                let detail =
                    format!("expected at most {max} {what}, found {given}; split the policy");
                ConfigError::new(ConfigErrorKind::OutOfRange, field, detail)
            }
            Self::Scope(name) if name.is_empty() => {
                let detail = "expected the name of a scope in `require_scope`, found an empty one; \
                              write the name, or remove the condition";
                ConfigError::missing(field, detail)
            }
            Self::Scope(name) => {
                let shown: String = name.chars().take(80).collect();
                let detail = format!(
                    "expected the name of one scope in `require_scope`, found `{}`, which has a \
                     space or a control character; write a condition for each scope",
                    shown.escape_debug()
                );
                ConfigError::malformed(field, detail)
            }
        }
    }

    /// Returns the name under which a decision gives it as a reason.
    pub(in crate::policy) fn name(&self) -> String {
        match self {
            Self::Limit { what, given, max } => {
                format!("a condition of {given} {what}, of at most {max}")
            }
            Self::Scope(_) => "a condition over a scope whose name is not one word".to_owned(),
        }
    }
}
