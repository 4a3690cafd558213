//! Path patterns, and the paths that they match.

use std::sync::Arc;

use crate::error::ConfigError;
use crate::limits;

/// A pattern of paths: its segments, and whether it ends with a slash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) struct PathPattern {
    pub(in crate::policy) segments: Vec<Segment>,
    pub(in crate::policy) is_slashed: bool,
}

/// One segment of a pattern; more specific kinds precede.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Segment {
    /// Exactly this text.
    Literal(Arc<str>),
    /// Any one segment.
    Param(Arc<str>),
    /// All remaining segments, at least one.
    Tail(Arc<str>),
}

impl PathPattern {
    pub(in crate::policy) fn parse(text: &str) -> Result<Self, ConfigError> {
        let rest = text
            .strip_prefix('/')
            .filter(|_| text.len() <= limits::ROUTE_BYTES);
        let Some(rest) = rest else {
            let max = limits::ROUTE_BYTES;
            let remedy = format!("start with `/` and write at most {max} bytes");
            return Err(malformed(text, &remedy));
        };
        let (rest, is_slashed) = match rest.strip_suffix('/') {
            Some(rest) => (rest, true),
            None => (rest, rest.is_empty()),
        };
        if rest.is_empty() && text != "/" {
            return Err(malformed(
                text,
                "write a text between two slashes, or only `/`",
            ));
        }
        let parts = rest.split('/').filter(|_| !rest.is_empty());
        let segments = parts.map(|part| segment(text, part));
        let segments = segments.collect::<Result<Vec<_>, _>>()?;
        if segments.len() > limits::ROUTE_SEGMENTS {
            let max = limits::ROUTE_SEGMENTS;
            return Err(malformed(text, &format!("write at most {max} segments")));
        }
        let last = segments.len().saturating_sub(1);
        let is_tail = |segment: &Segment| matches!(segment, Segment::Tail(_));
        let tail = segments.iter().position(is_tail);
        if tail.is_some_and(|at| at != last || is_slashed) {
            return Err(malformed(text, "write `{*name}` as the last segment"));
        }
        let names: Vec<_> = segments.iter().filter_map(Segment::name).collect();
        let is_repeated = |(at, name)| names.iter().skip(at + 1).any(|other| other == name);
        if names.iter().enumerate().any(is_repeated) {
            return Err(malformed(text, "give each parameter another name"));
        }
        Ok(Self {
            segments,
            is_slashed,
        })
    }

    /// Returns whether there is a path that both patterns match.
    pub(in crate::policy) fn overlaps(&self, other: &Self) -> bool {
        if self.is_slashed != other.is_slashed {
            return false;
        }
        let (mut segments, mut others) = (self.segments.iter(), other.segments.iter());
        loop {
            match (segments.next(), others.next()) {
                (None, None) => return true,
                (None, _) | (_, None) => return false,
                (Some(Segment::Tail(_)), _) | (_, Some(Segment::Tail(_))) => return true,
                (Some(Segment::Literal(a)), Some(Segment::Literal(b))) if a != b => return false,
                _ => {}
            }
        }
    }

    /// Returns whether each segment is at least as specific as in a pattern that this overlaps.
    pub(in crate::policy) fn is_within(&self, other: &Self) -> bool {
        let mut pairs = self.segments.iter().zip(&other.segments);
        pairs.all(|(segment, other)| segment.rank() <= other.rank())
    }

    /// Returns the key by which more specific patterns sort before those that they overlap.
    pub(in crate::policy) fn ranks(&self) -> impl Iterator<Item = u8> {
        self.segments.iter().map(Segment::rank)
    }
}

impl Segment {
    /// Returns the name of a parameter.
    pub(in crate::policy) fn name(&self) -> Option<&Arc<str>> {
        match self {
            Self::Literal(_) => None,
            Self::Param(name) | Self::Tail(name) => Some(name),
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Param(_) => 1,
            Self::Tail(_) => 2,
        }
    }
}

fn segment(pattern: &str, text: &str) -> Result<Segment, ConfigError> {
    let inner = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    if let Some(inner) = inner {
        let tail = inner.strip_prefix('*');
        let name = tail.unwrap_or(inner);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_name) {
            let remedy = "name parameters by letters, digits and underscores";
            return Err(malformed(pattern, remedy));
        }
        let name = Arc::from(name);
        return Ok(match tail {
            Some(_) => Segment::Tail(name),
            None => Segment::Param(name),
        });
    }
    if text.starts_with([':', '*']) {
        let remedy = "write parameters as `{name}` and `{*name}`";
        return Err(malformed(pattern, remedy));
    }
    if text.is_empty() || is_dots(text) || !text.bytes().all(is_literal) {
        let remedy = "write segments of characters that need no escape, neither empty nor dots";
        return Err(malformed(pattern, remedy));
    }
    Ok(Segment::Literal(text.into()))
}

