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

    /// Returns whether both patterns match the same paths, whatever they call their parameters.
    pub(in crate::policy) fn is_equivalent(&self, other: &Self) -> bool {
        let mut pairs = self.segments.iter().zip(&other.segments);
        self.is_slashed == other.is_slashed
            && self.segments.len() == other.segments.len()
            && pairs.all(|pair| match pair {
                (Segment::Literal(a), Segment::Literal(b)) => a == b,
                (segment, other) => segment.rank() == other.rank(),
            })
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
pub(in crate::policy) const fn is_literal(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'!' | b'$' | b'&'..=b',' | b'=' | b':' | b'@')
}

/// RFC 3986 section 2.3.
pub(in crate::policy) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

pub(in crate::policy) fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

fn malformed(pattern: &str, remedy: &str) -> ConfigError {
    let shown = pattern.chars().take(80).collect::<String>();
    let detail = format!("expected a path pattern, found `{shown}`; {remedy}");
    ConfigError::malformed("route", detail)
}
