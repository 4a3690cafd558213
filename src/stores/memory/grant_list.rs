//! Lists of the sessions, or families of refresh tokens, of one subject in memory.

use std::sync::Arc;

use super::STEP;
use super::grant::MemoryGrantStore;
use super::grant_limit::Limited;
use super::grant_table::Position;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::store::{GrantPage, GrantPosition, GrantQuery};
use crate::revocation_list::{RevocationKind, RevocationTarget};

impl MemoryGrantStore {
    /// Returns a page of the records that no revocation ends.
    pub(super) fn page<R: Limited>(
        &self,
        query: &GrantQuery,
    ) -> Result<GrantPage<Arc<R>>, StoreError> {
        let (authority, subject) = (query.authority.as_str(), &*query.subject);
        let target = RevocationTarget::new(RevocationKind::Subject, authority, subject);
        let after = query.after.as_ref().map(read).transpose()?;
        let most = query.limit.min(STEP);
        let (mut records, next) = R::table(self).page(&target, after, most);
        records.retain(|record| !self.has_revoked(record.grant()));
        Ok(GrantPage::new(records, next.map(write)))
    }
}

fn write((number, place): Position) -> GrantPosition {
    GrantPosition::new([&number.to_be_bytes()[..], &place.to_be_bytes()].concat())
}

fn read(position: &GrantPosition) -> Result<Position, StoreError> {
    let read = |bytes: &[u8]| {
        let (number, rest) = bytes.split_first_chunk()?;
        let place = rest.try_into().ok()?;
        Some((u64::from_be_bytes(*number), u32::from_be_bytes(place)))
    };
    let other = || {
        let detail = "the position in the list is of another store";
        StoreError::new(StoreErrorKind::Corrupt).with_source(detail)
    };
    read(position.as_bytes()).ok_or_else(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_position_of_this_store_is_read() {
        for position in [(0, 0), (7, 9), (u64::MAX, u32::MAX)] {
            assert_eq!(read(&write(position)).unwrap(), position);
        }
        for bytes in [0, 7, 8, 11, 13, 40] {
            assert!(
                read(&GrantPosition::new(vec![1; bytes])).is_err(),
                "{bytes}"
            );
        }
    }
}
