//! What became of a request at the limits of a stage, until it is counted.

use super::limit_state::LimitResult;
use super::rules::Rules;

/// How many results are held back.
const MOST: usize = 8;

/// Results that are counted when the stage is answered, or its future is first polled: an answer that
/// is dropped before that is asked for again, and must count once. Beyond eight they are counted at
/// once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Results {
    held: [(u16, LimitResult); MOST],
    len: usize,
}

impl Results {
    #[inline]
    pub(super) const fn new() -> Self {
        Self {
            held: [(0, LimitResult::Pass); MOST],
            len: 0,
        }
    }

    /// Adds the result of the limit of this index.
    #[inline]
    pub(super) fn add(&mut self, rules: &Rules, limit: u16, result: LimitResult) {
        match self.held.get_mut(self.len) {
            Some(place) => {
                *place = (limit, result);
                self.len += 1;
            }
            None => count(rules, limit, result),
        }
    }

    /// Counts them.
    #[inline]
    pub(super) fn count(self, rules: &Rules) {
        for (limit, result) in self.held.into_iter().take(self.len) {
            count(rules, limit, result);
        }
    }
}

#[inline]
fn count(rules: &Rules, limit: u16, result: LimitResult) {
    if let Some(rule) = rules.rule(limit) {
        rule.state.count(result);
    }
}
