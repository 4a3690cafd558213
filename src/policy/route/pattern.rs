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
const fn is_unreserved(byte: u8) -> bool {
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
    /// It has no empty segment, no dot segment, no path parameter, no needless escape, and no
    /// escape of a slash, a backslash, a percent sign or a control character.
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
            unread = match (byte, after) {
                (b'%', [high, low, after @ ..]) if is_escape(*high, *low) => after,
                (b'/', _) => after,
                // A `;` starts path parameters, which some readers remove: `..;` becomes `..`.
                (byte, _) if is_literal(*byte) => after,
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

/// Returns whether two hexadecimal digits are a byte that has to be escaped and hides nothing.
fn is_escape(high: u8, low: u8) -> bool {
    let digit = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    let Some((high, low)) = digit(high).zip(digit(low)) else {
        return false;
    };
    let byte = high << 4 | low;
    !is_unreserved(byte) && !byte.is_ascii_control() && !matches!(byte, b'/' | b'\\' | b'%')
}
