//! The rules for every store of revocations.

use super::{Breach, NOW, at, ensure, good, together};
use crate::clock::UnixTime;
use crate::limits;
use crate::principal::{KeyId, TokenId};
use crate::revocation::{Revocation, RevocationStore};
use crate::revocation_list::{RevocationKind, RevocationTarget};

pub(super) async fn check(store: &dyn RevocationStore) -> Result<(), Breach> {
    revocations_are_read_as_they_were_added(store).await?;
    a_target_is_kind_authority_and_id(store).await?;
    the_wider_of_two_is_kept(store).await?;
    of_many_at_once_the_widest_is_kept(store).await?;
    only_the_target_is_removed(store).await?;
    only_what_has_expired_is_purged(store).await
}

async fn revocations_are_read_as_they_were_added(
    store: &dyn RevocationStore,
) -> Result<(), Breach> {
    let rule = "all returns every revocation as it was added, and nothing else";
    ensure(good(store.all().await, rule)?.is_empty(), rule)?;
    let long = "x".repeat(limits::REVOCATION_ID_BYTES);
    let last = UnixTime::from_secs(253_402_300_799);
    let mut wanted = vec![
        Revocation::jwt_id(AUTHORITY, "j").until(at(5)),
        Revocation::subject(AUTHORITY, "Zoë 'x'\n%_\\").issued_before(at(7)),
        Revocation::client(AUTHORITY, long.as_str()).until(last),
        Revocation::session(long.as_str(), "s").issued_before(UnixTime::from_secs(0)),
        Revocation::key(AUTHORITY, KeyId::new([7; 32])).until(UnixTime::from_secs(0)),
        Revocation::proof_key(AUTHORITY, [9; 32]).until(at(6)),
        Revocation::certificate(AUTHORITY, [9; 32]).until(at(6)),
        Revocation::token(TokenId::of_fingerprint([8; 32])).until(at(9)),
        Revocation::holder(AUTHORITY, Some("shop"), Some("alice")).issued_before(at(3)),
        Revocation::new(RevocationTarget::new(
            RevocationKind::ApiKey,
            AUTHORITY,
            "0123456789ABCDEF",
        )),
    ];
    for revocation in &wanted {
        good(store.add(revocation.clone()).await, rule)?;
    }
    ensure(sorted(store, rule).await? == order(&mut wanted), rule)?;
    clear(store, rule).await
}

async fn a_target_is_kind_authority_and_id(store: &dyn RevocationStore) -> Result<(), Breach> {
    let rule = "revocations of another kind, authority or id, byte for byte, are others";
    let mut wanted = vec![
        Revocation::subject(AUTHORITY, "alice"),
        Revocation::subject(AUTHORITY, "Alice"),
        Revocation::subject(AUTHORITY, "alice "),
        Revocation::subject("https://IDP.example.com", "alice"),
        Revocation::client(AUTHORITY, "alice"),
    ];
    for revocation in &wanted {
        good(store.add(revocation.clone()).await, rule)?;
    }
    ensure(sorted(store, rule).await? == order(&mut wanted), rule)?;
    clear(store, rule).await
}

async fn the_wider_of_two_is_kept(store: &dyn RevocationStore) -> Result<(), Breach> {
    let rule =
        "of two revocations of one target the later times are kept, and none is later than any";
    let times = [None, Some(at(3)), Some(at(5))];
    let wider = |a: Option<UnixTime>, b: Option<UnixTime>| Some(a?.max(b?));
    for first in pairs(times) {
        for second in pairs(times) {
            for (issued, until) in [first, second] {
                good(store.add(named("w", issued, until)).await, rule)?;
            }
            let wanted = named("w", wider(first.0, second.0), wider(first.1, second.1));
            ensure(good(store.all().await, rule)? == [wanted], rule)?;
            clear(store, rule).await?;
        }
    }
    Ok(())
}

