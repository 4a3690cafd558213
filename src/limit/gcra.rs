//! The generic cell rate algorithm, in whole nanoseconds.
//!
//! A bucket is one number, its theoretical arrival time (TAT): the time at which it is full again.
//! A bucket whose time is over equals one that was never used.

use crate::limits;
use crate::rate::Rate;

const REQUEST_AGE: u64 = limits::REQUEST_AGE.as_nanos() as u64;

/// Returns the time at which a request is counted: that of the latest request, unless the clock was
/// set back since.
///
/// A request that had to wait has an earlier time than those after it. What these owe must not be
/// taken for that of a clock that was set back, or each request that waits would forget some of it.
#[inline]
pub(super) const fn counted_at(now: u64, latest: u64) -> u64 {
    // An earlier `latest` wraps around.
    match latest.wrapping_sub(now) <= REQUEST_AGE {
        true => latest,
        false => now,
    }
}

/// Returns what a time that no limit can owe is brought to: `latest`, unless it is of a request that
/// had to wait.
pub(super) const fn clamped(tat: u64, latest: u64) -> u64 {
    match tat.saturating_sub(latest) <= REQUEST_AGE {
        true => tat,
        false => latest,
    }
}

/// A rate, as it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Nanoseconds in which a bucket gets one cell back.
    pub(super) step: u64,
    /// Nanoseconds in which an empty bucket is full.
    pub(super) span: u64,
    /// With less room than so many nanoseconds, at most 20 percent of the burst are left.
    near: u64,
}

impl From<Rate> for Pace {
    fn from(rate: Rate) -> Self {
        Self::new(rate.step_nanos(), rate.span_nanos())
    }
}

/// What a bucket answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// The cells were taken; the bucket is full after `debt` nanoseconds.
    Pass { debt: u64 },
    /// There are too few, and nothing was taken. They are there after `wait` nanoseconds.
    Over { debt: u64, wait: u64 },
}

impl Pace {
    /// Makes a pace of its step and its span.
    pub(super) const fn new(step: u64, span: u64) -> Self {
        let cells = (span / 5).checked_div(step);
        let cells = match cells {
            Some(cells) => cells,
            None => 0,
        };
        Self {
            step,
            span,
            near: step.saturating_mul(cells.saturating_add(1)),
        }
    }

    /// Returns what `cells` take, in nanoseconds; `None` if they are more than the burst.
    pub(super) fn price(self, cells: u32) -> Option<u64> {
        let price = self.step.checked_mul(u64::from(cells))?;
        (price <= self.span).then_some(price)
    }

    /// Asks a bucket, and returns its new time with the answer.
    ///
    /// The time is clamped to `now` and one span: what lies further ahead is of a clock that went
    /// back or of a lower rate, and is written back clamped also where the bucket refuses. Only so
    /// it is over after one span.
    #[inline]
    pub(super) fn take(self, tat: u64, now: u64, price: Option<u64>) -> (u64, Answer) {
        let debt = tat.saturating_sub(now).min(self.span);
        let base = now.saturating_add(debt);
        let Some(price) = price else {
            let wait = self.span;
            return (base, Answer::Over { debt, wait });
        };
        let room = self.span - debt;
        if price > room {
            let wait = price - room;
            return (base, Answer::Over { debt, wait });
        }
        let debt = debt + price;
        (now.saturating_add(debt), Answer::Pass { debt })
    }

    /// Takes as much of the price as there is room for, and returns the new time, and what was taken
    /// and is owed then.
    pub(super) fn take_room(self, tat: u64, now: u64, price: Option<u64>) -> (u64, (u64, u64)) {
        let debt = tat.saturating_sub(now).min(self.span);
        let taken = price.unwrap_or(self.span).min(self.span - debt);
        let debt = debt + taken;
        (now.saturating_add(debt), (taken, debt))
    }

    /// Returns the whole cells that are left beside a debt, and the nanoseconds until there is one
    /// more; 0 if the bucket is full.
    #[inline]
    pub(super) fn left(self, debt: u64) -> (u32, u64) {
        let room = self.span.saturating_sub(debt);
        let (cells, rest) = (room / self.step, room % self.step);
        let next = if debt == 0 { 0 } else { self.step - rest };
        (u32::try_from(cells).unwrap_or(u32::MAX), next)
    }

    /// Returns whether at most 20 percent of the burst are left beside a debt, in whole cells.
    #[inline]
    pub(super) const fn is_near(self, debt: u64) -> bool {
        self.span.saturating_sub(debt) < self.near
    }

    /// Returns whether so many cells are at most 20 percent of the burst.
    pub(super) const fn is_near_cells(self, left: u32) -> bool {
        self.step.saturating_mul(left as u64) < self.near
    }
}
