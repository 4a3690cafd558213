//! What an explanation says about one step.

use std::borrow::Cow;

use crate::diagnosis::Step;
use crate::jwt::contrast::Contrast;

/// What was expected, what was found and what the operator can do.
#[derive(Default)]
pub(in crate::jwt) struct Wording {
    pub(super) expected: Option<String>,
    pub(super) found: Option<String>,
    pub(super) hint: Option<Cow<'static, str>>,
}

impl Wording {
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Contrast::new(expected, found).into()
    }

    pub(super) fn expecting(expected: impl Into<String>) -> Self {
        Self {
            expected: Some(expected.into()),
            ..Self::default()
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn hint_if<H: Into<Cow<'static, str>>>(self, hint: Option<H>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Adds the words to a step.
    pub(in crate::jwt) fn into_step(self, step: Step) -> Step {
        let step = match self.expected {
            Some(text) => step.expected(text),
            None => step,
        };
        let step = match self.found {
            Some(text) => step.found(text),
            None => step,
        };
        match self.hint {
            Some(text) => step.hint(text),
            None => step,
        }
    }
}

impl From<Contrast> for Wording {
    fn from(contrast: Contrast) -> Self {
        Self {
            expected: Some(contrast.expected),
            found: Some(contrast.found),
            hint: None,
        }
    }
}