async fn of_many_at_once_the_widest_is_kept(store: &dyn RevocationStore) -> Result<(), Breach> {
    let rule = "of revocations of one target that are added at once the widest is kept";
    let adds = (1..=20).map(|n| store.add(named("m", Some(at(n)), Some(at(100 - n)))));
    for added in together(adds.collect()).await {
        good(added, rule)?;
    }
    let wanted = named("m", Some(at(20)), Some(at(99)));
    ensure(good(store.all().await, rule)? == [wanted], rule)?;
    clear(store, rule).await
}

async fn only_the_target_is_removed(store: &dyn RevocationStore) -> Result<(), Breach> {
    let rule = "remove takes away the revocation of this target, whatever its times";
    let kept = vec![
        Revocation::subject(AUTHORITY, "bob"),
        Revocation::subject("other", "alice"),
        Revocation::client(AUTHORITY, "alice"),
    ];
    let gone = Revocation::subject(AUTHORITY, "alice").until(at(5));
    for revocation in kept.iter().chain([&gone]) {
        good(store.add(revocation.clone()).await, rule)?;
    }
    let name = || Revocation::subject(AUTHORITY, "alice");
    good(store.remove(name().into_target()).await, rule)?;
    let mut wanted = kept;
    ensure(sorted(store, rule).await? == order(&mut wanted), rule)?;
    let rule = "removing a target that is not there is no error";
    good(store.remove(name().into_target()).await, rule)?;
    let rule = "what was removed is narrower when it is added again";
    let again = name().until(at(2));
    good(store.add(again.clone()).await, rule)?;
    wanted.push(again);
    ensure(sorted(store, rule).await? == order(&mut wanted), rule)?;
    clear(store, rule).await
}

async fn only_what_has_expired_is_purged(store: &dyn RevocationStore) -> Result<(), Breach> {
    let rule =
        "purge removes what expires before the time, never at it and never without an expiry";
    let ends = [None, Some(at(4)), Some(at(5)), Some(at(6))];
    for (name, until) in ["never", "before", "at", "after"].into_iter().zip(ends) {
        good(store.add(named(name, Some(NOW), until)).await, rule)?;
    }
    ensure(good(store.purge(at(5)).await, rule)? == 1, rule)?;
    let mut wanted = vec![
        named("never", Some(NOW), None),
        named("at", Some(NOW), Some(at(5))),
        named("after", Some(NOW), Some(at(6))),
    ];
    ensure(sorted(store, rule).await? == order(&mut wanted), rule)?;
    ensure(good(store.purge(at(5)).await, rule)? == 0, rule)?;
    ensure(good(store.purge(at(1_000)).await, rule)? == 2, rule)?;
    clear(store, rule).await
}

fn pairs(
    times: [Option<UnixTime>; 3],
) -> impl Iterator<Item = (Option<UnixTime>, Option<UnixTime>)> {
    times.into_iter().flat_map(move |a| times.map(|b| (a, b)))
}

fn named(id: &str, issued: Option<UnixTime>, until: Option<UnixTime>) -> Revocation {
    let bare = Revocation::subject(AUTHORITY, id);
    let issued = issued
        .into_iter()
        .fold(bare, |made, time| made.issued_before(time));
    until.into_iter().fold(issued, Revocation::until)
}

async fn sorted(
    store: &dyn RevocationStore,
    rule: &'static str,
) -> Result<Vec<Revocation>, Breach> {
    let mut all = good(store.all().await, rule)?;
    order(&mut all);
    Ok(all)
}

fn order(all: &mut [Revocation]) -> &[Revocation] {
    all.sort_by(|a, b| a.target().cmp(b.target()));
    all
}

/// Empties the store, as every part expects it.
async fn clear(store: &dyn RevocationStore, rule: &'static str) -> Result<(), Breach> {
    for revocation in good(store.all().await, rule)? {
        good(store.remove(revocation.into_target()).await, rule)?;
    }
    ensure(
        good(store.all().await, rule)?.is_empty(),
        "a removed revocation is no longer among all",
    )
}

const AUTHORITY: &str = "https://idp.example.com";
