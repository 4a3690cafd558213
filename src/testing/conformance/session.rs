//! The rules for every store of sessions.

use std::time::Duration;

use super::grant_records::{Records, facts, full, lasting, page_facts};
use super::{
    Breach, NOW, at, conflict, ensure, good, grant_list, grant_records, subject_limit, together,
    winners,
};
use crate::error::StoreError;
use crate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, Sequence, SubjectLimit, TokenDigest,
};
use crate::grant::{Grant, GrantStore};
use crate::now_or_later::NowOrLater;
use crate::session::{SessionRecord, SessionStore};

pub(super) async fn check(store: &dyn SessionStore) -> Result<(), Breach> {
    sessions_are_found_as_they_were_created(store).await?;
    a_session_moves_to_a_new_digest(store).await?;
    a_taken_digest_is_a_conflict(store).await?;
    a_use_goes_forward_and_keeps_the_version(store).await?;
    a_late_write_never_restores_a_session(store).await?;
    one_of_many_moves_wins(store).await?;
    grant_records::check_records(&Sessions(store)).await?;
    subject_limit::check(&Sessions(store)).await?;
    grant_list::check(&Sessions(store)).await?;
    a_session_in_use_is_purged_later(store).await
}

async fn sessions_are_found_as_they_were_created(store: &dyn SessionStore) -> Result<(), Breach> {
    let rule = "a session is found as it was created, at version 1 and with its sequence number";
    let bare = session(1, Grant::new("a", "s", NOW));
    let odd = SessionRecord {
        version: 9,
        data: vec![0, 1, 255],
        ..session(2, full())
    };
    let long = SessionRecord {
        data: vec![7; 100_000],
        ..session(3, lasting("s"))
    };
    for mut session in [bare, odd, long] {
        let digest = session.digest;
        let sequence = good(store.create(session.clone()).await, rule)?;
        session.version = 1;
        session.grant = session.grant.with_sequence(Some(sequence));
        ensure(live(store, digest, rule).await? == Some(session), rule)?;
    }
    ensure(live(store, digest(0, 0), rule).await?.is_none(), rule)
}

async fn a_session_moves_to_a_new_digest(store: &dyn SessionStore) -> Result<(), Breach> {
    let rule = "a session that gets a new digest is unknown by the old one";
    let (old, new) = (digest(10, 0), digest(10, 1));
    good(store.create(session(10, lasting("s"))).await, rule)?;
    let stored = live(store, old, rule).await?.ok_or(Breach::new(rule))?;
    let mut moved = stored.clone();
    (moved.digest, moved.data) = (new, vec![1]);
    moved.version = good(store.update(old, moved.clone()).await, rule)?;
    ensure(moved.version == 2, rule)?;
    ensure(live(store, old, rule).await?.is_none(), rule)?;
    ensure(live(store, new, rule).await? == Some(moved.clone()), rule)?;
    let rule = "a session that kept its digest is found by it";
    let mut kept = moved;
    kept.data = vec![2];
    kept.version = good(store.update(new, kept.clone()).await, rule)?;
    ensure(kept.version == 3, rule)?;
    ensure(live(store, new, rule).await? == Some(kept), rule)?;
    conflict(
        store.update(old, stored).await,
        "what moved away cannot be changed",
    )
}

async fn a_taken_digest_is_a_conflict(store: &dyn SessionStore) -> Result<(), Breach> {
    let rule = "a session cannot move to the digest of another; both stay as they are";
    let (one, two) = (session(20, lasting("one")), session(21, lasting("two")));
    for session in [&one, &two] {
        good(store.create(session.clone()).await, rule)?;
    }
    let before = [
        live(store, one.digest, rule).await?,
        live(store, two.digest, rule).await?,
    ];
    let moved = SessionRecord {
        digest: two.digest,
        ..one.clone()
    };
    conflict(store.update(one.digest, moved).await, rule)?;
    let after = [
        live(store, one.digest, rule).await?,
        live(store, two.digest, rule).await?,
    ];
    ensure(before == after, rule)
}

async fn a_use_goes_forward_and_keeps_the_version(store: &dyn SessionStore) -> Result<(), Breach> {
    let rule = "a use is noted if it is later than what is noted, and keeps the version";
    let digest = digest(30, 0);
    good(store.create(session(30, lasting("s"))).await, rule)?;
    for (secs, wanted) in [(60, 60), (30, 60), (90, 90)] {
        ensure(good(store.touch(digest, at(secs)).await, rule)?, rule)?;
        let found = live(store, digest, rule).await?.ok_or(Breach::new(rule))?;
        ensure(
            found.grant.last_used() == at(wanted) && found.version == 1,
            rule,
        )?;
    }
    let unknown = store.touch(TokenDigest::new([31; 32]), at(60)).await;
    ensure(!good(unknown, rule)?, "an unknown session is not used")?;
    let rule = "a change keeps the later use of both";
    good(store.update(digest, session(30, lasting("s"))).await, rule)?;
    let found = live(store, digest, rule).await?.ok_or(Breach::new(rule))?;
    ensure(found.grant.last_used() == at(90), rule)
}

