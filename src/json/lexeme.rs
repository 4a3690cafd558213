//! Lexemes: strings, numbers, literals and the white space between them.

use super::error::{JsonError, JsonErrorKind};
use super::number;
use super::plain::{plain_end, quote};

/// A text that is being scanned; `PLAIN` is true if the text is
/// [plain](crate::json::plain::is_plain).
#[derive(Clone, Copy)]
pub(super) struct Input<'j, const PLAIN: bool>(pub(super) &'j [u8]);

impl<const PLAIN: bool> Input<'_, PLAIN> {
    /// Returns the byte at `at`, or 0 at the end; 0 is not allowed between values.
    #[inline(always)]
    pub(super) fn peek(self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or_default()
    }

    /// Skips white space from `at` on; returns the position and the byte of what follows.
    #[inline(always)]
    pub(super) fn next(self, at: usize) -> (usize, u8) {
        match self.peek(at) {
            0..=b' ' => self.next_after_space(at),
            byte => (at, byte),
        }
    }

    #[cold]
    fn next_after_space(self, at: usize) -> (usize, u8) {
        let rest = self.0.get(at..).unwrap_or_default();
        let is_space = |b: &&u8| matches!(**b, b' ' | b'\n' | b'\r' | b'\t');
        let at = at + rest.iter().take_while(is_space).count();
        (at, self.peek(at))
    }

    /// Requires `byte` at `at`, or after white space there, and returns the position after it.
    #[inline(always)]
    pub(super) fn expect_byte(self, at: usize, byte: u8) -> Result<usize, JsonError> {
        let (at, found) = self.next(at);
        if found != byte {
            return Err(self.unexpected(at));
        }
        Ok(at + 1)
    }

    /// Reads a string, a number or a literal that begins with `first`, and returns where it ends.
    #[inline(always)]
    pub(super) fn scalar(self, at: usize, first: u8) -> Result<usize, JsonError> {
        match first {
            b'"' => Ok(self.string(at + 1)?.0 + 1),
            b'-' | b'0'..=b'9' => self.number(at),
            b't' => self.literal(at, b"true"),
            b'f' => self.literal(at, b"false"),
            b'n' => self.literal(at, b"null"),
            _ => Err(self.unexpected(at)),
        }
    }

    /// Reads a string that starts after its quote; returns the position of the closing quote, and
    /// whether the string has escapes.
    #[inline(always)]
    pub(super) fn string(self, start: usize) -> Result<(usize, bool), JsonError> {
        let end = if PLAIN {
            quote(self.0, start)
        } else {
            plain_end(self.0, start)
        };
        if self.peek(end) == b'"' {
            return Ok((end, false));
        }
        self.escaped_string(end)
    }

    /// Reads the rest of a string from its first escape on.
    #[cold]
    #[inline(never)]
    fn escaped_string(self, from: usize) -> Result<(usize, bool), JsonError> {
        let mut at = from;
        loop {
            match self.0.get(at) {
                Some(b'"') => return Ok((at, true)),
                Some(b'\\') => at = plain_end(self.0, self.escape(at)?),
                _ => return Err(self.unexpected(at)),
            }
        }
    }

    /// Reads the escape that begins at the backslash and returns where it ends.
    fn escape(self, at: usize) -> Result<usize, JsonError> {
        match self.0.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => self.unicode(at),
            _ => Err(self.unexpected(at + 1)),
        }
    }

    fn unicode(self, at: usize) -> Result<usize, JsonError> {
        let lone = || JsonError::new(JsonErrorKind::InvalidUnicode, at);
        let end = at + 6;
        match self.hex4(at + 2)? {
            0xd800..0xdc00 => {
                if self.0.get(end..end + 2) != Some(b"\\u") {
                    return Err(lone());
                }
                match self.hex4(end + 2)? {
                    0xdc00..0xe000 => Ok(end + 6),
                    _ => Err(lone()),
                }
            }
            0xdc00..0xe000 => Err(lone()),
            _ => Ok(end),
        }
    }

    fn hex4(self, start: usize) -> Result<u32, JsonError> {
        let mut code = 0;
        for at in start..start + 4 {
            let digit = self.0.get(at).and_then(|b| char::from(*b).to_digit(16));
            code = code << 4 | digit.ok_or_else(|| self.unexpected(at))?;
        }
        Ok(code)
    }

    #[inline(always)]
    fn number(self, at: usize) -> Result<usize, JsonError> {
        match number::scan(self.0.get(at..).unwrap_or_default()) {
            Ok(len) => Ok(at + len.get()),
            Err(kind) => Err(JsonError::new(kind, at)),
        }
    }

    fn literal(self, at: usize, word: &[u8]) -> Result<usize, JsonError> {
        let rest = self.0.get(at..).unwrap_or_default();
        if rest.starts_with(word) {
            return Ok(at + word.len());
        }
        Err(JsonError::new(JsonErrorKind::Syntax, at))
    }

    /// Returns the error for a byte that is not allowed at `at`, or for the end of the text.
    #[cold]
    pub(super) fn unexpected(self, at: usize) -> JsonError {
        let kind = match self.0.get(at) {
            None => JsonErrorKind::UnexpectedEnd,
            Some(_) => JsonErrorKind::Syntax,
        };
        JsonError::new(kind, at)
    }
}
