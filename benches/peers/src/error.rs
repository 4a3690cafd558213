//! The error of this tool: a sentence for the person who runs it.

use std::error::Error as StdError;
use std::fmt::Display;

/// The reason why a run cannot continue.
pub type Error = Box<dyn StdError + Send + Sync>;

/// The result of all fallible functions of this tool.
pub type Result<T> = std::result::Result<T, Error>;

/// Adds the step that failed to the message of an error.
pub trait During<T> {
    /// Puts the step `what` before the message of an error.
    ///
    /// # Errors
    ///
    /// Returns the same error, with the step before its message.
    fn during(self, what: &str) -> Result<T>;
}

impl<T, E: Display> During<T> for std::result::Result<T, E> {
    fn during(self, what: &str) -> Result<T> {
        self.map_err(|error| format!("{what}: {error}").into())
    }
}
