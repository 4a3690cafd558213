//! Sessions, refresh tokens and their revocations in memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::STEP;
use super::grant_table::GrantTable;
use super::revocations::{Added, Revocations, Swept};
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::environment::Environment;
use crate::error::{StoreError, StoreErrorKind};
use crate::event::{Event, Observer};
use crate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, RevocationRecord, Sequence, SubjectLimit, TokenDigest,
};
use crate::grant::{Grant, GrantStore};
use crate::now_or_later::{NowOrLater, yield_once};
use crate::refresh::{RefreshFamily, RefreshTokenStore};
use crate::revocation_list::{RevocationKind, RevocationTarget};
use crate::session::{SessionRecord, SessionStore};

/// A store of sessions, families of refresh tokens and the revocations of both in the memory of
/// this process.
///
/// Its content is lost when it is dropped: users have to log in again. It answers at once, and acts
/// when it is called; only a purge that has to look at more than 1 000 revocations that end nothing
/// lets other tasks run in between. No call holds a lock while it works on more than 1 000 records.
///
/// ```
/// use bearergate::stores::MemoryGrantStore;
///
/// // At most a million of each.
/// let store = MemoryGrantStore::new(1_000_000);
/// # let _ = store;
/// ```
pub struct MemoryGrantStore {
    pub(super) sessions: GrantTable<SessionRecord>,
    pub(super) families: GrantTable<RefreshFamily>,
    revocations: Revocations,
    last: AtomicU64,
    observer: Option<Arc<dyn Observer>>,
}

impl MemoryGrantStore {
    /// Makes an empty store for at most `limit` sessions, as many families and as many
    /// revocations. Give it room for many times the sessions that one subject may have.
    ///
    /// More are refused with [`Full`](StoreErrorKind::Full): nothing is removed before it has
    /// expired, and what has expired is removed when [`purge`](GrantStore::purge) is called, some of
    /// it also by a revocation that finds no room.
    ///
    /// No subject or client can keep the service from revoking. A quarter of the revocations is kept
    /// for those of subjects and clients, and of the rest single access tokens take at most half
    /// (RFC 7009). After 256 ended sessions of one subject, or 64 revoked tokens of one client and
    /// subject, fewer in a small store, one revocation ends all that was granted to the holder until
    /// then, in place of one more single one. Single ones count until they are purged.
    pub fn new(limit: usize) -> Self {
        Self {
            sessions: GrantTable::new(limit),
            families: GrantTable::new(limit),
            revocations: Revocations::new(limit),
            last: AtomicU64::new(0),
            observer: None,
        }
    }

