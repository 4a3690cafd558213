//! Errors of policy files.

use std::error::Error;
use std::fmt;

use crate::error::{ConfigError, ConfigErrorKind};

/// A policy file was refused by a [`PolicyLoader`](crate::policy::PolicyLoader).
///
/// `Display` prints the place in the file, what was expected, what was found and what to do about
/// it: `/rules/0/name: expected a string, found a number`.
#[derive(Clone, Debug)]
pub struct LoadError {
    pointer: String,
    error: ConfigError,
    keeps_current: bool,
}

impl LoadError {
    pub(super) const fn new(pointer: String, error: ConfigError) -> Self {
        Self {
            pointer,
            error,
            keeps_current: false,
        }
    }

    /// Adds that the current version of a handle stays in use.
    pub(super) fn keeping_current(mut self) -> Self {
        self.keeps_current = true;
        self
    }

    /// Returns the place of the error as a JSON pointer (RFC 6901), such as `/rules/0/effect`; an
    /// empty pointer is the file as a whole.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns what is wrong, as a stable code.
    ///
    /// It is the kind that building the same policy in Rust would return, or
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for JSON that is not in the format.
    pub fn kind(&self) -> ConfigErrorKind {
        self.error.kind()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.pointer {
            "" => f.write_str("policy file")?,
            pointer => f.write_str(pointer)?,
        }
        f.write_str(&self.error.after_field())?;
        if self.keeps_current {
            f.write_str("; the current version stays in use")?;
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

/// The field that errors of policy files are about.
pub(super) const FIELD: &str = "policy";
