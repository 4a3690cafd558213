//! Sessions, refresh tokens and their revocations in memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::shards::{Both, Map, Shards};
use crate::clock::{Leeway, UnixTime};
use crate::error::{StoreError, StoreErrorKind};
use crate::grant::store::{Lookup, RevocationRecord, Sequence, TokenDigest};
use crate::grant::{Grant, GrantStore};
use crate::now_or_later::NowOrLater;
use crate::refresh::{RefreshFamily, RefreshTokenStore};
use crate::revocation_list::RevocationTarget;
use crate::session::{SessionRecord, SessionStore};

/// A store of sessions, families of refresh tokens and the revocations of both in the memory of
/// this process.
///
/// Its content is lost when it is dropped: users have to log in again. It always answers at once,
/// and acts when it is called.
///
/// ```
/// use bearergate::stores::MemoryGrantStore;
///
/// // At most a million of each.
/// let store = MemoryGrantStore::new(1_000_000);
/// # let _ = store;
/// ```
pub struct MemoryGrantStore {
    sessions: Shards<TokenDigest, Arc<SessionRecord>>,
    families: Shards<TokenDigest, Arc<RefreshFamily>>,
    revocations: Shards<RevocationTarget<'static>, Written>,
    last: AtomicU64,
}

/// A revocation as it was written.
#[derive(Clone, Copy)]
struct Written {
    sequence: Sequence,
    until: UnixTime,
}

impl MemoryGrantStore {
    /// Makes an empty store for at most `limit` sessions, as many families and as many
    /// revocations.
    ///
    /// More are refused with [`Full`](StoreErrorKind::Full): nothing is removed before it has
    /// expired, and what has expired is removed when [`purge`](GrantStore::purge) is called.
    pub fn new(limit: usize) -> Self {
        Self {
            sessions: Shards::new(limit),
            families: Shards::new(limit),
            revocations: Shards::new(limit),
            last: AtomicU64::new(0),
        }
    }

    fn next_sequence(&self, now: UnixTime) -> Sequence {
        let next = |last| Sequence::next(Some(Sequence::from_u64(last)), now);
        let order = Ordering::SeqCst;
        let update = |last| Some(next(last).as_u64());
        let last = self.last.fetch_update(order, order, update);
        next(last.unwrap_or_else(|last| last))
    }

    fn has_revoked(&self, grant: &Grant) -> bool {
        self.revocations.len() > 0
            && grant.revocation_targets().any(|target| {
                let part = self.revocations.read(&target);
                let revocations: &Map<RevocationTarget<'_>, Written> = &part;
                let written = revocations.get(&target);
                written.is_some_and(|w| RevocationRecord::revokes(target.kind(), w.sequence, grant))
            })
    }

    /// Gives a grant its sequence number, unless it is revoked.
    fn numbered(&self, grant: &Grant) -> Result<(Grant, Sequence), StoreError> {
        let sequence = match grant.sequence() {
            Some(sequence) => {
                // Another store may have given it; every later number must be greater.
                self.last.fetch_max(sequence.as_u64(), Ordering::SeqCst);
                sequence
            }
            None => self.next_sequence(grant.created()),
        };
        let grant = grant.clone().with_sequence(Some(sequence));
        match self.has_revoked(&grant) {
            true => Err(StoreErrorKind::Conflict.into()),
            false => Ok((grant, sequence)),
        }
    }

    fn add_revocation(&self, record: RevocationRecord) -> Result<(), StoreError> {
        let sequence = self.next_sequence(record.at());
        let mut revocations = self.revocations.write(record.target());
        let new = Written {
            sequence,
            until: record.until(),
        };
        if let Some(old) = revocations.get_mut(record.target()) {
            *old = old.joined(new);
            return Ok(());
        }
        self.revocations.reserve()?;
        revocations.insert(record.target().clone(), new);
        Ok(())
    }

    fn add_session(&self, mut session: SessionRecord) -> Result<Sequence, StoreError> {
        let mut sessions = self.sessions.write(&session.digest);
        if sessions.contains_key(&session.digest) {
            return Err(StoreErrorKind::Conflict.into());
        }
        let (grant, sequence) = self.numbered(&session.grant)?;
        self.sessions.reserve()?;
        (session.grant, session.version) = (grant, 1);
        sessions.insert(session.digest, Arc::new(session));
        Ok(sequence)
    }

    fn replace_session(
        &self,
        mut sessions: Both<'_, TokenDigest, Arc<SessionRecord>>,
        old: TokenDigest,
        mut new: SessionRecord,
    ) -> Result<u64, StoreError> {
        let stored = sessions.first().get(&old).cloned();
        let stored = stored.ok_or(StoreErrorKind::Conflict)?;
        let version = self.next_version(&stored.grant, [stored.version, new.version])?;
        if new.digest != old && sessions.second().contains_key(&new.digest) {
            return Err(StoreErrorKind::Conflict.into());
        }
        new.grant = kept(&stored.grant, &new.grant);
        new.version = version;
        sessions.first().remove(&old);
        sessions.second().insert(new.digest, Arc::new(new));
        Ok(version)
    }

