//! Errors of policy files.

use std::error::Error;
use std::fmt;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;

/// A file is not a policy.
///
/// `Display` names the place, what came and the remedy.
#[derive(Clone, Debug)]
pub struct LoadError {
    pointer: String,
    error: ConfigError,
    is_old_in_force: bool,
}

impl LoadError {
    pub(super) const fn new(pointer: String, error: ConfigError) -> Self {
        Self {
            pointer,
            error,
            is_old_in_force: false,
        }
    }

    /// Adds that the policy before this one stays in force.
    pub(in crate::policy) fn in_force(mut self) -> Self {
        self.is_old_in_force = true;
        self
    }

    /// Returns the place as a JSON pointer (RFC 6901); the empty one is the whole text.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns what is wrong, as a stable code.
    pub fn kind(&self) -> ConfigErrorKind {
        self.error.kind()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.pointer {
            "" => f.write_str("the whole text")?,
            pointer => f.write_str(pointer)?,
        }
        write!(f, ": {}", self.error.detail())?;
        if self.is_old_in_force {
            f.write_str("; the version in force stays")?;
        }
        Ok(())
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl From<LoadError> for ConfigError {
    fn from(error: LoadError) -> Self {
        let kind = error.kind();
        Self::new(kind, FIELD, error.to_string()).with_source(error)
    }
}

pub(super) const FIELD: &str = "policy";