    /// Sets the observer, which is told when the revocations take 80 percent of their room
    /// ([`GrantRevocationsFilling`](Event::GrantRevocationsFilling)), and when one revocation takes
    /// the place of many of one holder ([`RevocationsMerged`](Event::RevocationsMerged)); by default
    /// none.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the observer from an [`Environment`].
    #[must_use]
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_observer(&mut self.observer);
        self
    }

    fn next_sequence(&self, now: UnixTime) -> Sequence {
        let next = |last| Sequence::next(Some(Sequence::from_u64(last)), now);
        let order = Ordering::SeqCst;
        let update = |last| Some(next(last).as_u64());
        let last = self.last.fetch_update(order, order, update);
        next(last.unwrap_or_else(|last| last))
    }

    /// How many revocations there are, and may be.
    pub(super) fn revocation_room(&self) -> (usize, usize) {
        (self.revocations.len(), self.revocations.limit())
    }

    pub(super) fn has_revoked(&self, grant: &Grant) -> bool {
        self.revocations.has_revoked(grant)
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

    pub(super) fn add_session(&self, session: SessionRecord) -> Result<Sequence, StoreError> {
        self.sessions.insert(session, |session| {
            let (grant, sequence) = self.numbered(&session.grant)?;
            (session.grant, session.version) = (grant, 1);
            Ok(sequence)
        })
    }

    pub(super) fn add_family(&self, family: RefreshFamily) -> Result<Sequence, StoreError> {
        self.families.insert(family, |family| {
            let (grant, sequence) = self.numbered(&family.grant)?;
            (family.grant, family.version) = (grant, 1);
            Ok(sequence)
        })
    }

    fn replace_session(&self, old: TokenDigest, mut new: SessionRecord) -> Result<u64, StoreError> {
        let digest = new.digest;
        self.sessions.replace(&old, &digest, |stored| {
            new.version = self.next_version(&stored.grant, [stored.version, new.version])?;
            new.grant = kept(&stored.grant, &new.grant);
            let version = new.version;
            Ok((new, version))
        })
    }

    fn replace_family(&self, mut new: RefreshFamily) -> Result<u64, StoreError> {
        let id = new.id;
        self.families.replace(&id, &id, |stored| {
            new.version = self.next_version(&stored.grant, [stored.version, new.version])?;
            new.grant = kept(&stored.grant, &new.grant);
            let version = new.version;
            Ok((new, version))
        })
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

    /// Writes a revocation. If there is no room, it removes some of what has expired, and tries once
    /// more.
    fn add_revocation(&self, record: RevocationRecord) -> Result<(), StoreError> {
        let record = self.with_holder(record);
        let was_filling = self.revocations.is_filling();
        let add = || {
            let sequence = self.next_sequence(record.at());
            self.revocations.add(&record, sequence)
        };
        let added = match add() {
            Err(error) if error.kind() == StoreErrorKind::Full => {
                self.purge_some(record.at());
                add()?
            }
            added => added?,
        };
        if let Some(observer) = &self.observer {
            if added == Added::Merged {
                let (client, subject) = record.holder();
                observer.observe(&Event::RevocationsMerged {
                    authority: record.target().authority(),
                    client,
                    subject,
                });
            }
            if !was_filling && self.revocations.is_filling() {
                observer.observe(&Event::GrantRevocationsFilling {
                    len: self.revocations.len(),
                    limit: self.revocations.limit(),
                });
            }
        }
        Ok(())
    }

    /// Names the holder of a session that was revoked by its handle only.
    fn with_holder(&self, record: RevocationRecord) -> RevocationRecord {
        let last = Sequence::from_u64(u64::MAX);
        let is_of_session = record.target().kind() == RevocationKind::Session;
        if !is_of_session || record.is_exact() || record.wider(last).is_some() {
            return record;
        }
        match self.sessions.named(record.target(), None, 1).first() {
            Some(session) => record.of_grant(&session.grant),
            None => record,
        }
    }

    /// Removes a session with the families that belong to it.
    pub(super) fn end_session(&self, digest: &TokenDigest) {
        let session = self.sessions.remove(digest);
        let Some(target) = session.as_ref().and_then(|s| session_of(&s.grant)) else {
            return;
        };
        let most = STEP;
        for family in self.families.named(&target, None, most) {
            self.families.remove(&family.id);
        }
    }

    /// Removes what a revocation ends, at most `most` records.
    fn sweep(&self, target: &RevocationTarget<'_>, at: Sequence, most: usize) -> usize {
        let upto = (target.kind() != RevocationKind::Session).then_some(at);
        let mut removed = 0;
        for session in self.sessions.named(target, upto, most) {
            removed += usize::from(self.sessions.remove(&session.digest).is_some());
        }
        for family in self.families.named(target, upto, most - removed.min(most)) {
            removed += usize::from(self.families.remove(&family.id).is_some());
        }
        removed
    }

    /// Removes some of what has ended. A revocation is removed last: without it, the grants that it
    /// ends and that are still stored would be valid again.
    fn purge_some(&self, now: UnixTime) -> Swept {
        let most = STEP;
        let sessions = self.sessions.remove_ended(now, most);
        let families = self.families.remove_ended(now, most);
        let swept = self
            .revocations
            .sweep(most, |target, at, most| self.sweep(target, at, most));
        let mut removed = sessions + families + swept.removed;
        let is_done = sessions < most && families < most && swept.is_done;
        if is_done {
            removed += self.revocations.remove_ended(now, most);
        }
        Swept { removed, is_done }
    }
}

/// The new grant with what a change keeps of the old one.
fn kept(old: &Grant, new: &Grant) -> Grant {
    let last_used = old.last_used().max(new.last_used());
    new.clone()
        .with_sequence(old.sequence())
        .with_last_used(last_used)
}

fn session_of(grant: &Grant) -> Option<RevocationTarget<'_>> {
    let mut targets = grant.revocation_targets();
    targets.find(|target| target.kind() == RevocationKind::Session)
}

impl GrantStore for MemoryGrantStore {
    fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(self.add_revocation(record))
    }

    fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::now(Ok(self.has_revoked(&grant)))
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        let step = self.purge_some(now);
        if step.removed > 0 || step.is_done {
            return NowOrLater::now(Ok(step.removed));
        }
        NowOrLater::later(async move {
            loop {
                yield_once().await;
                let step = self.purge_some(now);
                if step.removed > 0 || step.is_done {
                    return Ok(step.removed);
                }
            }
        })
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::now(self.usage())
    }
}

impl SessionStore for MemoryGrantStore {
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        NowOrLater::now(self.add_session(session))
    }

    fn create_within(
        &self,
        session: SessionRecord,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        NowOrLater::now(self.add_within(session, limit))
    }

    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
        NowOrLater::now(Ok(match self.sessions.get(&digest) {
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
        NowOrLater::now(self.replace_session(old, session))
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>> {
        let is_meant = |stored: &SessionRecord| !self.has_revoked(&stored.grant);
        let touched = self.sessions.update(&digest, is_meant, |stored| {
            (stored.grant.last_used() < at).then(|| {
                let mut used = stored.clone();
                used.grant = used.grant.with_last_used(at);
                used
            })
        });
        NowOrLater::now(Ok(touched))
    }

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<SessionRecord>>, StoreError>> {
        NowOrLater::now(self.page(&query))
    }
}

impl RefreshTokenStore for MemoryGrantStore {
    fn create(&self, family: RefreshFamily) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        NowOrLater::now(self.add_family(family))
    }

    fn create_within(
        &self,
        family: RefreshFamily,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        NowOrLater::now(self.add_within(family, limit))
    }

    fn find(
        &self,
        id: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<RefreshFamily>>, StoreError>> {
        NowOrLater::now(Ok(match self.families.get(&id) {
            Some(family) if self.has_revoked(&family.grant) => Lookup::Revoked,
            Some(family) => Lookup::Live(family),
            None => Lookup::Unknown,
        }))
    }

    fn update(&self, family: RefreshFamily) -> NowOrLater<'_, Result<u64, StoreError>> {
        NowOrLater::now(self.replace_family(family))
    }

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<RefreshFamily>>, StoreError>> {
        NowOrLater::now(self.page(&query))
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
