//! Lines and columns of a text, for the person who wrote it.

use std::borrow::Cow;

use crate::error::excerpt;
use crate::json::Value;

/// A position in a text, both numbers from 1; a column is a character.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// The position of the first character.
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// Returns the position of the byte at `offset`.
    pub(crate) fn at(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let mut lines = before.rsplit(|byte| *byte == b'\n');
        let last = lines.next().unwrap_or_default();
        // A byte that continues a character (RFC 3629 section 3) is part of its column.
        let is_first = |byte: &&u8| **byte & 0xc0 != 0x80;
        Self {
            line: 1 + lines.count(),
            column: 1 + last.iter().filter(is_first).count(),
        }
    }

    /// Returns the position of the value that a pointer of this crate refers to, or of the
    /// innermost value around it that exists; `at_name` means the name of the member.
    pub(crate) fn of_pointer(text: &[u8], file: Value<'_>, pointer: &str, at_name: bool) -> Self {
        let mut found = (file.bytes(), file);
        for token in pointer.split('/').skip(1) {
            match inner(found.1, token) {
                Some(next) => found = next,
                None => return Self::at(text, offset(text, found.1.bytes())),
            }
        }
        let at = match at_name {
            // The quote before the name.
            true => offset(text, found.0).saturating_sub(1),
            false => offset(text, found.1.bytes()),
        };
        Self::at(text, at)
    }
}

/// Returns the member or element that a reference token names: its name and its value.
fn inner<'j>(value: Value<'j>, token: &str) -> Option<(&'j [u8], Value<'j>)> {
    if let Some(mut members) = value.members() {
        return members
            .find(|(name, _)| reference_token(&name.text()) == token)
            .map(|(name, value)| (name.raw(), value));
    }
    let at = token.parse().ok()?;
    let element = value.elements()?.nth(at)?;
    Some((element.bytes(), element))
}

/// Returns where a part of a text begins in it.
fn offset(text: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

/// Returns the name of the member whose quote is at `offset`.
pub(super) fn name_at(text: &[u8], offset: usize) -> Option<Cow<'_, str>> {
    let rest = text.get(offset..)?;
    let mut bytes = rest.iter().enumerate().skip(1);
    let end = loop {
        match bytes.next()? {
            (_, b'\\') => drop(bytes.next()),
            (at, b'"') => break at,
            _ => {}
        }
    };
    Value::parse(rest.get(..=end)?).ok()?.as_str()
}

/// Returns the reference token of a member (RFC 6901 section 3), as pointers in messages show it.
pub(crate) fn reference_token(name: &str) -> String {
    excerpt(&name.replace('~', "~0").replace('/', "~1"))
}
