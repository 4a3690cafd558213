//! Failures of a source of keys, for the operator.

use crate::error::Cause;

/// Why there are no usable keys: constant text, and the cause, for the operator.
#[derive(Clone, Debug)]
pub(super) struct FetchProblem {
    text: &'static str,
    cause: Option<Cause>,
}

impl FetchProblem {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, cause: None }
    }

    pub(super) fn because(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(Cause::new(cause));
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
            origin: source.into(),
            text: self.text,
            source: self.cause,
        }
    }
}

/// The failure of a source of keys.
#[derive(Debug, thiserror::Error)]
#[error("keys of `{origin}`: {text}")]
pub(super) struct SourceFailure {
    origin: Box<str>,
    text: &'static str,
    source: Option<Cause>,
}
