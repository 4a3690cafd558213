//! The cached store of sessions.

use std::sync::Arc;

use super::store::Cached;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::grant::store::{Lookup, RevocationRecord, Sequence, TokenDigest};
use crate::grant::{Grant, GrantStore};
use crate::now_or_later::NowOrLater;
use crate::session::{SessionRecord, SessionStore};

impl<S: GrantStore + ?Sized> GrantStore for Cached<S> {
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

impl<S: SessionStore + ?Sized> SessionStore for Cached<S> {
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
                self.sessions.insert(&digest, session.clone(), ticket);
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
            match touched {
                Ok(true) => self.sessions.update(&digest, |session| {
                    let used = session.grant.last_used().max(at);
                    let grant = session.grant.clone().with_last_used(used);
                    let mut changed = SessionRecord::clone(session);
                    changed.grant = grant;
                    *session = Arc::new(changed);
                }),
                Ok(false) => self.sessions.remove(&digest),
                Err(_) => {}
            }
            touched
        })
    }
}
