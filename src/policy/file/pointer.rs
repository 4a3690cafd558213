//! Places in a policy file.

use std::fmt;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::reference_token;
use crate::policy::file::error::{FIELD, LoadError};

/// A JSON pointer (RFC 6901) to a value of a policy file.
///
/// It borrows the pointer of the enclosing value, so that reading a file allocates none.
pub(super) struct Pointer<'a> {
    outer: Option<&'a Self>,
    token: Token<'a>,
}

/// One reference token of a pointer.
enum Token<'a> {
    Element(usize),
    Member(&'a str),
}

impl Pointer<'_> {
    /// The file as a whole.
    pub(super) const ROOT: Self = Self {
        outer: None,
        token: Token::Element(0),
    };
}

impl<'a> Pointer<'a> {
    pub(super) const fn member(&'a self, name: &'a str) -> Self {
        Self {
            outer: Some(self),
            token: Token::Member(name),
        }
    }

    pub(super) const fn element(&'a self, at: usize) -> Self {
        Self {
            outer: Some(self),
            token: Token::Element(at),
        }
    }

    pub(super) const fn is_root(&self) -> bool {
        self.outer.is_none()
    }

    /// Returns an error about this value; `detail` says what was expected, what was found and what
    /// to do.
    pub(super) fn error(&self, kind: ConfigErrorKind, detail: impl Into<String>) -> LoadError {
        self.wrap(ConfigError::new(kind, FIELD, detail.into()))
    }

    pub(super) fn malformed(&self, detail: impl Into<String>) -> LoadError {
        self.error(ConfigErrorKind::ValueMalformed, detail)
    }

    pub(super) fn wrap(&self, error: ConfigError) -> LoadError {
        LoadError::new(self.to_string(), error)
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(outer) = self.outer else {
            return Ok(());
        };
        outer.fmt(f)?;
        match self.token {
            Token::Element(at) => write!(f, "/{at}"),
            Token::Member(name) => write!(f, "/{}", reference_token(name)),
        }
    }
}
