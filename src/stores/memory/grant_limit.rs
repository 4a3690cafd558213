//! How many sessions, or families of refresh tokens, a subject may have in memory.

use super::grant::MemoryGrantStore;
use super::grant_record::GrantRecord;
use super::grant_table::GrantTable;
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::Grant;
use crate::grant::store::{Created, Sequence, SubjectLimit, TokenDigest};
use crate::limits;
use crate::refresh::RefreshFamily;
use crate::revocation_list::{RevocationKind, RevocationTarget};
use crate::session::SessionRecord;
use crate::stores::subject::{Held, leaving};

impl MemoryGrantStore {
    /// Adds a record of a subject that may have so many, and ends what is then too many.
    pub(super) fn add_within<R: Limited>(
        &self,
        record: R,
        limit: SubjectLimit,
    ) -> Result<Created, StoreError> {
        let table = R::table(self);
        let (subject, now) = (subject_of(record.grant()), record.grant().created());
        let _gate = table.gate(&subject);
        let held = table.named(&subject, None, limits::GRANTS_PER_SUBJECT_MAX);
        let held = held.iter().map(|held| {
            let is_over = held.ends() <= now || self.has_revoked(held.grant());
            Held::new(held.digest(), held.grant(), is_over)
        });
        let leaving = leaving(limit, held.collect())?;
        let makes_room = !leaving.over.is_empty() || !leaving.ended.is_empty();
        let added = match record.clone().add(self) {
            Err(error) if error.kind() == StoreErrorKind::Full && makes_room => None,
            added => Some(added?),
        };
        leaving
            .over
            .iter()
            .for_each(|over| drop(table.remove(over)));
        leaving.ended.iter().for_each(|ended| R::end(self, ended));
        let sequence = match added {
            Some(sequence) => sequence,
            None => record.add(self)?,
        };
        let mut created = Created::new(sequence);
        created.ended = leaving.ended;
        Ok(created)
    }
}

fn subject_of(grant: &Grant) -> RevocationTarget<'static> {
    let (authority, subject) = (grant.authority().as_str(), grant.subject());
    RevocationTarget::new(RevocationKind::Subject, authority, subject).into_owned()
}

/// A record of which a subject may have so many.
pub(super) trait Limited: GrantRecord + Clone {
    fn table(store: &MemoryGrantStore) -> &GrantTable<Self>;

    fn add(self, store: &MemoryGrantStore) -> Result<Sequence, StoreError>;

    /// Ends it, with what belongs to it.
    fn end(store: &MemoryGrantStore, digest: &TokenDigest);
}

impl Limited for SessionRecord {
    fn table(store: &MemoryGrantStore) -> &GrantTable<Self> {
        &store.sessions
    }

    fn add(self, store: &MemoryGrantStore) -> Result<Sequence, StoreError> {
        store.add_session(self)
    }

    fn end(store: &MemoryGrantStore, digest: &TokenDigest) {
        store.end_session(digest);
    }
}

impl Limited for RefreshFamily {
    fn table(store: &MemoryGrantStore) -> &GrantTable<Self> {
        &store.families
    }

    fn add(self, store: &MemoryGrantStore) -> Result<Sequence, StoreError> {
        store.add_family(self)
    }

    fn end(store: &MemoryGrantStore, id: &TokenDigest) {
        store.families.remove(id);
    }
}