async fn a_session_in_use_is_purged_later(store: &dyn SessionStore) -> Result<(), Breach> {
    let rule = "a session is purged when it was idle for too long since its last use, not before";
    let digest = digest(35, 0);
    let idle = lasting("s").with_lifetime(at(9_999), Duration::from_secs(100));
    good(store.create(session(35, idle)).await, rule)?;
    ensure(good(store.touch(digest, at(90)).await, rule)?, rule)?;
    for (secs, is_left) in [(189, true), (190, false)] {
        while good(store.purge(at(secs)).await, rule)? > 0 {}
        let is_there = live(store, digest, rule).await?.is_some();
        ensure(is_there == is_left, rule)?;
    }
    Ok(())
}

async fn a_late_write_never_restores_a_session(store: &dyn SessionStore) -> Result<(), Breach> {
    let rule = "what was read before a session ended cannot be written after it";
    let digest = digest(40, 0);
    let ends = lasting("s").with_lifetime(at(5), Duration::MAX);
    good(store.create(session(40, ends)).await, rule)?;
    let read = live(store, digest, rule).await?.ok_or(Breach::new(rule))?;
    while good(store.purge(at(5)).await, rule)? > 0 {}
    conflict(store.update(digest, read).await, rule)?;
    ensure(!good(store.touch(digest, at(6)).await, rule)?, rule)?;
    ensure(live(store, digest, rule).await?.is_none(), rule)
}

async fn one_of_many_moves_wins(store: &dyn SessionStore) -> Result<(), Breach> {
    let rule = "of many changes of one version exactly one succeeds";
    let old = digest(50, 0);
    good(store.create(session(50, lasting("s"))).await, rule)?;
    let read = live(store, old, rule).await?.ok_or(Breach::new(rule))?;
    let moves = 1..=20;
    let moved = |number| SessionRecord {
        digest: digest(50, number),
        ..read.clone()
    };
    let answers = moves
        .clone()
        .map(|number| store.update(old, moved(number)))
        .collect();
    ensure(winners(together(answers).await, rule)? == 1, rule)?;
    let mut found = 0;
    for number in moves {
        found += usize::from(live(store, digest(50, number), rule).await?.is_some());
    }
    ensure(found == 1 && live(store, old, rule).await?.is_none(), rule)
}

async fn live(
    store: &dyn SessionStore,
    digest: TokenDigest,
    rule: &'static str,
) -> Result<Option<SessionRecord>, Breach> {
    match good(store.find(digest).await, rule)? {
        Lookup::Live(found) => Ok(Some(SessionRecord::clone(&found))),
        Lookup::Revoked => Err(Breach::new("a grant without a revocation is not revoked")),
        Lookup::Unknown => Ok(None),
    }
}

fn session(number: u8, grant: Grant) -> SessionRecord {
    SessionRecord::new(digest(number, 0), grant)
}

fn digest(number: u8, place: u8) -> TokenDigest {
    grant_records::digest([0x5e, number, place])
}

/// Sessions, as the rules for all grants see them.
pub(super) struct Sessions<'a>(pub(super) &'a dyn SessionStore);

impl Records for Sessions<'_> {
    fn store(&self) -> &dyn GrantStore {
        self.0
    }

    fn create(&self, key: u8, grant: Grant) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.0.create(session(key, grant))
    }

    fn create_within(
        &self,
        key: u8,
        grant: Grant,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        self.0.create_within(session(key, grant), limit)
    }

    fn digest(&self, key: u8) -> TokenDigest {
        digest(key, 0)
    }

    fn find(&self, key: u8) -> NowOrLater<'_, Result<Lookup<(Grant, u64)>, StoreError>> {
        let found = self.0.find(digest(key, 0));
        found.map(|found| Ok(facts(found?, |s| (s.grant.clone(), s.version))))
    }

    fn update(&self, key: u8, state: (Grant, u64)) -> NowOrLater<'_, Result<u64, StoreError>> {
        let (grant, version) = state;
        let session = SessionRecord {
            version,
            ..session(key, grant)
        };
        self.0.update(digest(key, 0), session)
    }

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<(Grant, u64)>, StoreError>> {
        let page = self.0.list(query);
        page.map(|page| Ok(page_facts(page?, |s| (s.grant.clone(), s.version))))
    }
}
