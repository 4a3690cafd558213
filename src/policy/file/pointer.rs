//! Places in a file, and what is read there.

use std::fmt;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::policy::file::error::FIELD;
use crate::policy::file::error::LoadError;

/// A place in a file, displayed as a JSON pointer (RFC 6901).
pub(super) struct Spot<'a> {
    outer: Option<&'a Self>,
    step: Step<'a>,
}

enum Step<'a> {
    Element(usize),
    Member(&'a str),
}

impl Spot<'_> {
    pub(super) const TOP: Self = Self {
        outer: None,
        step: Step::Element(0),
    };
}

impl<'a> Spot<'a> {
    pub(super) const fn member(&'a self, name: &'a str) -> Self {
        Self {
            outer: Some(self),
            step: Step::Member(name),
        }
    }

    pub(super) const fn element(&'a self, at: usize) -> Self {
        Self {
            outer: Some(self),
            step: Step::Element(at),
        }
    }

    /// Refuses what stands here, and says why and what to do.
    pub(super) fn refuse(&self, kind: ConfigErrorKind, detail: impl Into<String>) -> LoadError {
        self.wrap(ConfigError::new(kind, FIELD, detail.into()))
    }

    pub(super) fn malformed(&self, detail: impl Into<String>) -> LoadError {
        self.refuse(ConfigErrorKind::ValueMalformed, detail)
    }

    pub(super) fn wrap(&self, error: ConfigError) -> LoadError {
        LoadError::new(self.to_string(), error)
    }
}

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(outer) = self.outer else {
            return Ok(());
        };
        outer.fmt(f)?;
        match self.step {
            Step::Element(at) => write!(f, "/{at}"),
            Step::Member(name) => {
                let name = name.replace('~', "~0").replace('/', "~1");
                write!(f, "/{}", shown(&name))
            }
        }
    }
}

/// Returns what a message shows of a name in a file: it need not be a name that fits a message.
pub(super) fn shown(name: &str) -> String {
    let short = name.chars().take(SHOWN_CHARS);
    let mut text: String = short.flat_map(char::escape_debug).collect();
    if name.chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}

const SHOWN_CHARS: usize = 64;
