//! Paths of requests, and whether every reader takes them apart in the same way.

use crate::policy::route::escape;
use crate::policy::route::escape::Ambiguity;
use crate::policy::route::pattern::{is_dots, is_literal};

/// A path that every reader splits into the same segments.
#[derive(Clone, Copy)]
pub(in crate::policy) struct CleanPath<'r> {
    /// The path without the slashes at both ends.
    inner: &'r str,
    pub(in crate::policy) is_slashed: bool,
    pub(in crate::policy) has_escapes: bool,
}

impl<'r> CleanPath<'r> {
    /// Returns a path that has only one reading, or why it has several.
    ///
    /// It has no empty segment, no dot segment, no path parameter and no needless escape, and its
    /// escapes are UTF-8 in its one encoding, without a character that
    /// [hides](escape::check_escaped) something.
    pub(in crate::policy) fn new(path: &'r str) -> Result<Self, Ambiguity> {
        let rest = path.strip_prefix('/').ok_or(Ambiguity::Start)?;
        let inner = rest.strip_suffix('/').unwrap_or(rest);
        let mut clean = Self {
            inner,
            is_slashed: rest.is_empty() || inner.len() < rest.len(),
            has_escapes: false,
        };
        if inner.is_empty() && !rest.is_empty() {
            return Err(Ambiguity::EmptySegment);
        }
        for segment in clean.segments() {
            if segment.is_empty() {
                return Err(Ambiguity::EmptySegment);
            }
            if is_dots(segment) {
                return Err(Ambiguity::DotSegment);
            }
        }
        clean.has_escapes = has_escapes(inner)?;
        let is_disguised = |segment: &str| segment.contains('%') && escape::is_dots(segment);
        if clean.has_escapes && clean.segments().any(is_disguised) {
            return Err(Ambiguity::DotSegment);
        }
        Ok(clean)
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

/// Returns whether a path has escapes, if each of its characters has one reading.
fn has_escapes(inner: &str) -> Result<bool, Ambiguity> {
    let mut has_escapes = false;
    let mut unread = inner.as_bytes();
    while let Some((byte, after)) = unread.split_first() {
        unread = match byte {
            b'%' => {
                let (escaped, after) = escape::escaped_char(unread).ok_or(Ambiguity::NotUtf8)?;
                escape::check_escaped(escaped)?;
                has_escapes = true;
                after
            }
            b'/' => after,
            byte if is_literal(*byte) => after,
            // Browsers send these as they are (the URL standard's path percent-encode set does not
            // have them), and no reader gives them another meaning.
            b'|' | b'[' | b']' => after,
            // Some readers remove path parameters: `..;` becomes `..`.
            b';' => return Err(Ambiguity::PathParameter),
            _ => return Err(Ambiguity::Unescaped),
        };
    }
    Ok(has_escapes)
}
