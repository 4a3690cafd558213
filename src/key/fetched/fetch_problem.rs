//! Failures of a source of keys, for the operator.

use http::StatusCode;

use crate::error::Cause;
use crate::http_client::{HttpError, HttpErrorKind, StatusClass, remedy};

/// Why there are no usable keys: constant text, what can be done about it, and the cause, for the
/// operator.
#[derive(Clone, Debug)]
pub(super) struct FetchProblem {
    text: &'static str,
    remedy: &'static str,
    cause: Option<Cause>,
}

impl FetchProblem {
    pub(super) const fn new(text: &'static str, remedy: &'static str) -> Self {
        Self {
            text,
            remedy,
            cause: None,
        }
    }

    /// The problem of a request that got no whole answer.
    pub(super) fn unanswered(error: HttpError) -> Self {
        let text = match error.kind() {
            HttpErrorKind::Broken => "the source did not answer: the connection broke",
            HttpErrorKind::Connect => "the source did not answer: no connection could be made",
            HttpErrorKind::ConnectDeadline => {
                "the source did not answer: no connection was made before the connect deadline"
            }
            HttpErrorKind::Deadline => {
                "the source did not answer before the deadline of the whole call"
            }
            HttpErrorKind::Forbidden => "the address of the source must not be reached",
            HttpErrorKind::TooLarge => "the answer of the source is longer than the limit",
        };
        Self::new(text, remedy(error.kind())).because(error)
    }

    /// The problem of an answer with another status than 200.
    pub(super) fn status(status: StatusCode) -> Self {
        let class = StatusClass::of(status);
        let text = match class {
            StatusClass::Absent => "the source has nothing at this address (404, 405 or 410)",
            StatusClass::Failing => "the source answered with an error of its own (5xx)",
            StatusClass::Redirect => "the source answered with a redirect, which is not followed",
            StatusClass::Refused => "the source refused the request (401 or 403)",
            StatusClass::Throttled => "the source refused the request as one too many (429)",
            StatusClass::Ok | StatusClass::Other => {
                "the source answered with another status than 200"
            }
        };
        Self::new(text, class.remedy()).because(status.to_string())
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

    /// Returns what the operator can do about it.
    pub(super) const fn remedy(&self) -> &'static str {
        self.remedy
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
