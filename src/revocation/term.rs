//! Which credentials of a target are revoked, and for how long that has to be known.

use super::entry::Revocation;
use crate::clock::UnixTime;
use crate::revocation_list::RevocationTarget;

/// The times of one revocation, and when a caller last changed it.
#[derive(Clone, Copy)]
pub(super) struct Term {
    // The largest number is no time, which is later than any.
    issued_before: u64,
    until: u64,
    pub(super) version: u64,
}

impl Term {
    pub(super) fn of(revocation: &Revocation, version: u64) -> Self {
        let packed = |time: Option<UnixTime>| time.map_or(u64::MAX, UnixTime::as_secs);
        Self {
            issued_before: packed(revocation.last_issued()),
            until: packed(revocation.last_expiry()),
            version,
        }
    }

    /// Returns the last second in which it has an effect, without leeway.
    pub(super) const fn until(&self) -> u64 {
        self.until
    }

    /// Widens it to what the other one revokes too.
    pub(super) fn widen(&mut self, other: &Self, is_change_of_caller: bool) {
        self.issued_before = self.issued_before.max(other.issued_before);
        self.until = self.until.max(other.until);
        if is_change_of_caller {
            self.version = other.version;
        }
    }

    pub(super) const fn includes_all_of(&self, other: &Self) -> bool {
        self.issued_before >= other.issued_before && self.until >= other.until
    }

    /// Whether it revokes what was issued in this second. What has no time of issue is revoked.
    pub(super) fn includes(&self, issued_at: Option<UnixTime>) -> bool {
        issued_at.is_none_or(|at| at.as_secs() <= self.issued_before)
    }

    /// Returns it as a revocation of this target.
    pub(super) fn revocation(&self, target: RevocationTarget<'static>) -> Revocation {
        let mut made = Revocation::new(target);
        if self.issued_before != u64::MAX {
            made = made.issued_before(UnixTime::from_secs(self.issued_before));
        }
        if self.until != u64::MAX {
            made = made.until(UnixTime::from_secs(self.until));
        }
        made
    }
}
