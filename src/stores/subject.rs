//! The choice of what ends where a subject has too many grants.

use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::Grant;
use crate::grant::store::{Sequence, SubjectLimit};

/// A grant that a subject has in addition to a new one.
pub(super) struct Held<K> {
    key: K,
    /// It is revoked or expired.
    is_over: bool,
    last_used: UnixTime,
    sequence: Option<Sequence>,
}

impl<K> Held<K> {
    pub(super) const fn new(key: K, grant: &Grant, is_over: bool) -> Self {
        Self {
            key,
            is_over,
            last_used: grant.last_used(),
            sequence: grant.sequence(),
        }
    }
}

/// What has to go before a new grant is within the limit.
pub(super) struct Leaving<K> {
    /// Those that are over, which are no longer needed.
    pub(super) over: Vec<K>,
    /// Those that end for the new one.
    pub(super) ended: Vec<K>,
}

/// Chooses what leaves if one more would be too many: whatever is over, and then what was used
/// longest ago.
pub(super) fn leaving<K>(
    limit: SubjectLimit,
    held: Vec<Held<K>>,
) -> Result<Leaving<K>, StoreError> {
    if held.len() < limit.most() {
        return Ok(Leaving {
            over: Vec::new(),
            ended: Vec::new(),
        });
    }
    let (over, mut live): (Vec<_>, Vec<_>) = held.into_iter().partition(|held| held.is_over);
    let surplus = (live.len() + 1).saturating_sub(limit.most());
    if surplus > 0 && limit.refuses() {
        return Err(StoreErrorKind::SubjectFull.into());
    }
    live.sort_by_key(|held| (held.last_used, held.sequence));
    live.truncate(surplus);
    let keys = |held: Vec<Held<K>>| held.into_iter().map(|held| held.key).collect();
    Ok(Leaving {
        over: keys(over),
        ended: keys(live),
    })
}
