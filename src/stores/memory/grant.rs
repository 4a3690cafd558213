//! Sessions, refresh tokens and marks in memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::shards::Both;
use super::shards::Map;
use super::shards::Shards;
use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::error::StoreErrorKind;
use crate::grant::Grant;
use crate::grant::GrantStore;
use crate::grant::Lookup;
use crate::grant::Mark;
use crate::grant::MarkKey;
use crate::grant::Moment;
use crate::grant::TokenDigest;
use crate::now_or_later::NowOrLater;
use crate::refresh::RefreshFamily;
use crate::refresh::RefreshTokenStore;
use crate::session::SessionRecord;
use crate::session::SessionStore;

/// Keeps sessions, families of refresh tokens and the marks over both in the memory of this
/// process.
///
/// Everything is gone when it is dropped: whoever was logged in logs in again. It always answers
/// at once, and acts when it is called.
///
/// ```
/// use bearergate::stores::MemoryGrantStore;
///
/// // A million of each at the most.
/// let store = MemoryGrantStore::new(1_000_000);
/// # let _ = store;
/// ```
pub struct MemoryGrantStore {
    sessions: Shards<TokenDigest, Arc<SessionRecord>>,
    families: Shards<TokenDigest, Arc<RefreshFamily>>,
    marks: Shards<MarkKey<'static>, Written>,
    last: AtomicU64,
}

/// A mark as it was written.
#[derive(Clone, Copy)]
struct Written {
    moment: Moment,
    until: UnixTime,
}

impl MemoryGrantStore {
    /// Makes an empty store for at most `limit` sessions, as many families and as many marks.
    ///
    /// More are refused with [`Full`](StoreErrorKind::Full): nothing is forgotten before it is
    /// over, and what is over is forgotten when [`purge`](GrantStore::purge) is called.
    pub fn new(limit: usize) -> Self {
        Self {
            sessions: Shards::new(limit),
            families: Shards::new(limit),
            marks: Shards::new(limit),
            last: AtomicU64::new(0),
        }
    }

    fn next_moment(&self, now: UnixTime) -> Moment {
        let next = |last| Moment::next(Some(Moment::from_u64(last)), now);
        let order = Ordering::SeqCst;
        let update = |last| Some(next(last).as_u64());
        let last = self.last.fetch_update(order, order, update);
        next(last.unwrap_or_else(|last| last))
    }

    /// Lets every later moment come after this one, which another store may have given.
    fn catch_up(&self, since: Moment) -> Moment {
        self.last.fetch_max(since.as_u64(), Ordering::SeqCst);
        since
    }

    fn is_ended(&self, grant: &Grant) -> bool {
        self.marks.len() > 0 && grant.mark_keys().any(|key| self.is_ended_by(&key, grant))
    }

