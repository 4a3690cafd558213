//! A cache before a store of sessions.

use std::sync::Arc;

use super::Cache;
use super::ReadCache;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::error::StoreError;
use crate::grant::Grant;
use crate::grant::GrantStore;
use crate::grant::store::Lookup;
use crate::grant::store::RevocationRecord;
use crate::grant::store::Sequence;
use crate::grant::store::TokenDigest;
use crate::now_or_later::NowOrLater;
use crate::session::SessionRecord;
use crate::session::SessionStore;

/// A store of sessions that remembers what another, slower one answered: see [`ReadCache`].
///
/// Whoever ends or changes sessions in this process does it through this store. Refresh tokens
/// have no such cache: each is good once.
#[derive(Debug)]
pub struct CachedSessionStore {
    store: Arc<dyn SessionStore>,
    sessions: Cache<TokenDigest, Arc<SessionRecord>>,
}

impl CachedSessionStore {
    /// Puts a cache before a store.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a staleness or a number of entries
    /// outside their range.
    pub fn new(store: Arc<dyn SessionStore>, cache: ReadCache) -> Result<Self, ConfigError> {
        let sessions = cache.build()?;
        Ok(Self { store, sessions })
    }

    fn note(&self, digest: TokenDigest, at: UnixTime, touched: &Result<bool, StoreError>) {
        match touched {
            Ok(true) => self.sessions.amend(&digest, |session| {
                let used = session.grant.last_used().max(at);
                let grant = session.grant.clone().with_last_used(used);
                let mut changed = SessionRecord::clone(session);
                changed.grant = grant;
                *session = Arc::new(changed);
            }),
            Ok(false) => self.sessions.forget(&digest),
            Err(_) => {}
        }
    }
}

impl GrantStore for CachedSessionStore {
    fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
        let is_named = |session: &Arc<SessionRecord>| {
            let mut targets = session.grant.revocation_targets();
            targets.any(|target| target == *record.target())
        };
        let change = self.sessions.change_all(is_named);
        self.store.revoke(record).map(|revoked| {
            change.done();
            revoked
        })
    }

    fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.store.is_revoked(grant)
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        let change = self
            .sessions
            .change_all(|session| session.grant.has_expired(now));
        self.store.purge(now).map(|purged| {
            change.done();
            purged
        })
    }
}

impl SessionStore for CachedSessionStore {
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.store.create(session)
    }

    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
        let ticket = match self.sessions.get(&digest) {
            Ok(session) => return NowOrLater::now(Ok(Lookup::Live(session))),
            Err(ticket) => ticket,
        };
        self.store.find(digest).map(move |found| {
            if let Ok(Lookup::Live(session)) = &found {
                self.sessions.put(&digest, session.clone(), ticket);
            }
            found
        })
    }

    fn update(
        &self,
        old: TokenDigest,
        session: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>> {
        let change = self.sessions.change(vec![old, session.digest]);
        self.store.update(old, session).map(|updated| {
            change.done();
            updated
        })
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.store.touch(digest, at).map(move |touched| {
            self.note(digest, at, &touched);
            touched
        })
    }
}
