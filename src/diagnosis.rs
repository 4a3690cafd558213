//! What an examination found, for the operator.

use std::fmt;

use crate::now_or_later::NowOrLater;

/// One thing that an examination found: what works, or what does not and what to do about it.
///
/// Its texts are for the operator alone, never for a client. They show no secret and no token.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was examined: an issuer, an address, a key.
    pub subject: String,
    /// What was found.
    pub text: String,
    /// What to do about it, where there is something to do.
    pub hint: Option<&'static str>,
}

/// How bad a [`Finding`] is, the best first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// It works.
    Ok,
    /// It works, and something about it is doubtful.
    Warning,
    /// It does not work: some or all credentials cannot be judged, or not rightly.
    Error,
}

impl Severity {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Finding {
    /// Says that something works.
    pub fn ok(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Ok,
            subject: subject.into(),
            text: text.into(),
            hint: None,
        }
    }

    /// Says that something is doubtful.
    pub fn warning(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::ok(subject, text)
        }
    }

    /// Says that something does not work.
    pub fn error(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            ..Self::ok(subject, text)
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:8} {}: {}",
            self.severity.as_str(),
            self.subject,
            self.text
        )?;
        match self.hint {
            Some(hint) => write!(f, "\n         hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Joins what several examinations find, in their order.
pub(crate) fn gathered<'a>(
    parts: impl IntoIterator<Item = NowOrLater<'a, Vec<Finding>>>,
) -> NowOrLater<'a, Vec<Finding>> {
    let both = |first: NowOrLater<'a, Vec<Finding>>, next: NowOrLater<'a, Vec<Finding>>| {
        first.then(move |mut first| {
            next.map(move |next| {
                first.extend(next);
                first
            })
        })
    };
    parts.into_iter().fold(NowOrLater::now(Vec::new()), both)
}
