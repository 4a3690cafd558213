//! Matching of one path against all patterns.

use std::sync::Arc;

use crate::limits;
use crate::policy::engine::bit_set;
use crate::policy::engine::bit_set::BitSet;
use crate::policy::engine::index::RulesByName;
use crate::policy::route::clean_path::CleanPath;
use crate::policy::route::escape::{Ambiguity, is_escaped_literal};
use crate::policy::route::pattern::{PathPattern, Segment, is_unreserved};

/// Routes by the segments of their patterns.
pub(in crate::policy) struct PathMatcher {
    /// By index of a segment: the routes by the literal that they have there.
    levels: Vec<RulesByName>,
    /// The index of a segment, and a literal that a pattern has there and that a path can also
    /// spell with escapes (RFC 3986 section 2.2), such as `@me` as `%40me`.
    escapable: Vec<(usize, Arc<str>)>,
    /// By number of segments: the routes that match paths of this length.
    lengths: Vec<BitSet>,
    /// The routes without and with a trailing slash.
    trailing_slash: [BitSet; 2],
}

impl PathMatcher {
    pub(in crate::policy) fn new<'p>(
        patterns: impl ExactSizeIterator<Item = &'p PathPattern>,
    ) -> Self {
        let len = patterns.len();
        let mut matcher = Self {
            levels: Vec::new(),
            escapable: Vec::new(),
            lengths: vec![bit_set::empty(len); limits::ROUTE_SEGMENTS + 2],
            trailing_slash: [bit_set::empty(len), bit_set::empty(len)],
        };
        for _ in 0..limits::ROUTE_SEGMENTS {
            matcher.levels.push(RulesByName::new(len));
        }
        for (at, pattern) in patterns.enumerate() {
            matcher.add(at, pattern);
        }
        matcher.levels.iter_mut().for_each(RulesByName::finish);
        matcher
    }

    fn add(&mut self, route: usize, pattern: &PathPattern) {
        let [without, with] = &mut self.trailing_slash;
        let ending = match pattern.is_slashed {
            true => with,
            false => without,
        };
        bit_set::insert(ending, route);
        let has_tail = matches!(pattern.segments.last(), Some(Segment::Tail(_)));
        let len = pattern.segments.len();
        for (length, set) in self.lengths.iter_mut().enumerate() {
            if length == len || (has_tail && length > len) {
                bit_set::insert(set, route);
            }
        }
        let mut segments = pattern.segments.iter();
        for (at, level) in self.levels.iter_mut().enumerate() {
            match segments.next() {
                Some(Segment::Literal(text)) => {
                    level.add(route, Some(vec![text]));
                    if !text.bytes().all(is_unreserved) {
                        self.escapable.push((at, Arc::clone(text)));
                    }
                }
                _ => level.add(route, None),
            }
        }
    }

    /// Returns whether a segment of a path is the literal of a pattern for a reader that decodes
    /// escapes before it compares, and another segment for one that does not.
    fn has_escaped_literal(&self, path: CleanPath<'_>) -> bool {
        self.escapable.iter().any(|(at, literal)| {
            let segment = path.segments().nth(*at);
            segment.is_some_and(|own| own.contains('%') && is_escaped_literal(own, literal))
        })
    }

    /// Removes the routes that do not match a path.
    pub(in crate::policy) fn retain_matching(
        &self,
        routes: &mut [u64],
        path: CleanPath<'_>,
    ) -> Result<(), Ambiguity> {
        if path.has_escapes && self.has_escaped_literal(path) {
            return Err(Ambiguity::EscapedLiteral);
        }
        let [without, with] = &self.trailing_slash;
        bit_set::intersect(routes, if path.is_slashed { with } else { without });
        let mut len = 0;
        for (segment, level) in path.segments().zip(&self.levels) {
            bit_set::intersect(routes, level.candidates(segment));
            len += 1;
        }
        // The last length is for all paths with more segments than a pattern can have.
        let is_longer = path.segments().nth(len).is_some();
        let length = self.lengths.get(len + usize::from(is_longer));
        bit_set::intersect(routes, length.map_or(&[], |set| &**set));
        Ok(())
    }
}
