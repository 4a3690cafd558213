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

    /// Adds the words to a step. No part of the token remains in them.
    pub(in crate::jwt) fn into_step(self, step: Step, token: &str) -> Step {
        let step = match self.expected {
            Some(text) => step.expected(without_segments(text, token)),
            None => step,
        };
        let step = match self.found {
            Some(text) => step.found(without_segments(text, token)),
            None => step,
        };
        match self.hint {
            Some(Cow::Borrowed(text)) => step.hint(text),
            Some(Cow::Owned(text)) => step.hint(without_segments(text, token)),
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

/// Removes segments of the token, which its sender may have written into a claim too.
fn without_segments(mut text: String, token: &str) -> String {
    for segment in token.split('.') {
        // A value is shown up to this length.
        let shown = segment.get(..segment.len().min(CHARACTERS));
        let shown = shown.filter(|shown| shown.len() >= SHORTEST && text.contains(*shown));
        if let Some(shown) = shown {
            text = text.replace(shown, "(a part of the token)");
        }
    }
    text
}

/// Most characters of a value that are shown.
const CHARACTERS: usize = 200;

/// A shorter segment is a word of any text, and says nothing.
const SHORTEST: usize = 12;
