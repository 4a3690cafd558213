//! Strings, numbers, literals and the space between them.

use super::JsonError;
use super::JsonErrorKind;
use super::number;
use super::plain::plain_end;

/// Reads a value that is neither an object nor an array and returns where it ends.
#[inline(always)]
pub(super) fn scalar(text: &[u8], at: usize) -> Result<usize, JsonError> {
    match text.get(at) {
        Some(b'"') => Ok(string(text, at + 1)?.0 + 1),
        Some(b'-' | b'0'..=b'9') => number(text, at),
        Some(b't') => literal(text, at, b"true"),
        Some(b'f') => literal(text, at, b"false"),
        Some(b'n') => literal(text, at, b"null"),
        _ => Err(unexpected(text, at)),
    }
}

/// Returns the first place from `at` on where no space stands.
#[inline(always)]
pub(super) fn space(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        Some(0..=b' ') => behind_space(text, at),
        _ => at,
    }
}

#[cold]
fn behind_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let is_space = |b: &&u8| matches!(**b, b' ' | b'\n' | b'\r' | b'\t');
    at + rest.iter().take_while(is_space).count()
}

/// Reads a string from behind its quote; returns where the closing one stands, and whether there
/// are escapes.
#[inline(always)]
pub(super) fn string(text: &[u8], start: usize) -> Result<(usize, bool), JsonError> {
    let end = plain_end(text, start);
    if text.get(end) == Some(&b'"') {
        return Ok((end, false));
    }
    escaped_string(text, end)
}

/// Goes on with a string where it is no longer plain.
#[cold]
#[inline(never)]
fn escaped_string(text: &[u8], from: usize) -> Result<(usize, bool), JsonError> {
    let mut at = from;
    loop {
        match text.get(at) {
            Some(b'"') => return Ok((at, true)),
            Some(b'\\') => at = plain_end(text, escape(text, at)?),
            _ => return Err(unexpected(text, at)),
        }
    }
}

/// Returns where the escape that begins at the backslash ends.
fn escape(text: &[u8], at: usize) -> Result<usize, JsonError> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => unicode(text, at),
        _ => Err(unexpected(text, at + 1)),
    }
}

fn unicode(text: &[u8], at: usize) -> Result<usize, JsonError> {
    let lone = || JsonError::new(JsonErrorKind::InvalidUnicode, at);
    let end = at + 6;
    match hex4(text, at + 2)? {
        0xd800..0xdc00 => {
            if text.get(end..end + 2) != Some(b"\\u") {
                return Err(lone());
            }
            match hex4(text, end + 2)? {
                0xdc00..0xe000 => Ok(end + 6),
                _ => Err(lone()),
            }
        }
        0xdc00..0xe000 => Err(lone()),
        _ => Ok(end),
    }
}

fn hex4(text: &[u8], start: usize) -> Result<u32, JsonError> {
    let mut code = 0;
    for at in start..start + 4 {
        let digit = text.get(at).and_then(|b| char::from(*b).to_digit(16));
        code = code << 4 | digit.ok_or_else(|| unexpected(text, at))?;
    }
    Ok(code)
}

#[inline]
fn number(text: &[u8], at: usize) -> Result<usize, JsonError> {
    match number::scan(text.get(at..).unwrap_or_default()) {
        Ok(len) => Ok(at + len.get()),
        Err(kind) => Err(JsonError::new(kind, at)),
    }
}

#[inline]
fn literal(text: &[u8], at: usize, word: &[u8]) -> Result<usize, JsonError> {
    let rest = text.get(at..).unwrap_or_default();
    if rest.starts_with(word) {
        return Ok(at + word.len());
    }
    Err(JsonError::new(JsonErrorKind::Syntax, at))
}

/// Says what is wrong where something else must stand.
#[cold]
pub(super) fn unexpected(text: &[u8], at: usize) -> JsonError {
    let kind = match text.get(at) {
        None => JsonErrorKind::UnexpectedEnd,
        Some(_) => JsonErrorKind::Syntax,
    };
    JsonError::new(kind, at)
}
