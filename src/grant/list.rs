//! Lists of grants, by the managers of sessions and refresh tokens.

use super::record::Grant;
use crate::error::{StoreError, StoreErrorKind};

/// The error of a store that does not list.
pub(crate) fn not_listed() -> StoreError {
    let detail = "the store does not list the grants of a subject; implement `list`";
    StoreError::new(StoreErrorKind::Unavailable).with_source(detail)
}

/// Puts the one that was used last first.
pub(crate) fn sort_by_use<R>(records: &mut [R], grant: impl Fn(&R) -> &Grant) {
    records.sort_by(|a, b| {
        let order = |record| (grant(record).last_used(), grant(record).sequence());
        order(b).cmp(&order(a))
    });
}