    fn is_ended_by<'a>(&self, key: &MarkKey<'a>, grant: &Grant) -> bool {
        let piece = self.marks.read(key);
        let marks: &Map<MarkKey<'a>, Written> = &piece;
        let mark = marks.get(key);
        mark.is_some_and(|mark| Mark::ends(key.kind(), mark.moment, grant))
    }

    /// Gives a grant its moment, unless a mark has ended it.
    fn dated(&self, grant: &Grant) -> Result<(Grant, Moment), StoreError> {
        let since = match grant.since() {
            Some(since) => self.catch_up(since),
            None => self.next_moment(grant.created()),
        };
        let grant = grant.clone().with_since(Some(since));
        match self.is_ended(&grant) {
            true => Err(StoreErrorKind::Conflict.into()),
            false => Ok((grant, since)),
        }
    }

    fn write_mark(&self, mark: Mark) -> Result<(), StoreError> {
        let moment = self.next_moment(mark.at());
        let mut marks = self.marks.write(mark.key());
        let new = Written {
            moment,
            until: mark.until(),
        };
        if let Some(old) = marks.get_mut(mark.key()) {
            *old = old.joined(new);
            return Ok(());
        }
        self.marks.reserve()?;
        marks.insert(mark.key().clone(), new);
        Ok(())
    }

    fn add_session(&self, session: SessionRecord) -> Result<Moment, StoreError> {
        let mut sessions = self.sessions.write(&session.digest());
        if sessions.contains_key(&session.digest()) {
            return Err(StoreErrorKind::Conflict.into());
        }
        let (grant, since) = self.dated(session.grant())?;
        self.sessions.reserve()?;
        let session = session.with_grant(grant).with_version(1);
        sessions.insert(session.digest(), Arc::new(session));
        Ok(since)
    }

    fn replace_session(
        &self,
        mut sessions: Both<'_, TokenDigest, Arc<SessionRecord>>,
        old: TokenDigest,
        new: SessionRecord,
    ) -> Result<u64, StoreError> {
        let stored = sessions.first().get(&old).cloned();
        let stored = stored.ok_or(StoreErrorKind::Conflict)?;
        let version = self.next_version(stored.grant(), [stored.version(), new.version()])?;
        if new.digest() != old && sessions.second().contains_key(&new.digest()) {
            return Err(StoreErrorKind::Conflict.into());
        }
        let grant = kept(stored.grant(), new.grant());
        let new = new.with_grant(grant).with_version(version);
        sessions.first().remove(&old);
        sessions.second().insert(new.digest(), Arc::new(new));
        Ok(version)
    }

    fn touch_session(&self, digest: TokenDigest, at: UnixTime) -> bool {
        let mut sessions = self.sessions.write(&digest);
        let Some(stored) = sessions.get_mut(&digest) else {
            return false;
        };
        if self.is_ended(stored.grant()) {
            return false;
        }
        if stored.grant().last_used() < at {
            let grant = stored.grant().clone().with_last_used(at);
            *stored = Arc::new(SessionRecord::clone(stored).with_grant(grant));
        }
        true
    }

    fn add_family(&self, family: RefreshFamily) -> Result<Moment, StoreError> {
        let mut families = self.families.write(&family.id());
        if families.contains_key(&family.id()) {
            return Err(StoreErrorKind::Conflict.into());
        }
        let (grant, since) = self.dated(family.grant())?;
        self.families.reserve()?;
        let family = family.with_grant(grant).with_version(1);
        families.insert(family.id(), Arc::new(family));
        Ok(since)
    }

    fn replace_family(&self, new: RefreshFamily) -> Result<u64, StoreError> {
        let mut families = self.families.write(&new.id());
        let stored = families.get_mut(&new.id());
        let stored = stored.ok_or(StoreErrorKind::Conflict)?;
        let version = self.next_version(stored.grant(), [stored.version(), new.version()])?;
        let grant = kept(stored.grant(), new.grant());
        *stored = Arc::new(new.with_grant(grant).with_version(version));
        Ok(version)
    }

    fn next_version(&self, grant: &Grant, versions: [u64; 2]) -> Result<u64, StoreError> {
        let [stored, expected] = versions;
        if stored != expected || self.is_ended(grant) {
            return Err(StoreErrorKind::Conflict.into());
        }
        stored
            .checked_add(1)
            .ok_or_else(|| StoreErrorKind::Full.into())
    }

    fn remove_over(&self, now: UnixTime) -> usize {
        let is_over = |grant: &Grant| grant.is_over(now) || self.is_ended(grant);
        let sessions = self.sessions.remove(|_, session| is_over(session.grant()));
        let families = self
            .families
            .remove(|_, family| family.revoked().is_some() || is_over(family.grant()));
        let marks = self
            .marks
            .remove(|_, mark| mark.until.has_passed(now, Leeway::ZERO));
        sessions + families + marks
    }
}

impl Written {
    fn joined(self, other: Self) -> Self {
        Self {
            moment: self.moment.max(other.moment),
            until: self.until.max(other.until),
        }
    }
}

/// The new grant with what a change keeps of the old one.
fn kept(old: &Grant, new: &Grant) -> Grant {
    let last_used = old.last_used().max(new.last_used());
    new.clone()
        .with_since(old.since())
        .with_last_used(last_used)
}

impl GrantStore for MemoryGrantStore {
    fn mark(&self, mark: Mark) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(self.write_mark(mark))
    }

    fn has_ended(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::now(Ok(self.is_ended(&grant)))
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        NowOrLater::now(Ok(self.remove_over(now)))
    }
}

impl SessionStore for MemoryGrantStore {
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Moment, StoreError>> {
        NowOrLater::now(self.add_session(session))
    }

    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
        let found = self.sessions.read(&digest).get(&digest).cloned();
        NowOrLater::now(Ok(match found {
            Some(session) if self.is_ended(session.grant()) => Lookup::Revoked,
            Some(session) => Lookup::Live(session),
            None => Lookup::Unknown,
        }))
    }

    fn update(
        &self,
        old: TokenDigest,
        session: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>> {
        let keys = [old, session.digest()];
        let change = |both: Both<'_, _, _>| self.replace_session(both, old, session);
        NowOrLater::now(self.sessions.write_both(keys.each_ref(), change))
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::now(Ok(self.touch_session(digest, at)))
    }
}

impl RefreshTokenStore for MemoryGrantStore {
    fn create(&self, family: RefreshFamily) -> NowOrLater<'_, Result<Moment, StoreError>> {
        NowOrLater::now(self.add_family(family))
    }

    fn find(
        &self,
        id: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<RefreshFamily>>, StoreError>> {
        let found = self.families.read(&id).get(&id).cloned();
        NowOrLater::now(Ok(match found {
            Some(family) if self.is_ended(family.grant()) => Lookup::Revoked,
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
            .field("marks", &self.marks.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two marks of one key may be written in another order than they took their moments.
    #[test]
    fn of_two_marks_the_later_moment_and_the_later_end_stand() {
        let written = |moment, until| Written {
            moment: Moment::from_u64(moment),
            until: UnixTime::from_secs(until),
        };
        for (one, two) in [((1, 9), (2, 8)), ((2, 8), (1, 9))] {
            let joined = written(one.0, one.1).joined(written(two.0, two.1));
            assert_eq!(joined.moment.as_u64(), 2);
            assert_eq!(joined.until.as_secs(), 9);
        }
    }
}
