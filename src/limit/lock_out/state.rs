//! What a source owes: points, a lock and strikes.

use std::time::Duration;

use crate::limits;

/// How far the time of a request in flight can be behind that of the last blame, in milliseconds.
const IN_FLIGHT: u64 = limits::REQUEST_AGE.as_millis() as u64;

/// The latest time that fits into a slot, in milliseconds.
const TIME_MAX: u64 = (1 << 56) - 1;

const REST_BITS: u32 = 27;
const DEBT_BITS: u32 = 64 - REST_BITS;

/// How points turn into locks. All spans are at most a day, so that they fit into a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct LockRules {
    /// Microseconds in which a point is paid back.
    pub(super) step: u64,
    /// Microseconds in which a source that owes the whole budget has paid it back.
    pub(super) span: u64,
    /// Milliseconds of the first lock.
    pub(super) first: u64,
    /// Milliseconds of the longest lock.
    pub(super) most: u64,
    /// Milliseconds without blame after which strikes are forgotten.
    pub(super) forget: u64,
}

impl LockRules {
    /// Returns the rules of what several sources share: all its locks are as long as the first.
    pub(super) const fn shared(self) -> Self {
        Self {
            most: self.first,
            ..self
        }
    }

    fn lock(&self, strikes: u8) -> u64 {
        let doublings = u32::from(strikes.saturating_sub(1)).min(REST_BITS);
        (self.first << doublings).min(self.most)
    }
}

impl Default for LockRules {
    fn default() -> Self {
        let step = limits::LOCK_POINT_REFILL.as_micros() as u64;
        Self {
            step,
            span: step * u64::from(limits::LOCK_POINTS),
            first: limits::LOCK_FIRST.as_millis() as u64,
            most: limits::LOCK_MOST.as_millis() as u64,
            forget: limits::LOCK_FORGET.as_millis() as u64,
        }
    }
}

/// A moment in whole milliseconds of elapsed time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, PartialOrd)]
pub(super) struct Moment(u64);

impl Moment {
    pub(super) fn of(at: Duration) -> Self {
        let millis = u64::try_from(at.as_millis()).unwrap_or(TIME_MAX);
        Self(millis.min(TIME_MAX))
    }

    pub(super) const fn as_millis(self) -> u64 {
        self.0
    }

    pub(super) const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }
}

/// What a source owed at its last blame.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct State {
    /// Milliseconds of elapsed time.
    last: u64,
    /// Microseconds in which the points are paid back.
    debt: u64,
    /// Milliseconds to the end of the lock.
    rest: u64,
    strikes: u8,
}

/// A lock that has begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Begun {
    pub(super) strikes: u8,
    pub(super) millis: u64,
}

impl State {
    /// Unpacks the two words of a slot.
    pub(super) const fn unpack([past, owed]: [u64; 2]) -> Self {
        Self {
            last: past & TIME_MAX,
            debt: owed & ((1 << DEBT_BITS) - 1),
            rest: owed >> DEBT_BITS,
            strikes: (past >> 56) as u8,
        }
    }

    pub(super) const fn pack(self) -> [u64; 2] {
        let past = ((self.strikes as u64) << 56) | self.last;
        [past, (self.rest << DEBT_BITS) | self.debt]
    }

    /// Returns the milliseconds to the end of the lock, 0 if there is none.
    pub(super) const fn locked_for(self, at: Moment) -> u64 {
        self.rest.saturating_sub(self.passed(at))
    }

    /// Returns whether it equals that of a source that was never blamed.
    pub(super) const fn is_over(self, at: Moment, rules: &LockRules) -> bool {
        let now = self.settled(at, rules);
        now.debt == 0 && now.rest == 0 && now.strikes == 0
    }

    /// Returns whether the clock was set back since the last blame.
    pub(super) const fn is_ahead(self, at: Moment) -> bool {
        self.last > at.0.saturating_add(IN_FLIGHT)
    }

    /// Returns the same debts as if the last blame were now.
    pub(super) const fn moved(self, at: Moment) -> Self {
        Self { last: at.0, ..self }
    }

    /// Adds points, and begins a lock if they reach the budget. A part of a point counts as one, or
    /// the moments between the failures of a fast guesser would give it one more.
    pub(super) fn blame(&mut self, points: u32, at: Moment, rules: &LockRules) -> Option<Begun> {
        let mut now = self.settled(at, rules);
        let added = u64::from(points).saturating_mul(rules.step);
        now.debt = now.debt.saturating_add(added).min(rules.span);
        let is_spent = now.debt.saturating_add(rules.step) > rules.span;
        let begins = now.rest == 0 && is_spent;
        if begins {
            now.strikes = now.strikes.saturating_add(1);
            now.rest = rules.lock(now.strikes);
        }
        *self = now;
        begins.then_some(Begun {
            strikes: now.strikes,
            millis: now.rest,
        })
    }

    /// Milliseconds since the last blame. Requests are not in the order of their times.
    const fn passed(self, at: Moment) -> u64 {
        at.0.saturating_sub(self.last)
    }

    /// What is left of it at a later time.
    const fn settled(self, at: Moment, rules: &LockRules) -> Self {
        let passed = self.passed(at);
        let last = if self.is_ahead(at) || at.0 > self.last {
            at.0
        } else {
            self.last
        };
        let strikes = if passed >= rules.forget {
            0
        } else {
            self.strikes
        };
        Self {
            last,
            debt: self.debt.saturating_sub(passed.saturating_mul(1_000)),
            rest: self.rest.saturating_sub(passed),
            strikes,
        }
    }
}
