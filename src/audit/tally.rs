//! What a ring knows of its lanes.

/// What is known of a lane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Bytes that wait or are being written.
    pub(super) bytes: usize,
    /// Records that wait or are being written.
    pub(super) queued: u64,
    /// All that had room.
    pub(super) taken: u64,
    /// All that had none.
    pub(super) lost: u64,
    /// What was lost and no gap says yet.
    pub(super) pending: Loss,
}

/// Records that were lost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Loss {
    pub(super) count: u64,
    pub(super) first_millis: u64,
    pub(super) last_millis: u64,
}

/// Entries of a lane that were written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Done {
    pub(super) bytes: usize,
    pub(super) records: u64,
}

impl Tally {
    pub(super) fn lose(&mut self, loss: Loss) {
        self.lost = self.lost.saturating_add(loss.count);
        self.pending = self.pending.and(loss);
    }
}

impl Loss {
    pub(super) const fn one(millis: u64) -> Self {
        Self {
            count: 1,
            first_millis: millis,
            last_millis: millis,
        }
    }

    /// Returns both losses as one.
    pub(super) const fn and(self, other: Self) -> Self {
        if self.count == 0 {
            return other;
        }
        let is_earlier = other.first_millis < self.first_millis;
        let is_later = other.last_millis > self.last_millis;
        Self {
            count: self.count.saturating_add(other.count),
            first_millis: if is_earlier {
                other.first_millis
            } else {
                self.first_millis
            },
            last_millis: if is_later {
                other.last_millis
            } else {
                self.last_millis
            },
        }
    }
}
