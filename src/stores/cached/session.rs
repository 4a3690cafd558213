//! The cached store of sessions.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::cache::Names;
use super::store::Cached;
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::StoreError;
use crate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, RevocationRecord, Sequence, SubjectLimit, TokenDigest,
};
use crate::grant::{Grant, GrantStore};
use crate::now_or_later::NowOrLater;
use crate::session::{SessionRecord, SessionStore};

impl<S: GrantStore + ?Sized + 'static> GrantStore for Cached<S> {
    fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
        let known = self.sessions.changes();
        let names = vec![known.name(record.target())];
        let store = Arc::clone(&self.store);
        let write = async move { store.revoke(record).await };
        self.writes.run(|| known.begin(names), write)
    }

    fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.store.is_revoked(grant)
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.store.purge(now).map(move |purged| {
            // What had expired by then is read again. Nothing is searched for it.
            self.purged.fetch_max(now.as_secs(), Ordering::SeqCst);
            purged
        })
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.store.diagnose()
    }
}

impl<S: SessionStore + ?Sized> Cached<S> {
    fn names(&self, session: &SessionRecord) -> Names {
        let known = self.sessions.changes();
        let digest = known.name(&session.digest);
        let targets = session.grant.revocation_targets();
        Names::of(
            [digest]
                .into_iter()
                .chain(targets.map(|target| known.name(&target))),
        )
    }

    fn is_purged(&self, session: &SessionRecord) -> bool {
        let purged = self.purged.load(Ordering::SeqCst);
        session.grant.has_expired(UnixTime::from_secs(purged))
    }
}

impl<S: SessionStore + ?Sized + 'static> SessionStore for Cached<S> {
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.store.create(session)
    }

    fn create_within(
        &self,
        session: SessionRecord,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        let known = self.sessions.changes();
        let store = Arc::clone(&self.store);
        let ends = Arc::clone(known);
        let write = async move {
            let created = store.create_within(session, limit).await;
            if let Ok(created) = &created {
                // Which sessions end for the new one is known only now.
                let names = created.ended.iter().map(|ended| ends.name(ended));
                ends.begin(names.collect()).done();
            }
            created
        };
        self.writes.run(|| known.begin(Vec::new()), write)
    }

    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
        self.writes.drive();
        let ticket = match self.sessions.get(&digest) {
            Ok(session) if self.is_purged(&session) => None,
            Ok(session) => return NowOrLater::now(Ok(Lookup::Live(session))),
            Err(ticket) => ticket,
        };
        self.store.find(digest).map(move |found| {
            if let Ok(Lookup::Live(session)) = &found {
                let names = self.names(session);
                self.sessions
                    .insert(&digest, session.clone(), names, ticket);
            }
            found
        })
    }

    fn update(
        &self,
        old: TokenDigest,
        session: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>> {
        let known = self.sessions.changes();
        let names = [old, session.digest].map(|digest| known.name(&digest));
        let store = Arc::clone(&self.store);
        let write = async move { store.update(old, session).await };
        self.writes.run(move || known.begin(names.to_vec()), write)
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

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<SessionRecord>>, StoreError>> {
        self.writes.drive();
        self.store.list(query)
    }
}
