//! Failures of a source of keys, for the operator.

use http::StatusCode;

use crate::error::Cause;
use crate::http_client::{Endpoint, HttpError, HttpErrorKind, StatusClass, remedy};

/// Why there are no usable keys: constant text, what can be done about it, and the cause, for the
/// operator.
#[derive(Clone, Debug)]
pub(super) struct FetchProblem {
    text: &'static str,
    remedy: &'static str,
    cause: Option<Cause>,
    /// Where the answer that has the problem was asked for.
    place: Option<Box<str>>,
}

impl FetchProblem {
    pub(super) const fn new(text: &'static str, remedy: &'static str) -> Self {
        Self {
            text,
            remedy,
            cause: None,
            place: None,
        }
    }

    /// The problem of a request that got no whole answer.
    pub(super) fn unanswered(error: HttpError) -> Self {
        let text = match error.kind() {
            HttpErrorKind::Broken => {
                "the source did not answer: the connection broke before the whole answer was read"
            }
            HttpErrorKind::Connect => "the source did not answer: no connection could be made",
            HttpErrorKind::ConnectDeadline => {
                "the source did not answer: no connection was made before the connect deadline"
            }
            HttpErrorKind::Deadline => {
                "the source did not answer before the deadline of the whole call"
            }
            HttpErrorKind::Forbidden => {
                "the host of the source has an address that the request must not reach"
            }
            HttpErrorKind::TooLarge => "the answer of the source is longer than the limit",
        };
        let remedy = remedy(error.kind());
        Self {
            // The text says the kind already.
            cause: error.into_cause(),
            ..Self::new(text, remedy)
        }
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
        let cause = format!("expected status 200, found {status}");
        Self::new(text, class.remedy()).because(cause)
    }

    pub(super) fn because(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(Cause::new(cause));
        self
    }

    /// Names the address of the answer, unless it is known.
    pub(super) fn at(mut self, place: &Endpoint) -> Self {
        self.place.get_or_insert_with(|| place.to_string().into());
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
        let place = self.place.filter(|place| **place != *source);
        SourceFailure {
            origin: source.into(),
            place: place.map_or_else(String::new, |place| format!(" (at `{place}`)")),
            text: self.text,
            remedy: self.remedy,
            source: self.cause,
        }
    }
}

/// The failure of a source of keys.
#[derive(Debug, thiserror::Error)]
#[error("keys of `{origin}`{place}: {text}; {remedy}")]
pub(super) struct SourceFailure {
    origin: Box<str>,
    place: String,
    text: &'static str,
    remedy: &'static str,
    source: Option<Cause>,
}
