//! Configurations as they are loaded.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::error::{ConfigErrors, LocatedError, syntax_error};
use super::files;
use super::tree::Tree;
use crate::json::{FileFormat, Value};
use crate::limits;
use crate::policy::PolicyLoader;

/// The configuration of a service, as it was loaded: from a file, from JSON text, or by `serde` from
/// any format, also as a part of the service's own configuration.
///
/// Loading reads only the text. [`build`](Self::build) reads its members, the secrets and files
/// that they refer to, and reports all errors at once. The members are those of
/// [`CONFIGURATION_SCHEMA`]; an unknown one is an error.
///
/// `Debug` shows the names of the sections and no value.
///
/// ```
/// use bearergate::configuration::Configuration;
/// use serde::Deserialize;
///
/// /// The file of the service: its own settings, and one member for this crate.
/// #[derive(Deserialize)]
/// struct Settings {
///     listen: String,
///     auth: Configuration,
/// }
///
/// let text = r#"{"listen": "127.0.0.1:8080", "auth": {"allow_any_authenticated": true}}"#;
/// let settings: Settings = serde_json::from_str(text)?;
/// let configuration = settings.auth.relative_to("/etc/acme");
/// # drop((configuration, settings.listen));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Configuration {
    pub(super) tree: Tree,
    pub(super) folder: Option<PathBuf>,
    pub(super) policies: PolicyLoader,
}

impl Configuration {
    /// Reads strict JSON, as the [scanner](crate::json) accepts it. Relative paths are refused
    /// later, unless [`relative_to`](Self::relative_to) names their folder.
    ///
    /// # Errors
    ///
    /// One error without a path, with line and column, for text that is not strict JSON.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, ConfigErrors> {
        let text = text.as_ref();
        let value = Value::parse(text).map_err(|error| syntax_error(text, error, &FORMAT))?;
        Ok(Self::from_tree(Tree::from_json(value)))
    }

    /// Reads a file of strict JSON. Relative paths in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// One error without a path: [`Unreadable`](crate::error::ConfigErrorKind::Unreadable) if it is
    /// no file that can be read, [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) if it is
    /// larger than [`limits::JSON_BYTES`], and the error of [`from_json`](Self::from_json).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigErrors> {
        let path = path.as_ref();
        let text = files::read(path, limits::CONFIGURATION_FILE_BYTES)
            .map_err(|error| LocatedError::new(String::new(), error))?;
        let folder = path.parent().unwrap_or(path);
        Ok(Self::from_json(text)?.relative_to(folder))
    }

    /// Sets the folder that relative paths are relative to. Without it they are refused, because
    /// the working folder of a service differs from start to start.
    #[must_use]
    pub fn relative_to(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets the loader of the policy, with the conditions that the policy refers to by name
    /// (`{"custom": ".."}`). By default it knows none.
    #[must_use]
    pub fn policy_loader(mut self, loader: PolicyLoader) -> Self {
        self.policies = loader;
        self
    }

    fn from_tree(tree: Tree) -> Self {
        Self {
            tree,
            folder: None,
            policies: PolicyLoader::new(),
        }
    }
}

/// Fills the configuration from any format. A member that is there twice is refused, and so are more
/// than [`limits::JSON_DEPTH`] levels of nesting.
impl<'de> Deserialize<'de> for Configuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Tree::deserialize(deserializer).map(Self::from_tree)
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = match &self.tree {
            Tree::Map(members) => members
                .iter()
                .map(|(name, _)| super::shown::shown_name(name))
                .collect(),
            _ => Vec::new(),
        };
        f.debug_struct("Configuration")
            .field("sections", &names)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// The JSON Schema of configuration files, draft 2020-12, for editors and for checks in a build.
///
/// It is the file `schema/configuration.schema.json`. Building checks more than the schema can say,
/// such as algorithms that no key serves.
pub const CONFIGURATION_SCHEMA: &str = include_str!("../../schema/configuration.schema.json");

const FORMAT: FileFormat = FileFormat {
    start: "write JSON: an object",
    flatten: "name the policy's file in its place",
    shorten: "name the files of keys and of the policy in place of their content",
    // A secret was perhaps written into the file, without the quotes.
    shows_words: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Configuration::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn syntax_errors_have_line_and_column() {
        for (text, expected) in [
            (
                "{\n  \"é\": 1,\n}",
                "(line 2, column 9): expected no comma after the last member",
            ),
            (
                "{\n  // a\n}",
                "(line 2, column 3): expected a name in double quotes, or `}`, found a comment; ",
            ),
            (
                "{'a': 1}",
                "(line 1, column 2): expected a name in double quotes, or `}`, found a single quote",
            ),
            (
                "",
                "(line 1, column 1): expected an object, found an empty file",
            ),
            (
                "{\"a\": [",
                "(line 1, column 8): expected a value or `]`, found the end of the file",
            ),
            (
                "{\"a\": 1,\n \"a\": 2}",
                "(line 2, column 2): expected every member of an object once, found one twice",
            ),
        ] {
            assert!(
                refused(text).contains(expected),
                "{text}: {}",
                refused(text)
            );
        }
    }

    #[test]
    fn syntax_errors_show_no_word_of_the_text() {
        for text in [
            "s3cret",
            "{s3cret: 1}",
            "{\"pepper\": s3cret}",
            "{\"pepper\": 0s3cret}",
            "{\"s3cret\": 1, \"s3cret\": 2}",
        ] {
            assert!(!refused(text).contains("s3cret"), "{}", refused(text));
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let text = r#"{"api_keys": {"peppers": "s3cret"}}"#;
        let shown = format!("{:?}", Configuration::from_json(text).unwrap());
        assert!(
            shown.contains("api_keys") && !shown.contains("s3cret"),
            "{shown}"
        );
    }

    #[test]
    fn other_formats_refuse_duplicates_and_depth_too() {
        let read = |text: &str| serde_json::from_str::<Configuration>(text).map(drop);
        let twice = read(r#"{"a": {"b": 1, "b": 2}}"#).unwrap_err().to_string();
        assert!(twice.contains("found `b` twice"), "{twice}");
        let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(limits::JSON_DEPTH - 1)).is_ok());
        assert!(read(&nested(limits::JSON_DEPTH)).is_err());
        let many = format!("[{}1]", "1,".repeat(limits::CONFIGURATION_VALUES));
        assert!(read(&many).is_err());
    }
}
