//! Patterns of paths, all held against a path at once.

use crate::limits;
use crate::policy::engine::bit_set::Mask;
use crate::policy::engine::bit_set::mask;
use crate::policy::engine::bit_set::narrow;
use crate::policy::engine::bit_set::set;
use crate::policy::engine::index::Keyed;
use crate::policy::route::pattern::CleanPath;
use crate::policy::route::pattern::PathPattern;
use crate::policy::route::pattern::Segment;

/// Routes by what stands in the path.
pub(in crate::policy) struct Paths {
    /// By place: routes by the literal that they have there.
    levels: Vec<Keyed>,
    /// By how many segments a path has: the routes that match so many.
    lens: Vec<Mask>,
    slashed: [Mask; 2],
}

impl Paths {
    pub(in crate::policy) fn of<'p>(
        patterns: impl ExactSizeIterator<Item = &'p PathPattern>,
    ) -> Self {
        let len = patterns.len();
        let mut paths = Self {
            levels: Vec::new(),
            lens: vec![mask(len); limits::ROUTE_SEGMENTS + 2],
            slashed: [mask(len), mask(len)],
        };
        for _ in 0..limits::ROUTE_SEGMENTS {
            paths.levels.push(Keyed::new(len));
        }
        for (at, pattern) in patterns.enumerate() {
            paths.add(at, pattern);
        }
        paths.levels.iter_mut().for_each(Keyed::finish);
        paths
    }

    fn add(&mut self, route: usize, pattern: &PathPattern) {
        let [unslashed, slashed] = &mut self.slashed;
        let ending = match pattern.is_slashed {
            true => slashed,
            false => unslashed,
        };
        set(ending, route);
        let is_tailed = matches!(pattern.segments.last(), Some(Segment::Tail(_)));
        let len = pattern.segments.len();
        for (own, mask) in self.lens.iter_mut().enumerate() {
            if own == len || (is_tailed && own > len) {
                set(mask, route);
            }
        }
        let mut segments = pattern.segments.iter();
        for level in &mut self.levels {
            match segments.next() {
                Some(Segment::Literal(text)) => level.add(route, Some(vec![text])),
                _ => level.add(route, None),
            }
        }
    }

    /// Keeps the routes that match a path.
    pub(in crate::policy) fn narrow(&self, all: &mut [u64], path: CleanPath<'_>) -> Option<()> {
        let [unslashed, slashed] = &self.slashed;
        narrow(all, if path.is_slashed { slashed } else { unslashed });
        let mut len = 0;
        for (segment, level) in path.segments().zip(&self.levels) {
            narrow(all, level.of(segment));
            len += 1;
        }
        // One more than the longest pattern stands for all that are longer.
        let is_longer = path.segments().nth(len).is_some();
        narrow(all, self.lens.get(len + usize::from(is_longer))?);
        Some(())
    }
}
