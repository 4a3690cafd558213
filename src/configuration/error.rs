//! Errors of a configuration file, all of them at once.

use std::error::Error;
use std::fmt;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::{FileFormat, JsonError, Position, SyntaxFault, Value};
use crate::limits;

/// One error of a configuration, with the member of the file that it is about.
///
/// `Display` prints the path, what was expected, what was found and what to do, such as
/// `/issuers/0/algorithms: expected an array, found "ES256"; write it in brackets`.
/// An error of a text that is no JSON has line and column in place of the path, and one of a limits
/// file has both. It shows no secret.
#[derive(Clone, Debug)]
pub struct LocatedError {
    path: String,
    error: ConfigError,
    /// Whether the path does not name what the error is about, so that its field is shown too.
    names_field: bool,
    /// Where the place is in the text, if there is one text.
    position: Option<Position>,
}

impl LocatedError {
    /// Makes an error about the member at the path.
    pub(super) const fn new(path: String, error: ConfigError) -> Self {
        Self {
            path,
            error,
            names_field: false,
            position: None,
        }
    }

    /// Makes an error about a field of the section at the path.
    pub(super) const fn in_section(path: String, error: ConfigError) -> Self {
        Self {
            path,
            error,
            names_field: true,
            position: None,
        }
    }

    /// Sets the position of an error about the text.
    pub(super) const fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Returns the member as a JSON pointer (RFC 6901), such as `/issuers/0/audiences`. An empty one
    /// is the configuration as a whole, for example a text that is no JSON.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong, as a stable code: the kind that the same setting gives in Rust, or
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for a value of another type.
    pub fn kind(&self) -> ConfigErrorKind {
        self.error.kind()
    }
}

impl fmt::Display for LocatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            "" => f.write_str("configuration")?,
            path => f.write_str(path)?,
        }
        if let Some(Position { line, column }) = self.position {
            write!(f, " (line {line}, column {column})")?;
        }
        match self.names_field {
            true => write!(f, ": {}", self.error),
            false => f.write_str(&self.error.after_field()),
        }
    }
}

impl Error for LocatedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Makes the error about a text that is no strict JSON.
pub(super) fn syntax_error(text: &[u8], error: JsonError, format: &FileFormat) -> LocatedError {
    let SyntaxFault { position, detail } = SyntaxFault::find(text, error, format);
    let error = ConfigError::malformed(FIELD, detail).with_source(error);
    LocatedError::new(String::new(), error).at(position)
}

/// The field of errors that name the member by its path only.
pub(super) const FIELD: &str = "configuration";

/// All errors that were found in a configuration; there is at least one.
///
/// `Display` prints their number, and then each on a line of its own, in the order of the file's
/// sections. What depends on several members, such as a validator that takes the credentials of
/// another one, is checked only when each of them is right by itself.
///
/// ```
/// use bearergate::configuration::Configuration;
/// use bearergate::environment::Environment;
///
/// let text = br#"{"issuer": [], "allow_any_authenticated": "yes"}"#;
/// let errors = Configuration::from_json(text)?.build(&Environment::new()).unwrap_err();
/// let paths: Vec<_> = errors.iter().map(|error| error.path()).collect();
/// assert_eq!(paths, ["", "/allow_any_authenticated", "/issuer"]);
/// # Ok::<(), bearergate::configuration::ConfigErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct ConfigErrors {
    errors: Vec<LocatedError>,
    /// How many were found in addition.
    more: usize,
}

impl ConfigErrors {
    /// Returns the errors, at most 256.
    pub fn iter(&self) -> std::slice::Iter<'_, LocatedError> {
        self.errors.iter()
    }

    /// Returns how many errors were found, also beyond those that are listed.
    pub fn count(&self) -> usize {
        self.errors.len().saturating_add(self.more)
    }

    /// Adds to each error the line and the column of its place in the text.
    pub(super) fn with_positions(mut self, text: &[u8], file: Value<'_>) -> Self {
        for error in &mut self.errors {
            let position = || Position::of_pointer(text, file, &error.path, false);
            error.position = Some(error.position.unwrap_or_else(position));
        }
        self
    }

    pub(super) const fn empty() -> Self {
        Self {
            errors: Vec::new(),
            more: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(super) fn push(&mut self, error: LocatedError) {
        match self.errors.len() < limits::CONFIGURATION_ERRORS {
            true => self.errors.push(error),
            false => self.more = self.more.saturating_add(1),
        }
    }
}

impl From<LocatedError> for ConfigErrors {
    fn from(error: LocatedError) -> Self {
        Self {
            errors: vec![error],
            more: 0,
        }
    }
}

impl<'e> IntoIterator for &'e ConfigErrors {
    type Item = &'e LocatedError;
    type IntoIter = std::slice::Iter<'e, LocatedError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for ConfigErrors {
    type Item = LocatedError;
    type IntoIter = std::vec::IntoIter<LocatedError>;

    fn into_iter(self) -> Self::IntoIter {
        self.errors.into_iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => f.write_str("1 error in the configuration")?,
            count => write!(f, "{count} errors in the configuration")?,
        }
        for error in &self.errors {
            write!(f, "\n{error}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl Error for ConfigErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_first_and_each_error_has_a_line() {
        let mut errors = ConfigErrors::empty();
        let at = |path: &str, error| LocatedError::new(path.to_owned(), error);
        errors.push(at("", ConfigError::missing(FIELD, "expected a, found b")));
        assert!(errors.to_string().starts_with("1 error in"), "{errors}");
        errors.push(at(
            "/a/limit",
            ConfigError::out_of_range("limit", 3_u64, ..=2),
        ));
        let error = ConfigError::empty("names", "give one");
        errors.push(LocatedError::in_section("/a".to_owned(), error));
        let text = "3 errors in the configuration\n\
                    configuration: expected a, found b\n\
                    /a/limit is 3; it must be at most 2\n\
                    /a: `names` is empty; give one";
        assert_eq!(errors.to_string(), text);
        assert_eq!((errors.count(), errors.iter().count()), (3, 3));
    }

    #[test]
    fn the_list_is_bounded_and_the_number_is_not() {
        let mut errors = ConfigErrors::empty();
        for _ in 0..limits::CONFIGURATION_ERRORS + 3 {
            let error = ConfigError::missing(FIELD, "x");
            errors.push(LocatedError::new(String::new(), error));
        }
        assert_eq!(errors.iter().count(), limits::CONFIGURATION_ERRORS);
        assert_eq!(errors.count(), limits::CONFIGURATION_ERRORS + 3);
        assert!(errors.to_string().ends_with("\nand 3 more"));
    }
}
