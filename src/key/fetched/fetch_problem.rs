//! Failures of a source of keys, for the operator.

use std::fmt;
use std::sync::Arc;

/// Why there are no usable keys: constant text, and the cause, for the operator.
#[derive(Clone, Debug)]
pub(super) struct FetchProblem {
    text: &'static str,
    cause: Option<Cause>,
}

type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl FetchProblem {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, cause: None }
    }

    pub(super) fn because(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    pub(super) const fn text(&self) -> &'static str {
        self.text
    }

    pub(super) fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }

    /// Adds the name of the source.
    pub(super) fn at_source(self, source: &str) -> SourceFailure {
        SourceFailure {
            source: source.into(),
            problem: self,
        }
    }
}

/// The failure of a source of keys.
#[derive(Debug)]
pub(super) struct SourceFailure {
    source: Box<str>,
    problem: FetchProblem,
}

impl fmt::Display for SourceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys of `{}`: {}", self.source, self.problem.text)
    }
}

impl std::error::Error for SourceFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.cause.as_deref().map(|cause| cause as _)
    }
}
