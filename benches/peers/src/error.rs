//! The one error of this tool: a sentence for whoever runs it.

use std::error::Error as StdError;
use std::fmt::Display;

/// Why a run cannot go on.
pub type Error = Box<dyn StdError + Send + Sync>;

/// What everything fallible here returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Puts `what` before the message of an error.
pub trait During<T> {
    /// Names the step that failed.
    ///
    /// # Errors
    ///
    /// Returns the same failure, with the step before its message.
    fn during(self, what: &str) -> Result<T>;
}

impl<T, E: Display> During<T> for std::result::Result<T, E> {
    fn during(self, what: &str) -> Result<T> {
        self.map_err(|error| format!("{what}: {error}").into())
    }
}
