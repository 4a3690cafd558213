//! The rules of every store of API keys.

use super::sample::{
    by_digest, current, digest, full, id, insert, legacy, next, record, removal, row,
};
use super::{edit, list, pepper};
use crate::api_key::ApiKeyStore;
use crate::api_key::store::ApiKeyChange::{Insert, Replace};
use crate::api_key::store::{ApiKeyFilter, ApiKeyQuery, Disabled};
use crate::testing::conformance::{Breach, NOW, at, conflict, ensure, good, together, winners};

pub(in crate::testing::conformance) async fn check(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    empty_store_finds_nothing(store).await?;
    records_are_found_unchanged(store).await?;
    id_is_unique(store).await?;
    legacy_digest_is_unique(store).await?;
    legacy_digest_changes_with_its_record(store).await?;
    changes_need_the_expected_version(store).await?;
    removed_record_is_not_found(store).await?;
    commit_is_all_or_nothing(store).await?;
    one_of_many_commits_succeeds(store).await?;
    last_use_never_goes_back(store).await?;
    edit::check(store).await?;
    pepper::check(store).await?;
    list::check(store).await
}

async fn empty_store_finds_nothing(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "an unknown id or digest is answered with `None`";
    let found = good(store.find(id("none", 0)?).await, rule)?;
    ensure(found.is_none(), rule)?;
    let found = good(store.find_by_digest(digest(1, 0)).await, rule)?;
    ensure(found.is_none(), rule)?;
    let all = ApiKeyQuery::new("keys", ApiKeyFilter::All, 10);
    ensure(
        good(store.list(all).await, rule)?.is_empty(),
        "the suite needs an empty store",
    )
}

async fn records_are_found_unchanged(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is found as it was inserted";
    for own in [row("same", 0)?, full("same", 1)?] {
        insert(store, own.clone(), rule).await?;
        let found = good(store.find(own.id).await, rule)?;
        ensure(found.is_some_and(|found| found.to_row() == own), rule)?;
    }
    Ok(())
}

async fn id_is_unique(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "the second record of an id is a conflict and the first is kept";
    let first = row("once", 0)?;
    insert(store, first.clone(), rule).await?;
    let mut second = first.clone();
    second.subject = "another".to_owned();
    conflict(store.commit(vec![Insert(record(second)?)]).await, rule)?;
    ensure(current(store, first.id, rule).await? == first, rule)
}

async fn legacy_digest_is_unique(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a legacy key is found by its digest, which no other legacy key can have";
    let old = legacy(row("legacy", 0)?, 7);
    insert(store, old.clone(), rule).await?;
    ensure(by_digest(store, 7, rule).await? == Some(old.clone()), rule)?;
    let mut second = row("legacy", 1)?;
    second.is_legacy = true;
    second.digest = old.digest;
    conflict(
        store.commit(vec![Insert(record(second.clone())?)]).await,
        rule,
    )?;
    let rule = "a key of the own format is not found by its digest, and any digest is allowed";
    second.is_legacy = false;
    insert(store, second, rule).await?;
    ensure(by_digest(store, 7, rule).await? == Some(old), rule)?;
    let mut own = row("legacy", 2)?;
    own.digest = digest(8, 1);
    insert(store, own, rule).await?;
    ensure(by_digest(store, 8, rule).await?.is_none(), rule)
}

async fn legacy_digest_changes_with_its_record(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record with a new digest is found only by the new one";
    let first = legacy(row("moved", 0)?, 20);
    insert(store, first.clone(), rule).await?;
    let second = legacy(next(&first), 21);
    good(
        store.commit(vec![Replace(record(second.clone())?)]).await,
        rule,
    )?;
    ensure(by_digest(store, 20, rule).await?.is_none(), rule)?;
    ensure(
        by_digest(store, 21, rule).await? == Some(second.clone()),
        rule,
    )?;
    let rule = "a replacement cannot have the digest of another legacy record";
    insert(store, legacy(row("moved", 1)?, 22), rule).await?;
    let taken = legacy(next(&second), 22);
    conflict(store.commit(vec![Replace(record(taken)?)]).await, rule)?;
    ensure(
        by_digest(store, 21, rule).await? == Some(second.clone()),
        rule,
    )?;
    let rule = "the digest of a removed record can be used again";
    good(store.commit(vec![removal(&second)]).await, rule)?;
    ensure(by_digest(store, 21, rule).await?.is_none(), rule)?;
    insert(store, legacy(row("moved", 2)?, 21), rule).await
}

async fn changes_need_the_expected_version(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is replaced by one of the next version";
    let first = full("version", 0)?;
    insert(store, first.clone(), rule).await?;
    let mut second = next(&first);
    second.disabled = Some(Disabled::new(NOW, "lost"));
    second.successor = None;
    second.metadata.clear();
    good(
        store.commit(vec![Replace(record(second.clone())?)]).await,
        rule,
    )?;
    ensure(current(store, first.id, rule).await? == second, rule)?;
    let rule = "a replacement that does not follow the stored version is a conflict";
    for version in [1, 2, 4, 5] {
        let mut other = next(&second);
        other.version = version;
        conflict(store.commit(vec![Replace(record(other)?)]).await, rule)?;
    }
    let mut unknown = row("version", 1)?;
    unknown.version = 2;
    conflict(
        store.commit(vec![Replace(record(unknown.clone())?)]).await,
        rule,
    )?;
    unknown.version = 1;
    conflict(store.commit(vec![Replace(record(unknown)?)]).await, rule)?;
    ensure(current(store, first.id, rule).await? == second, rule)
}

