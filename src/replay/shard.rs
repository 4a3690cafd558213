//! One shard of a table: marks in buckets by the time at which they end.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::clock::UnixTime;

/// The length of a bucket, in seconds.
pub(super) const BUCKET_SECS: u64 = 30;

/// The part of a mark that is kept: 128 bits of a SHA-256 hash.
pub(super) type Short = [u8; 16];

/// Marks of the owners of some groups.
#[derive(Default)]
pub(super) struct Shard {
    /// A few, in no order.
    buckets: Vec<Bucket>,
    len: usize,
    /// How many marks each group has.
    owned: Owned,
    /// The latest end of a bucket that was dropped.
    dropped: u64,
}

struct Bucket {
    /// Exclusive, a multiple of the length of a bucket.
    end: u64,
    marks: HashSet<Short, RandomState>,
    /// How many of them each group has.
    owned: Owned,
}

/// A number for each group of a shard.
struct Owned([u32; GROUPS]);

/// How many groups a shard has.
pub(super) const GROUPS: usize = 64;

impl Default for Owned {
    fn default() -> Self {
        Self([0; GROUPS])
    }
}

impl Owned {
    fn of(&self, group: usize) -> u32 {
        self.0.get(group).copied().unwrap_or_default()
    }

    fn add(&mut self, group: usize) {
        if let Some(count) = self.0.get_mut(group) {
            *count += 1;
        }
    }

    fn remove(&mut self, other: &Self) {
        for (count, gone) in self.0.iter_mut().zip(&other.0) {
            *count -= gone;
        }
    }
}

/// What a shard knows of a mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Known {
    /// It was claimed, and has not ended.
    Claimed,
    /// It was not claimed.
    Free,
    /// Marks of its time were forgotten: the clock was set back.
    Forgotten,
}

impl Shard {
    /// Drops the buckets that have ended, and returns how many marks they had.
    pub(super) fn drop_ended(&mut self, now: UnixTime) -> usize {
        let before = self.len;
        let now = now.as_secs();
        if self.buckets.iter().all(|bucket| bucket.end > now) {
            return 0;
        }
        self.buckets.retain(|bucket| {
            let is_ended = bucket.end <= now;
            if is_ended {
                self.len -= bucket.marks.len();
                self.owned.remove(&bucket.owned);
                self.dropped = self.dropped.max(bucket.end);
            }
            !is_ended
        });
        before - self.len
    }

    pub(super) fn find(&self, mark: &Short, until: UnixTime) -> Known {
        if self
            .buckets
            .iter()
            .any(|bucket| bucket.marks.contains(mark))
        {
            return Known::Claimed;
        }
        match until.as_secs() <= self.dropped {
            true => Known::Forgotten,
            false => Known::Free,
        }
    }

    /// Adds a mark of this group that is [`Free`](Known::Free).
    pub(super) fn insert(&mut self, mark: Short, group: usize, until: UnixTime) {
        let end = end_of(until);
        let known = self.buckets.iter().position(|bucket| bucket.end == end);
        let place = known.unwrap_or_else(|| {
            self.buckets.push(Bucket {
                end,
                // The hasher has a secret of the process: nobody can aim at a slot.
                marks: HashSet::default(),
                owned: Owned::default(),
            });
            self.buckets.len() - 1
        });
        if let Some(bucket) = self.buckets.get_mut(place) {
            bucket.marks.insert(mark);
            bucket.owned.add(group);
        }
        self.owned.add(group);
        self.len += 1;
    }

    /// Returns how many marks this group has.
    pub(super) fn owned(&self, group: usize) -> usize {
        usize::try_from(self.owned.of(group)).unwrap_or(usize::MAX)
    }
}

/// Returns the end of the bucket in which a mark is kept until then.
fn end_of(until: UnixTime) -> u64 {
    until
        .as_secs()
        .div_ceil(BUCKET_SECS)
        .saturating_mul(BUCKET_SECS)
}
