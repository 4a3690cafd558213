//! Texts from outside, as fields.

use std::fmt;

use tracing::field::{DisplayValue, display};

/// Returns a field of a text that may come from outside.
pub(super) fn text(text: &str) -> DisplayValue<Escaped<'_>> {
    display(Escaped(text))
}

/// A text that is shortened and escaped when it is written.
pub(super) struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.0.chars();
        for letter in letters.by_ref().take(MOST_CHARS) {
            match letter {
                '"' | '\'' => fmt::Write::write_char(f, letter)?,
                _ => write!(f, "{}", letter.escape_debug())?,
            }
        }
        match letters.next() {
            Some(_) => f.write_str("…"),
            None => Ok(()),
        }
    }
}

pub(super) const MOST_CHARS: usize = 512;