async fn removed_record_is_not_found(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is removed only at the version that was read";
    let own = row("removed", 0)?;
    insert(store, own.clone(), rule).await?;
    conflict(store.commit(vec![removal(&next(&own))]).await, rule)?;
    ensure(current(store, own.id, rule).await? == own, rule)?;
    good(store.commit(vec![removal(&own)]).await, rule)?;
    ensure(good(store.find(own.id).await, rule)?.is_none(), rule)?;
    let rule = "a removed record cannot be removed, replaced or used again";
    conflict(store.commit(vec![removal(&own)]).await, rule)?;
    conflict(store.commit(vec![Replace(record(next(&own))?)]).await, rule)?;
    store.touch(own.id, at(60));
    ensure(good(store.find(own.id).await, rule)?.is_none(), rule)
}

async fn commit_is_all_or_nothing(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a commit with one conflict changes nothing, wherever the conflict is";
    let old = legacy(row("atomic", 0)?, 30);
    let gone = row("atomic", 1)?;
    insert(store, old.clone(), rule).await?;
    insert(store, gone.clone(), rule).await?;
    let new = legacy(row("atomic", 2)?, 31);
    let changes = [
        Replace(record(legacy(next(&old), 32))?),
        Insert(record(new.clone())?),
        removal(&gone),
    ];
    let other = row("atomic", 3)?;
    insert(store, other.clone(), rule).await?;
    let mut taken = legacy(row("atomic", 4)?, 33);
    insert(store, taken.clone(), rule).await?;
    taken.id = id("atomic", 5)?;
    let bad = [
        Insert(record(other.clone())?),
        Insert(record(taken)?),
        Replace(record(other.clone())?),
        removal(&next(&other)),
    ];
    for place in 0..=changes.len() {
        for bad in &bad {
            let mut all = changes.to_vec();
            all.insert(place, bad.clone());
            conflict(store.commit(all).await, rule)?;
            ensure(current(store, old.id, rule).await? == old, rule)?;
            ensure(current(store, gone.id, rule).await? == gone, rule)?;
            ensure(good(store.find(new.id).await, rule)?.is_none(), rule)?;
            ensure(by_digest(store, 30, rule).await? == Some(old.clone()), rule)?;
            ensure(by_digest(store, 31, rule).await?.is_none(), rule)?;
            ensure(by_digest(store, 32, rule).await?.is_none(), rule)?;
        }
    }
    let rule = "a commit without a conflict makes all its changes";
    good(store.commit(changes.into()).await, rule)?;
    ensure(good(store.find(gone.id).await, rule)?.is_none(), rule)?;
    ensure(current(store, new.id, rule).await? == new, rule)?;
    good(
        store.commit(Vec::new()).await,
        "a commit of nothing succeeds",
    )
}

async fn one_of_many_commits_succeeds(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "exactly one of many changes of one version succeeds";
    let old = row("race", 0)?;
    insert(store, old.clone(), rule).await?;
    let mut attempts = Vec::new();
    for number in 1..=PARALLEL {
        let mut new = row("race", number)?;
        new.predecessor = Some(old.id);
        let mut spent = next(&old);
        spent.successor = Some(new.id);
        attempts.push(vec![Replace(record(spent)?), Insert(record(new)?)]);
    }
    let answers = attempts
        .into_iter()
        .map(|changes| store.commit(changes))
        .collect();
    ensure(winners(together(answers).await, rule)? == 1, rule)?;
    let winner = current(store, old.id, rule).await?.successor;
    for number in 1..=PARALLEL {
        let id = id("race", number)?;
        let is_there = good(store.find(id).await, rule)?.is_some();
        ensure(is_there == (winner == Some(id)), rule)?;
    }
    Ok(())
}

async fn last_use_never_goes_back(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a noted use changes nothing else, and the last use never goes back";
    let mut own = row("used", 0)?;
    own.last_used = Some(at(100));
    insert(store, own.clone(), rule).await?;
    for secs in [50, 160, 120] {
        store.touch(own.id, at(secs));
    }
    let mut found = current(store, own.id, rule).await?;
    ensure(
        found
            .last_used
            .is_some_and(|used| used == at(100) || used == at(160)),
        rule,
    )?;
    found.last_used = own.last_used;
    ensure(found == own, rule)?;
    let rule = "a replacement keeps the later of both last uses";
    let mut earlier = next(&own);
    earlier.last_used = None;
    good(
        store.commit(vec![Replace(record(earlier.clone())?)]).await,
        rule,
    )?;
    let kept = current(store, own.id, rule).await?.last_used;
    ensure(kept >= Some(at(100)), rule)?;
    let mut later = next(&earlier);
    later.last_used = Some(at(500));
    good(store.commit(vec![Replace(record(later)?)]).await, rule)?;
    ensure(
        current(store, own.id, rule).await?.last_used == Some(at(500)),
        rule,
    )
}

/// How many calls run in the store at the same time.
const PARALLEL: usize = 20;
