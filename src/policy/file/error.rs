//! Errors of policy files.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::{Position, Value};

/// A policy file was refused by a [`PolicyLoader`](crate::policy::PolicyLoader).
///
/// `Display` prints the place in the file, what was expected, what was found and what to do about
/// it: `/rules/0/name (line 4, column 14): expected a string, found a number`. It shows names and
/// values of the file up to 60 characters, because the file is the operator's own.
#[derive(Clone, Debug)]
pub struct LoadError {
    pointer: String,
    error: ConfigError,
    /// The position in the text, if there is a text.
    position: Option<Position>,
    is_at_name: bool,
    path: Option<Arc<str>>,
    keeps_current: bool,
}

impl LoadError {
    pub(super) const fn new(pointer: String, error: ConfigError) -> Self {
        Self {
            pointer,
            error,
            position: None,
            is_at_name: false,
            path: None,
            keeps_current: false,
        }
    }

    /// Says that the name of the member is wrong, not its value.
    pub(super) fn at_name(mut self) -> Self {
        self.is_at_name = true;
        self
    }

    /// Sets the position of an error whose pointer is known.
    pub(super) fn in_file(mut self, text: &[u8], file: Value<'_>) -> Self {
        let position = Position::of_pointer(text, file, &self.pointer, self.is_at_name);
        self.position = Some(position);
        self
    }

    /// Sets the position.
    pub(super) const fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Adds the path of the file.
    pub(super) fn in_path(mut self, path: &Arc<str>) -> Self {
        self.path = Some(Arc::clone(path));
        self
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

    /// Returns the line of the error, from 1; it is 1 for a file that cannot be read.
    ///
    /// Lines end with a line feed. If a member is missing it is the line of the object that should
    /// have it.
    pub fn line(&self) -> usize {
        self.position.unwrap_or(Position::START).line
    }

    /// Returns the column of the error, in characters from 1.
    ///
    /// It is where the value begins, or the name of a member that is unknown.
    pub fn column(&self) -> usize {
        self.position.unwrap_or(Position::START).column
    }

    /// Returns what is wrong, without the place.
    #[cfg(feature = "config-file")]
    pub(crate) fn error(&self) -> &ConfigError {
        &self.error
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
        match (&self.path, &*self.pointer) {
            (None, "") => f.write_str("policy file")?,
            (None, pointer) => f.write_str(pointer)?,
            (Some(path), "") => write!(f, "`{path}`")?,
            (Some(path), pointer) => write!(f, "`{path}`: {pointer}")?,
        }
        if let Some(Position { line, column }) = self.position {
            write!(f, " (line {line}, column {column})")?;
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
