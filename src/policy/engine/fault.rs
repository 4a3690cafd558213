//! What keeps a condition from ever being evaluated.

use std::sync::Arc;

use crate::error::{ConfigError, ConfigErrorKind};

/// The scope with which a client asks an authorization server for refresh tokens (OpenID Connect
/// section 11). A challenge that names it would send every client to ask for one.
pub(crate) const OFFLINE_ACCESS: &str = "offline_access";

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
    /// It requires the scope for refresh tokens, which says nothing about this service.
    OfflineAccess,
}

impl Fault {
    /// Returns the fault of a scope's name: it has to be one word (RFC 6749 section 3.3), and that of
    /// a right at this service.
    pub(in crate::policy) fn of_scope(name: &Arc<str>) -> Option<Self> {
        let is_other = |c: char| c.is_whitespace() || c.is_control();
        match &**name {
            OFFLINE_ACCESS => Some(Self::OfflineAccess),
            word if word.is_empty() || word.contains(is_other) => {
                Some(Self::Scope(Arc::clone(name)))
            }
            _ => None,
        }
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
            Self::OfflineAccess => {
                let detail = "expected a scope of this service in `require_scope`, found \
                              `offline_access`, which is one of the authorization server; remove the \
                              condition";
                ConfigError::conflict(field, detail)
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
            Self::OfflineAccess => "a condition over the scope `offline_access`".to_owned(),
        }
    }
}
