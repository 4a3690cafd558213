//! The rules for every store of refresh tokens.

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
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::refresh::{RefreshFamily, RefreshTokenStore, SpentToken};

pub(super) async fn check(store: &dyn RefreshTokenStore) -> Result<(), Breach> {
    families_are_found_as_they_were_created(store).await?;
    a_rotation_replaces_the_family(store).await?;
    a_change_expects_what_is_stored(store).await?;
    a_revoked_family_stays_until_it_is_purged(store).await?;
    one_of_many_rotations_wins(store).await?;
    grant_records::check_records(&Families(store)).await?;
    subject_limit::check(&Families(store)).await?;
    grant_list::check(&Families(store)).await
}

async fn families_are_found_as_they_were_created(
    store: &dyn RefreshTokenStore,
) -> Result<(), Breach> {
    let rule = "a family is found as it was created, at version 1 and with its sequence number";
    let bare = family(1, Grant::new("a", "s", NOW));
    let odd = RefreshFamily {
        version: 9,
        spent: Some(digest(2, 7)),
        spent_at: Some(at(3)),
        sealed: vec![0, 1, 255],
        earlier: vec![
            SpentToken::new(digest(2, 8), at(2)),
            SpentToken::new(digest(2, 9), at(1)),
        ],
        thumbprint: Some([0xee; 32]),
        ..family(2, full())
    };
    let unsealed = RefreshFamily {
        spent: Some(digest(3, 7)),
        spent_at: Some(at(3)),
        ..family(3, lasting("s"))
    };
    for mut family in [bare, odd, unsealed] {
        let sequence = good(store.create(family.clone()).await, rule)?;
        family.version = 1;
        family.grant = family.grant.with_sequence(Some(sequence));
        ensure(live(store, family.id, rule).await? == Some(family), rule)?;
    }
    ensure(live(store, digest(0, 0), rule).await?.is_none(), rule)
}

async fn a_rotation_replaces_the_family(store: &dyn RefreshTokenStore) -> Result<(), Breach> {
    let rule =
        "a rotation keeps the family's id and sequence number, and raises its version by one";
    good(store.create(family(10, lasting("s"))).await, rule)?;
    let read = live(store, digest(10, 0), rule)
        .await?
        .ok_or(Breach::new(rule))?;
    let grant = read.grant.clone().with_last_used(at(60));
    let rotated = RefreshFamily {
        grant: grant.clone().with_sequence(None),
        current: digest(10, 2),
        spent: Some(read.current),
        spent_at: Some(at(60)),
        sealed: vec![9; 80],
        earlier: vec![SpentToken::new(digest(10, 3), at(50)); limits::REFRESH_EARLIER],
        ..read
    };
    ensure(good(store.update(rotated.clone()).await, rule)? == 2, rule)?;
    let (version, id) = (2, rotated.id);
    let wanted = RefreshFamily {
        version,
        grant,
        ..rotated
    };
    ensure(live(store, id, rule).await? == Some(wanted.clone()), rule)?;
    let rule = "what is cleared is gone";
    let mut cleared = wanted;
    (cleared.spent, cleared.spent_at, cleared.sealed) = (None, None, Vec::new());
    cleared.earlier.clear();
    ensure(good(store.update(cleared.clone()).await, rule)? == 3, rule)?;
    cleared.version = 3;
    ensure(live(store, id, rule).await? == Some(cleared), rule)
}

async fn a_change_expects_what_is_stored(store: &dyn RefreshTokenStore) -> Result<(), Breach> {
    let rule = "a change of another version, or of what is not there, is a conflict";
    good(store.create(family(20, lasting("s"))).await, rule)?;
    let before = live(store, digest(20, 0), rule).await?;
    for version in [0, 2, u64::MAX] {
        let changed = RefreshFamily {
            version,
            current: digest(20, 9),
            ..family(20, lasting("s"))
        };
        conflict(store.update(changed).await, rule)?;
    }
    conflict(store.update(family(21, lasting("s"))).await, rule)?;
    conflict(
        store.create(family(20, lasting("t"))).await,
        "a family's id is taken once",
    )?;
    ensure(live(store, digest(20, 0), rule).await? == before, rule)
}

async fn a_revoked_family_stays_until_it_is_purged(
    store: &dyn RefreshTokenStore,
) -> Result<(), Breach> {
    let rule = "a revoked family is found as such, and is gone after a purge";
    good(store.create(family(30, lasting("s"))).await, rule)?;
    let revoked = RefreshFamily {
        revoked: Some(at(7)),
        ..family(30, lasting("s"))
    };
    good(store.update(revoked).await, rule)?;
    let found = live(store, digest(30, 0), rule).await?;
    ensure(
        found.is_some_and(|found| found.revoked == Some(at(7))),
        rule,
    )?;
    while good(store.purge(at(8)).await, rule)? > 0 {}
    ensure(live(store, digest(30, 0), rule).await?.is_none(), rule)
}

async fn one_of_many_rotations_wins(store: &dyn RefreshTokenStore) -> Result<(), Breach> {
    let rule = "of many rotations of one version exactly one succeeds";
    good(store.create(family(40, lasting("s"))).await, rule)?;
    let rotated = |number| RefreshFamily {
        current: digest(40, number),
        ..family(40, lasting("s"))
    };
    let answers = (2..=21)
        .map(|number| store.update(rotated(number)))
        .collect();
    ensure(winners(together(answers).await, rule)? == 1, rule)?;
    let found = live(store, digest(40, 0), rule).await?;
    ensure(found.is_some_and(|found| found.version == 2), rule)
}

async fn live(
    store: &dyn RefreshTokenStore,
    id: TokenDigest,
    rule: &'static str,
) -> Result<Option<RefreshFamily>, Breach> {
    match good(store.find(id).await, rule)? {
        Lookup::Live(found) => Ok(Some(RefreshFamily::clone(&found))),
        Lookup::Revoked => Err(Breach::new("a grant without a revocation is not revoked")),
        Lookup::Unknown => Ok(None),
    }
}

fn family(number: u8, grant: Grant) -> RefreshFamily {
    RefreshFamily::new(digest(number, 0), digest(number, 1), grant)
}

fn digest(number: u8, place: u8) -> TokenDigest {
    grant_records::digest([0xfa, number, place])
}

/// Families, as the rules for all grants see them.
pub(super) struct Families<'a>(pub(super) &'a dyn RefreshTokenStore);

impl Records for Families<'_> {
    fn store(&self) -> &dyn GrantStore {
        self.0
    }

    fn create(&self, key: u8, grant: Grant) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.0.create(family(key, grant))
    }

    fn create_within(
        &self,
        key: u8,
        grant: Grant,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        self.0.create_within(family(key, grant), limit)
    }

    fn digest(&self, key: u8) -> TokenDigest {
        digest(key, 0)
    }

    fn find(&self, key: u8) -> NowOrLater<'_, Result<Lookup<(Grant, u64)>, StoreError>> {
        let found = self.0.find(digest(key, 0));
        found.map(|found| Ok(facts(found?, |f| (f.grant.clone(), f.version))))
    }

    fn update(&self, key: u8, state: (Grant, u64)) -> NowOrLater<'_, Result<u64, StoreError>> {
        let (grant, version) = state;
        self.0.update(RefreshFamily {
            version,
            ..family(key, grant)
        })
    }

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<(Grant, u64)>, StoreError>> {
        let page = self.0.list(query);
        page.map(|page| Ok(page_facts(page?, |f| (f.grant.clone(), f.version))))
    }
}
