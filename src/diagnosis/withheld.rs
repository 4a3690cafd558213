//! The parts of a credential that no explanation shows.

use std::borrow::Cow;
use std::collections::HashSet;

use super::text::error_chain;
use crate::error::Rejection;
use crate::limits;

/// All runs of bytes in the segments of a credential that are too long to be there by chance.
pub(crate) struct Withheld<'c>(HashSet<&'c [u8]>);

impl<'c> Withheld<'c> {
    /// Reads a credential. One that is longer than any that is parsed is read up to that length,
    /// because nothing of the rest is shown.
    pub(crate) fn of(credential: &'c str) -> Self {
        let bytes = credential.as_bytes();
        let read = bytes.get(..limits::TOKEN_BYTES_MAX).unwrap_or(bytes);
        let segments = read.split(|byte| *byte == b'.');
        Self(segments.flat_map(|own| own.windows(SHORTEST)).collect())
    }

    /// Replaces every run of the credential in a text, cut off or not. One pass, so that what is
    /// written in its place is never searched again.
    pub(crate) fn hide(&self, text: String) -> String {
        let mut end = 0;
        let windows = text.as_bytes().windows(SHORTEST).enumerate();
        let runs = windows.filter(|(_, window)| self.0.contains(window));
        let mut shown = String::new();
        let mut is_hidden = false;
        for (at, _) in runs {
            if !is_hidden || at > end {
                shown.push_str(text.get(end..floor(&text, at)).unwrap_or_default());
                shown.push_str(HIDDEN);
            }
            is_hidden = true;
            end = ceil(&text, at.saturating_add(SHORTEST));
        }
        if !is_hidden {
            return text;
        }
        shown.push_str(text.get(end..).unwrap_or_default());
        shown
    }

    /// Hides the credential in a text that may be a constant.
    pub(super) fn hide_in(&self, text: Cow<'static, str>) -> Cow<'static, str> {
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text),
            Cow::Owned(text) => Cow::Owned(self.hide(text)),
        }
    }

    /// Replaces the source of a rejection by a text where it holds a run of the credential.
    pub(crate) fn hide_in_source(&self, rejection: Rejection) -> Rejection {
        let Some(source) = std::error::Error::source(&rejection) else {
            return rejection;
        };
        let text = error_chain(source);
        let hidden = self.hide(text.clone());
        match hidden == text {
            true => rejection,
            false => rejection.with_source(hidden),
        }
    }
}

/// The start of the character at a position.
fn floor(text: &str, at: usize) -> usize {
    let mut starts = (0..=at).rev();
    let start = starts.find(|at| text.is_char_boundary(*at));
    start.unwrap_or_default()
}

/// The end of the character before a position.
fn ceil(text: &str, at: usize) -> usize {
    let mut ends = at..=text.len();
    let end = ends.find(|at| text.is_char_boundary(*at));
    end.unwrap_or(text.len())
}

/// A shorter run may be there by chance.
const SHORTEST: usize = 12;

const HIDDEN: &str = "(a part of the token)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RejectionKind;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJl";

    fn hidden(token: &str, text: &str) -> String {
        Withheld::of(token).hide(text.to_owned())
    }

    #[test]
    fn whole_cut_and_embedded_runs_are_hidden() {
        for (text, expected) in [
            ("a eyJhbGciOiJIUzI1NiJ9 b", "a (a part of the token) b"),
            ("`xeyJhbGciOiJIUz...`", "`x(a part of the token)...`"),
            ("bGciOiJIUzI1NiJ9", "(a part of the token)"),
            (
                "eyJzdWIiOiJ1LTEifQ/c2lnbmF0dXJl",
                "(a part of the token)/(a part of the token)",
            ),
            (
                "\u{e9}c2lnbmF0dXJl\u{e9}",
                "\u{e9}(a part of the token)\u{e9}",
            ),
        ] {
            assert_eq!(hidden(TOKEN, text), expected);
        }
    }

    #[test]
    fn other_and_short_texts_stay() {
        for text in [
            "",
            "eyJhbGciOiJ",
            "`https://idp.example.com`",
            "JIUzI1NiJ9.eyJz",
        ] {
            assert_eq!(hidden(TOKEN, text), text);
        }
    }

    /// A run that begins or ends within a character hides the character.
    #[test]
    fn characters_are_not_cut() {
        let token = "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}";
        assert_eq!(hidden(token, &format!("a{token}b")), format!("a{HIDDEN}b"));
        assert_eq!(hidden(token, "\u{e9}"), "\u{e9}");
    }

    /// A credential cannot make a text longer and longer with what is written in its place.
    #[test]
    fn replacement_is_not_searched() {
        let token = "three segments.part of the token.a part of th".repeat(900);
        let text = hidden(&token, "a JWT: three segments of base64url");
        assert_eq!(text, "a JWT: (a part of the token) of base64url");
    }

    #[test]
    fn source_of_a_rejection_is_replaced_only_where_it_has_a_run() {
        let withheld = Withheld::of(TOKEN);
        let source = |text: &str| {
            let rejection = Rejection::new(RejectionKind::KeyNotFound).with_source(text.to_owned());
            error_chain(&withheld.hide_in_source(rejection))
        };
        assert!(source("kid c2lnbmF0dXJl").ends_with(": kid (a part of the token)"));
        assert!(source("kid c2ln").ends_with(": kid c2ln"));
    }
}
