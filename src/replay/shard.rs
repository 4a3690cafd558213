//! One shard of a table: marks in buckets by the time at which they end.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::clock::UnixTime;

/// The length of a bucket, in seconds.
pub(super) const BUCKET_SECS: u64 = 30;

/// The part of a mark that is kept: 128 bits of a SHA-256 hash.
pub(super) type Short = [u8; 16];

/// Marks of the owners of one group.
#[derive(Default)]
pub(super) struct Shard {
    /// A few, in no order.
    buckets: Vec<Bucket>,
    len: usize,
    /// The latest end of a bucket that was dropped.
    dropped: u64,
}

struct Bucket {
    /// Exclusive, a multiple of the length of a bucket.
    end: u64,
    marks: HashSet<Short, RandomState>,
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

    /// Adds a mark that is [`Free`](Known::Free).
    pub(super) fn insert(&mut self, mark: Short, until: UnixTime) {
        let end = end_of(until);
        let known = self.buckets.iter_mut().find(|bucket| bucket.end == end);
        match known {
            Some(bucket) => _ = bucket.marks.insert(mark),
            None => {
                // The hasher has a secret of the process: nobody can aim at a slot.
                let mut marks = HashSet::default();
                marks.insert(mark);
                self.buckets.push(Bucket { end, marks });
            }
        }
        self.len += 1;
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

/// Returns the end of the bucket in which a mark is kept until then.
fn end_of(until: UnixTime) -> u64 {
    until
        .as_secs()
        .div_ceil(BUCKET_SECS)
        .saturating_mul(BUCKET_SECS)
}
