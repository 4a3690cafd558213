//! What errors of changes to records have in common.

use std::error::Error;
use std::fmt;

use super::cause::Cause;
use super::config::ConfigError;

/// A kind, the malformed field, and what failed below.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}{}", Flaw(.flaw))]
pub(crate) struct ChangeFault<K: fmt::Debug + fmt::Display> {
    kind: K,
    flaw: Option<ConfigError>,
    source: Option<Cause>,
}

/// The end of an error's text: which field is malformed, and how.
struct Flaw<'a>(&'a Option<ConfigError>);

impl fmt::Display for Flaw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(flaw) => write!(f, ": {flaw}"),
            None => Ok(()),
        }
    }
}

impl<K: fmt::Debug + fmt::Display + Copy> ChangeFault<K> {
    pub(crate) const fn new(kind: K, flaw: Option<ConfigError>) -> Self {
        Self {
            kind,
            flaw,
            source: None,
        }
    }

    pub(crate) fn set_source(&mut self, source: impl Into<Box<dyn Error + Send + Sync>>) {
        self.source = Some(Cause::new(source));
    }

    pub(crate) const fn kind(&self) -> K {
        self.kind
    }

    /// Returns the name of the malformed field.
    pub(crate) fn field(&self) -> Option<&'static str> {
        self.flaw.as_ref().map(ConfigError::field)
    }
}
