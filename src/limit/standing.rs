//! What a limit has left.

use std::time::Duration;

use crate::rate::Rate;

/// The state of one rate limit after a request was counted, for the `RateLimit` header fields.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing<'a> {
    pub(super) limit: &'a str,
    pub(super) rate: Rate,
    pub(super) left: u32,
    pub(super) next_cell: Duration,
    pub(super) is_full: bool,
}

impl<'a> Standing<'a> {
    /// Returns the configured name of the limit.
    pub const fn limit(&self) -> &'a str {
        self.limit
    }

    /// Returns the number of cells of a period, which is the `q` of `RateLimit-Policy`.
    pub const fn quota(&self) -> u32 {
        self.rate.quota()
    }

    /// Returns the period, which is the `w` of `RateLimit-Policy`.
    pub const fn period(&self) -> Duration {
        self.rate.period()
    }

    /// Returns the number of cells that may come at once.
    pub const fn burst(&self) -> u32 {
        self.rate.burst_cells()
    }

    /// Returns the number of cells that are left now, which is the `r` of `RateLimit`.
    pub const fn left(&self) -> u32 {
        self.left
    }

    /// Returns the time until there is one more cell; zero if the bucket is full.
    pub const fn next_cell(&self) -> Duration {
        self.next_cell
    }

    /// Returns whether the bucket is full.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Returns whether at most 20 percent of the burst is left.
    pub const fn is_near(&self) -> bool {
        is_near(self.left, self.rate.burst_cells())
    }
}

pub(super) const fn is_near(left: u32, burst: u32) -> bool {
    left as u64 * 5 <= burst as u64
}
