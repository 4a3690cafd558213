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
    pub health: Health,
    /// What was examined: an issuer, an address, a key.
    pub subject: String,
    /// What was found.
    pub text: String,
    /// What to do about it, where there is something to do.
    pub remedy: Option<&'static str>,
}

/// How bad a [`Finding`] is, the best first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Health {
    /// It works.
    Good,
    /// It works, and something about it is doubtful.
    Doubtful,
    /// It does not work: some or all credentials cannot be judged, or not rightly.
    Broken,
}

impl Health {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Broken => "broken",
        }
    }
}

/// What is found, now or after the network was asked.
pub type Findings<'a> = NowOrLater<'a, Vec<Finding>>;

impl Finding {
    /// Says that something works.
    pub fn good(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            health: Health::Good,
            subject: subject.into(),
            text: text.into(),
            remedy: None,
        }
    }

    /// Says that something is doubtful.
    pub fn doubtful(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            health: Health::Doubtful,
            ..Self::good(subject, text)
        }
    }

    /// Says that something does not work.
    pub fn broken(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            health: Health::Broken,
            ..Self::good(subject, text)
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub const fn remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:8} {}: {}",
            self.health.as_str(),
            self.subject,
            self.text
        )?;
        match self.remedy {
            Some(remedy) => write!(f, "\n         remedy: {remedy}"),
            None => Ok(()),
        }
    }
}

/// Joins what several examinations find, in their order.
pub(crate) fn gathered<'a>(parts: impl IntoIterator<Item = Findings<'a>>) -> Findings<'a> {
    let both = |first: Findings<'a>, next: Findings<'a>| {
        first.then(move |mut first| {
            next.map(move |next| {
                first.extend(next);
                first
            })
        })
    };
    parts.into_iter().fold(NowOrLater::now(Vec::new()), both)
}
