//! Percent escapes in paths (RFC 3986 section 2.1): which have one reading, and what they spell.

use std::borrow::Cow;

use crate::policy::route::pattern::is_unreserved;

/// Why a path, or a parameter in it, has more than one reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Ambiguity {
    Control,
    Delimiter,
    DotSegment,
    EmptySegment,
    EscapedLiteral,
    NeedlessEscape,
    NotUtf8,
    OuterSpace,
    PathParameter,
    Separator,
    Start,
    Unescaped,
}

impl Ambiguity {
    /// Returns a constant text for the operator, to follow the name of the path or parameter.
    pub(in crate::policy) const fn as_str(self) -> &'static str {
        match self {
            Self::Control => "it escapes a control character or the end of a line",
            Self::Delimiter => "it escapes `?` or `#`, which end a path",
            Self::DotSegment => "it has a segment of dots or spaces, such as `..` or `..%20`",
            Self::EmptySegment => "it has an empty segment (`//`)",
            Self::EscapedLiteral => "it escapes a character of a literal segment of a route",
            Self::NeedlessEscape => "it escapes a letter, a digit, a dot or one of `-_~`",
            Self::NotUtf8 => "it has escapes that are not UTF-8",
            Self::OuterSpace => "a segment begins or ends with an escaped space",
            Self::PathParameter => "it has path parameters (`;`)",
            Self::Separator => {
                "it escapes `/`, `\\`, `;`, `%` or a character that some readers take for one of \
                 these or for a dot"
            }
            Self::Start => "it does not begin with `/`",
            Self::Unescaped => "it has a character that has to be escaped",
        }
    }
}

/// Returns the text of a parameter, its escapes decoded once.
///
/// The text is that of a [clean path](super::clean_path::CleanPath), so its escapes are well-formed.
pub(in crate::policy) fn decoded(text: &str) -> Result<Cow<'_, str>, Ambiguity> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = String::with_capacity(text.len());
    let mut unread = text.as_bytes();
    while let Some((byte, after)) = unread.split_first() {
        let (next, after) = match byte {
            b'%' => escaped_char(unread).ok_or(Ambiguity::NotUtf8)?,
            byte => (char::from(*byte), after),
        };
        // A reader that parses the decoded path again ends it there.
        if matches!(next, '?' | '#') {
            return Err(Ambiguity::Delimiter);
        }
        decoded.push(next);
        unread = after;
    }
    // File systems and forms drop them.
    let has_outer_space = |part: &str| part.trim() != part;
    if decoded.split('/').any(has_outer_space) {
        return Err(Ambiguity::OuterSpace);
    }
    Ok(Cow::Owned(decoded))
}

/// Returns whether nothing but dots remains of a segment for a reader that drops spaces and
/// invisible characters, as some file systems do. Nothing at all may remain too.
pub(in crate::policy) fn is_dots(segment: &str) -> bool {
    let mut unread = segment.as_bytes();
    while let Some((byte, after)) = unread.split_first() {
        unread = match (byte, escaped_char(unread)) {
            (b'.', _) => after,
            (b'%', Some((escaped, after))) if is_dropped(escaped) => after,
            _ => return false,
        };
    }
    true
}

fn is_dropped(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        )
}

/// Returns the character of the escapes at the start of a text, and what follows them. `None` if
/// they are no escapes, or not the one UTF-8 encoding of a character.
pub(in crate::policy) fn escaped_char(text: &[u8]) -> Option<(char, &[u8])> {
    let (first, mut rest) = escaped_byte(text)?;
    let len = match first {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        // A continuation, or the start of an overlong encoding.
        _ => return None,
    };
    let mut bytes = [first, 0, 0, 0];
    for byte in bytes.get_mut(1..len)? {
        (*byte, rest) = escaped_byte(rest)?;
    }
    let decoded = str::from_utf8(bytes.get(..len)?).ok()?;
    decoded.chars().next().map(|decoded| (decoded, rest))
}

fn escaped_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let [b'%', high, low, rest @ ..] = text else {
        return None;
    };
    let byte = digit(*high)? << 4 | digit(*low)?;
    Some((u8::try_from(byte).ok()?, rest))
}

/// Returns an error if an escaped character has a second reading.
///
/// The escape was not needed, or some readers split, cut or normalize a path at the character:
/// separators of segments and path parameters, percent signs of a second escape, controls and line
/// ends, and characters that compatibility mappings (Unicode Standard Annex 15, and the code pages of
/// Windows) turn into one of these or into a dot.
pub(in crate::policy) const fn check_escaped(escaped: char) -> Result<(), Ambiguity> {
    match escaped {
        c if c.is_ascii() && is_unreserved(c as u8) => Err(Ambiguity::NeedlessEscape),
        '\0'..='\x1f' | '\x7f' => Err(Ambiguity::Control),
        '/' | '\\' | '%' | ';' => Err(Ambiguity::Separator),
        // C1 controls, line and paragraph separator, byte-order mark.
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => Err(Ambiguity::Control),
        // Dots.
        '\u{2024}' | '\u{2025}' | '\u{fe30}' | '\u{fe52}' | '\u{ff0e}' => Err(Ambiguity::Separator),
        // Slashes.
        '\u{2044}' | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}' | '\u{2215}'
        | '\u{ff0f}' => Err(Ambiguity::Separator),
        // Backslashes.
        // The currency signs have the place of the backslash in code pages of Japan and Korea.
        '\u{a5}' | '\u{20a9}' | '\u{2216}' | '\u{fe68}' | '\u{ff3c}' => Err(Ambiguity::Separator),
        // Semicolons and percent signs.
        '\u{37e}' | '\u{fe14}' | '\u{fe54}' | '\u{ff1b}' | '\u{fe6a}' | '\u{ff05}' => {
            Err(Ambiguity::Separator)
        }
        _ => Ok(()),
    }
}

/// Returns whether the escapes of a segment hide this literal, which has other characters than
/// those that are never escaped.
pub(in crate::policy) fn is_escaped_literal(segment: &str, literal: &str) -> bool {
    let mut unread = segment.as_bytes();
    let mut expected = literal.bytes();
    while let Some((byte, after)) = unread.split_first() {
        let (byte, after) = match byte {
            b'%' => match escaped_byte(unread) {
                Some(escaped) => escaped,
                None => return false,
            },
            byte => (*byte, after),
        };
        if expected.next() != Some(byte) {
            return false;
        }
        unread = after;
    }
    expected.next().is_none()
}