/// RFC 3986 section 3.3, without escapes and without path parameters.
const fn is_literal(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'!' | b'$' | b'&'..=b',' | b'=' | b':' | b'@')
}

/// RFC 3986 section 2.3.
pub(in crate::policy) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

fn malformed(pattern: &str, remedy: &str) -> ConfigError {
    let shown = pattern.chars().take(80).collect::<String>();
    let detail = format!("expected a path pattern, found `{shown}`; {remedy}");
    ConfigError::malformed("route", detail)
}

/// A path that every reader splits into the same segments.
#[derive(Clone, Copy)]
pub(in crate::policy) struct CleanPath<'r> {
    /// The path without the slashes at both ends.
    inner: &'r str,
    pub(in crate::policy) is_slashed: bool,
}

impl<'r> CleanPath<'r> {
    /// Returns a path that has only one reading.
    ///
    /// It has no empty segment, no dot segment, no path parameter and no needless escape, and its
    /// escapes are UTF-8 in its one encoding, without a character that [hides](is_hidden)
    /// something.
    pub(in crate::policy) fn new(path: &'r str) -> Option<Self> {
        let rest = path.strip_prefix('/')?;
        let inner = rest.strip_suffix('/').unwrap_or(rest);
        let clean = Self {
            inner,
            is_slashed: rest.is_empty() || inner.len() < rest.len(),
        };
        let is_ambiguous = |segment: &str| segment.is_empty() || is_dots(segment);
        let is_root = rest.is_empty();
        if (inner.is_empty() && !is_root) || clean.segments().any(is_ambiguous) {
            return None;
        }
        let mut unread = inner.as_bytes();
        while let Some((byte, after)) = unread.split_first() {
            unread = match byte {
                b'%' => {
                    let (escaped, after) = escaped_char(unread)?;
                    (!is_hidden(escaped)).then_some(after)?
                }
                b'/' => after,
                // A `;` starts path parameters, which some readers remove: `..;` becomes `..`.
                byte if is_literal(*byte) => after,
                _ => return None,
            };
        }
        Some(clean)
    }

    pub(in crate::policy) fn segments(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        let inner = self.inner;
        inner.split('/').filter(move |_| !inner.is_empty())
    }

    /// Returns the segments from this index on.
    pub(in crate::policy) fn tail(&self, from: usize) -> Option<&'r str> {
        let mut rest = self.inner;
        for _ in 0..from {
            (_, rest) = rest.split_once('/')?;
        }
        Some(rest)
    }
}

/// Returns the character of the escapes at the start of a text, and what follows them. `None` if
/// they are no escapes, or not the one UTF-8 encoding of a character.
fn escaped_char(text: &[u8]) -> Option<(char, &[u8])> {
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

/// Returns whether an escaped character has a second reading.
///
/// The escape was not needed, or some readers split, cut or normalize a path at the character:
/// separators of segments and path parameters, percent signs of a second escape, controls and line
/// ends, and characters that compatibility mappings (Unicode Standard Annex 15, and the code pages of
/// Windows) turn into one of these or into a dot.
const fn is_hidden(escaped: char) -> bool {
    if escaped.is_ascii() {
        let byte = escaped as u8;
        return is_unreserved(byte)
            || byte.is_ascii_control()
            || matches!(byte, b'/' | b'\\' | b'%' | b';');
    }
    match escaped {
        // C1 controls, line and paragraph separator, byte-order mark.
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => true,
        // Dots.
        '\u{2024}' | '\u{2025}' | '\u{fe30}' | '\u{fe52}' | '\u{ff0e}' => true,
        // Slashes.
        '\u{2044}' | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}' | '\u{2215}'
        | '\u{ff0f}' => true,
        // Backslashes.
        // The currency signs have the place of the backslash in code pages of Japan and Korea.
        '\u{a5}' | '\u{20a9}' | '\u{2216}' | '\u{fe68}' | '\u{ff3c}' => true,
        // Semicolons and percent signs.
        '\u{37e}' | '\u{fe14}' | '\u{fe54}' | '\u{ff1b}' | '\u{fe6a}' | '\u{ff05}' => true,
        _ => false,
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
