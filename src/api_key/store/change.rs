//! Changes of records.

use crate::api_key::{ApiKeyId, ApiKeyRecord};

/// One change of one record, with the state of the record that it expects.
///
/// A store makes the change only if the record is in that state, and reports a
/// [`Conflict`](crate::error::StoreErrorKind::Conflict) otherwise, so that no change made at the
/// same time is lost. The time of the last use belongs to no version: a store that replaces a
/// record keeps the later of both times.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ApiKeyChange {
    /// Adds a record. Expected: there is no record of its id and, if it is a
    /// [legacy](crate::api_key::store::ApiKeyRow::is_legacy) key, no other legacy record of its
    /// digest.
    Insert(ApiKeyRecord),
    /// Removes the record of this id. Expected: it has this version.
    Remove {
        /// Id of the record to remove.
        id: ApiKeyId,
        /// The version that was read before the decision to remove it.
        version: u64,
    },
    /// Replaces the record of the same id. Expected: its version is one less than this one's;
    /// otherwise another change was made in between, and this one is a conflict.
    Replace(ApiKeyRecord),
}

impl ApiKeyChange {
    /// Returns the id of the record that is added, replaced or removed.
    pub fn id(&self) -> ApiKeyId {
        match self {
            Self::Insert(record) | Self::Replace(record) => record.id(),
            Self::Remove { id, .. } => *id,
        }
    }

    /// Returns the version that the record must have before the change, 0 if there must be no
    /// record. `None` if no state allows the change: then it is a conflict in every store.
    pub fn expected_version(&self) -> Option<u64> {
        match self {
            Self::Insert(_) => Some(0),
            Self::Remove { version, .. } => Some(*version).filter(|v| *v > 0),
            Self::Replace(record) => record.version().checked_sub(1).filter(|v| *v > 0),
        }
    }

    /// Returns the record as it is after the change, or `None` if it is removed. The store keeps
    /// the later one of its [last use](ApiKeyRecord::last_used) and the stored one.
    pub fn record(&self) -> Option<&ApiKeyRecord> {
        match self {
            Self::Insert(record) | Self::Replace(record) => Some(record),
            Self::Remove { .. } => None,
        }
    }
}