    fn add_family(&self, mut family: RefreshFamily) -> Result<Sequence, StoreError> {
        let mut families = self.families.write(&family.id);
        if families.contains_key(&family.id) {
            return Err(StoreErrorKind::Conflict.into());
        }
        let (grant, sequence) = self.numbered(&family.grant)?;
        self.families.reserve()?;
        (family.grant, family.version) = (grant, 1);
        families.insert(family.id, Arc::new(family));
        Ok(sequence)
    }

    fn replace_family(&self, mut new: RefreshFamily) -> Result<u64, StoreError> {
        let mut families = self.families.write(&new.id);
        let stored = families.get_mut(&new.id);
        let stored = stored.ok_or(StoreErrorKind::Conflict)?;
        let version = self.next_version(&stored.grant, [stored.version, new.version])?;
        new.grant = kept(&stored.grant, &new.grant);
        new.version = version;
        *stored = Arc::new(new);
        Ok(version)
    }

    fn next_version(&self, grant: &Grant, versions: [u64; 2]) -> Result<u64, StoreError> {
        let [stored, expected] = versions;
        if stored != expected || self.has_revoked(grant) {
            return Err(StoreErrorKind::Conflict.into());
        }
        stored
            .checked_add(1)
            .ok_or_else(|| StoreErrorKind::Full.into())
    }
}

impl Written {
    fn joined(self, other: Self) -> Self {
        Self {
            sequence: self.sequence.max(other.sequence),
            until: self.until.max(other.until),
        }
    }
}

/// The new grant with what a change keeps of the old one.
fn kept(old: &Grant, new: &Grant) -> Grant {
    let last_used = old.last_used().max(new.last_used());
    new.clone()
        .with_sequence(old.sequence())
        .with_last_used(last_used)
}

impl GrantStore for MemoryGrantStore {
    fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(self.add_revocation(record))
    }

    fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::now(Ok(self.has_revoked(&grant)))
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        let is_ended = |grant: &Grant| grant.has_expired(now) || self.has_revoked(grant);
        let sessions = self.sessions.remove(|_, session| is_ended(&session.grant));
        let families = self
            .families
            .remove(|_, family| family.revoked.is_some() || is_ended(&family.grant));
        let revocations = self
            .revocations
            .remove(|_, written| written.until.has_passed(now, Leeway::ZERO));
        NowOrLater::now(Ok(sessions + families + revocations))
    }
}

impl SessionStore for MemoryGrantStore {
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        NowOrLater::now(self.add_session(session))
    }

    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
        let found = self.sessions.read(&digest).get(&digest).cloned();
        NowOrLater::now(Ok(match found {
            Some(session) if self.has_revoked(&session.grant) => Lookup::Revoked,
            Some(session) => Lookup::Live(session),
            None => Lookup::Unknown,
        }))
    }

    fn update(
        &self,
        old: TokenDigest,
        session: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>> {
        let keys = [old, session.digest];
        let change = |both: Both<'_, _, _>| self.replace_session(both, old, session);
        NowOrLater::now(self.sessions.write_both(keys.each_ref(), change))
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>> {
        let mut sessions = self.sessions.write(&digest);
        let stored = sessions.get_mut(&digest);
        let Some(stored) = stored.filter(|stored| !self.has_revoked(&stored.grant)) else {
            return NowOrLater::now(Ok(false));
        };
        if stored.grant.last_used() < at {
            let mut used = SessionRecord::clone(stored);
            used.grant = used.grant.with_last_used(at);
            *stored = Arc::new(used);
        }
        NowOrLater::now(Ok(true))
    }
}

impl RefreshTokenStore for MemoryGrantStore {
    fn create(&self, family: RefreshFamily) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        NowOrLater::now(self.add_family(family))
    }

    fn find(
        &self,
        id: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<RefreshFamily>>, StoreError>> {
        let found = self.families.read(&id).get(&id).cloned();
        NowOrLater::now(Ok(match found {
            Some(family) if self.has_revoked(&family.grant) => Lookup::Revoked,
            Some(family) => Lookup::Live(family),
            None => Lookup::Unknown,
        }))
    }

    fn update(&self, family: RefreshFamily) -> NowOrLater<'_, Result<u64, StoreError>> {
        NowOrLater::now(self.replace_family(family))
    }
}

impl fmt::Debug for MemoryGrantStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryGrantStore")
            .field("sessions", &self.sessions.len())
            .field("families", &self.families.len())
            .field("revocations", &self.revocations.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two revocations of one target may be written in another order than they took their numbers.
    #[test]
    fn of_two_revocations_the_later_number_and_the_later_end_are_kept() {
        let written = |sequence, until| Written {
            sequence: Sequence::from_u64(sequence),
            until: UnixTime::from_secs(until),
        };
        for (one, two) in [((1, 9), (2, 8)), ((2, 8), (1, 9))] {
            let joined = written(one.0, one.1).joined(written(two.0, two.1));
            assert_eq!(joined.sequence.as_u64(), 2);
            assert_eq!(joined.until.as_secs(), 9);
        }
    }
}
