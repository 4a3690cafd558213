//! Counts of the last span of time, in ten buckets.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

/// Buckets of a span. The current one and the nine before it are counted, so that no count is of
/// more than the span.
pub(super) const BUCKETS: usize = 10;

/// Parts of a [`SharedTally`], so that threads seldom write to the same memory.
const PARTS: usize = 8;

/// A count that many threads add to without a lock.
#[derive(Debug, Default)]
pub(super) struct SharedTally([CachePadded<Part>; PARTS]);

#[derive(Debug, Default)]
struct Part([Bucket; BUCKETS]);

/// The lower half of the number of its tick, and the count in its lower 32 bits.
#[derive(Debug, Default)]
struct Bucket(AtomicU64);

impl SharedTally {
    /// Counts one.
    pub(super) fn add(&self, tick: u64) {
        let [part, ..] = &self.0;
        let own = self.0.get(own_part()).unwrap_or(part);
        if let Some(bucket) = own.0.get(place(tick)) {
            bucket.add(tick);
        }
    }

    /// Returns the count of the span that ends with this tick.
    pub(super) fn sum(&self, tick: u64) -> u64 {
        let buckets = self.0.iter().flat_map(|part| &part.0);
        buckets.map(|bucket| bucket.count(tick)).sum()
    }
}

impl Bucket {
    fn add(&self, tick: u64) {
        let tag = tick << 32;
        let mut found = self.0.load(Ordering::Relaxed);
        loop {
            let ahead = ((found >> 32) as u32).wrapping_sub(tick as u32);
            // The bucket is of the next span, or full.
            if ahead as usize == BUCKETS || (ahead == 0 && found & COUNT == COUNT) {
                return;
            }
            let next = if ahead == 0 { found + 1 } else { tag | 1 };
            let swapped =
                self.0
                    .compare_exchange_weak(found, next, Ordering::Relaxed, Ordering::Relaxed);
            match swapped {
                Ok(_) => return,
                Err(now) => found = now,
            }
        }
    }

    fn count(&self, tick: u64) -> u64 {
        let found = self.0.load(Ordering::Relaxed);
        let age = (tick as u32).wrapping_sub((found >> 32) as u32);
        if (age as usize) < BUCKETS {
            found & COUNT
        } else {
            0
        }
    }
}

const COUNT: u64 = u32::MAX as u64;

/// The buckets of a span, behind a lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ring<T> {
    last: u64,
    buckets: [T; BUCKETS],
}

impl<T: Copy> Ring<T> {
    pub(super) const fn new(empty: T) -> Self {
        Self {
            last: 0,
            buckets: [empty; BUCKETS],
        }
    }

    /// Goes on to a tick, and passes its bucket to `act`.
    pub(super) fn at(&mut self, tick: u64, empty: T, act: impl FnOnce(&mut T)) {
        let Turn { now, cleared } = turn(self.last, tick);
        for passed in 0..cleared as u64 {
            if let Some(bucket) = self.buckets.get_mut(place(now.saturating_sub(passed))) {
                *bucket = empty;
            }
        }
        self.last = now;
        if let Some(bucket) = self.buckets.get_mut(place(now)) {
            act(bucket);
        }
    }

    /// Returns the buckets of the span, in no order.
    pub(super) const fn buckets(&self) -> &[T; BUCKETS] {
        &self.buckets
    }
}

/// How a ring of buckets goes on to a tick.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Turn {
    /// The tick that is current now.
    pub(super) now: u64,
    /// How many buckets, the current one and those before it, are empty now.
    pub(super) cleared: usize,
}

/// Requests are not in the order of their times, so a tick may be a little behind the last one; it
/// then counts as the last. One that is further behind means that the clock was set back.
pub(super) fn turn(last: u64, tick: u64) -> Turn {
    let buckets = BUCKETS as u64;
    let is_set_back = last.saturating_sub(tick) >= buckets;
    let now = if is_set_back { tick } else { tick.max(last) };
    let cleared = if is_set_back {
        buckets
    } else {
        (now - last).min(buckets)
    };
    Turn {
        now,
        cleared: cleared as usize,
    }
}

/// The bucket of a tick.
const fn place(tick: u64) -> usize {
    (tick % BUCKETS as u64) as usize
}

/// The part of the calling thread.
fn own_part() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % PARTS;
    }
    OWN.try_with(|own| *own).unwrap_or_default()
}
