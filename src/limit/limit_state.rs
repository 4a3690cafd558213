//! What a limit keeps when limits are replaced.

use super::gcra::{Answer, Pace, counted_at};
use super::sync::{AtomicU32, AtomicU64, Ordering};
use super::table::update;
use crate::metrics::{Counter, Sample};

/// The counters of a limit, and its buckets if it has one for everyone.
#[derive(Debug)]
pub(super) struct LimitState {
    bucket: AtomicU64,
    /// The latest time that the bucket was asked at.
    latest: AtomicU64,
    pub(super) in_flight: AtomicU32,
    results: [Counter; LimitResult::ALL.len()],
}

/// What became of a request at a limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LimitResult {
    /// It passed.
    Pass,
    /// It passed, and at most 20 percent of the burst are left.
    Near,
    /// It was refused.
    Over,
    /// It would have been refused.
    Shadow,
    /// It passed in a bucket that it shares, because the table is full.
    Shared,
}

impl LimitResult {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Pass, "pass"),
        (Self::Near, "near"),
        (Self::Over, "over"),
        (Self::Shadow, "shadow"),
        (Self::Shared, "shared"),
    ];
}

impl LimitState {
    pub(super) fn new() -> Self {
        Self {
            bucket: AtomicU64::new(0),
            latest: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            results: Default::default(),
        }
    }

    #[inline]
    pub(super) fn count(&self, result: LimitResult) {
        if let Some(counter) = self.results.get(result as usize) {
            counter.add(1);
        }
    }

    /// Asks the bucket of everyone.
    pub(super) fn take(&self, now: u64, pace: Pace, price: Option<u64>) -> Answer {
        let now = self.counted_at(now);
        let mut answer = Answer::Over { debt: 0, wait: 0 };
        update(&self.bucket, &mut |tat| {
            let (next, asked) = pace.take(tat, now, price);
            answer = asked;
            next
        });
        answer
    }

    /// Takes what there is room for in the bucket of everyone; returns what was taken and is owed.
    pub(super) fn take_room(&self, now: u64, (pace, price): (Pace, Option<u64>)) -> (u64, u64) {
        let now = self.counted_at(now);
        let mut all = (0, 0);
        update(&self.bucket, &mut |tat| {
            let (next, taken) = pace.take_room(tat, now, price);
            all = taken;
            next
        });
        all
    }

    fn counted_at(&self, now: u64) -> u64 {
        let latest = self.latest.load(Ordering::Relaxed);
        let now = counted_at(now, latest);
        if now != latest {
            self.latest.store(now, Ordering::Relaxed);
        }
        now
    }

    /// Gives back what was taken in the bucket of everyone.
    pub(super) fn give_back(&self, taken: u64) {
        update(&self.bucket, &mut |tat: u64| tat.saturating_sub(taken));
    }

    pub(super) fn samples(&self, limit: &str, add: &mut dyn FnMut(Sample<'_>)) {
        for (counter, (_, result)) in self.results.iter().zip(LimitResult::ALL) {
            add(Sample {
                name: "bearergate_limit_total",
                labels: &[("limit", limit), ("result", result)],
                value: counter.get(),
            });
        }
    }
}
