//! What every store of API keys must do.

mod list;
mod sample;

use self::sample::digest;
use self::sample::foreign;
use self::sample::full;
use self::sample::id;
use self::sample::next;
use self::sample::parts;
use self::sample::record;
use self::sample::removal;
use super::Breach;
use super::NOW;
use super::at;
use super::conflict;
use super::ensure;
use super::good;
use super::together;
use super::winners;
use crate::api_key::ApiKeyChange::Insert;
use crate::api_key::ApiKeyChange::Replace;
use crate::api_key::ApiKeyFilter;
use crate::api_key::ApiKeyId;
use crate::api_key::ApiKeyQuery;
use crate::api_key::ApiKeyRow;
use crate::api_key::ApiKeyStore;
use crate::api_key::Disabled;

pub(super) async fn judge(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    nothing_is_found_in_an_empty_store(store).await?;
    records_come_back_as_they_were(store).await?;
    an_id_is_taken_once(store).await?;
    a_foreign_digest_is_taken_once(store).await?;
    a_foreign_digest_moves_with_its_record(store).await?;
    changes_meet_the_version_they_expect(store).await?;
    removed_is_gone(store).await?;
    a_commit_is_all_or_nothing(store).await?;
    one_of_many_commits_wins(store).await?;
    a_use_is_never_earlier_than_noted(store).await?;
    list::judge(store).await
}

async fn nothing_is_found_in_an_empty_store(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "an unknown id or digest is answered with `None`";
    let found = good(store.find(id("none", 0)?).await, rule)?;
    ensure(found.is_none(), rule)?;
    let found = good(store.find_by_digest(*digest(1, 0).digest()).await, rule)?;
    ensure(found.is_none(), rule)?;
    let all = ApiKeyQuery::new("ring", ApiKeyFilter::All, 10);
    ensure(
        good(store.list(all).await, rule)?.is_empty(),
        "the suite begins with an empty store",
    )
}

async fn records_come_back_as_they_were(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is found as it was inserted";
    for parts in [parts("same", 0)?, full("same", 1)?] {
        insert(store, parts.clone(), rule).await?;
        let found = good(store.find(parts.id).await, rule)?;
        ensure(found.is_some_and(|found| found.to_parts() == parts), rule)?;
    }
    Ok(())
}

async fn an_id_is_taken_once(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "of two records of one id the second is a conflict and the first stays";
    let first = parts("once", 0)?;
    insert(store, first.clone(), rule).await?;
    let mut second = first.clone();
    second.subject = "another".to_owned();
    conflict(store.commit(vec![Insert(record(second)?)]).await, rule)?;
    ensure(current(store, first.id, rule).await? == first, rule)
}

async fn a_foreign_digest_is_taken_once(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a foreign key is found by its digest, which no other foreign key can take";
    let foreign = foreign(parts("foreign", 0)?, 7);
    insert(store, foreign.clone(), rule).await?;
    ensure(
        by_digest(store, 7, rule).await? == Some(foreign.clone()),
        rule,
    )?;
    let mut second = parts("foreign", 1)?;
    second.is_legacy = true;
    second.digest = foreign.digest;
    conflict(
        store.commit(vec![Insert(record(second.clone())?)]).await,
        rule,
    )?;
    let rule = "a key of the own format is not found by its digest, which may be anything";
    second.is_legacy = false;
    insert(store, second, rule).await?;
    ensure(by_digest(store, 7, rule).await? == Some(foreign), rule)?;
    let mut own = parts("foreign", 2)?;
    own.digest = digest(8, 1);
    insert(store, own, rule).await?;
    ensure(by_digest(store, 8, rule).await?.is_none(), rule)
}

async fn a_foreign_digest_moves_with_its_record(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record that gets a new digest is found by the new one alone";
    let first = foreign(parts("moved", 0)?, 20);
    insert(store, first.clone(), rule).await?;
    let second = foreign(next(&first), 21);
    good(
        store.commit(vec![Replace(record(second.clone())?)]).await,
        rule,
    )?;
    ensure(by_digest(store, 20, rule).await?.is_none(), rule)?;
    ensure(
        by_digest(store, 21, rule).await? == Some(second.clone()),
        rule,
    )?;
    let rule = "a digest that is taken cannot be taken by a change either";
    insert(store, foreign(parts("moved", 1)?, 22), rule).await?;
    let taken = foreign(next(&second), 22);
    conflict(store.commit(vec![Replace(record(taken)?)]).await, rule)?;
    ensure(
        by_digest(store, 21, rule).await? == Some(second.clone()),
        rule,
    )?;
    let rule = "the digest of a removed record can be taken again";
    good(store.commit(vec![removal(&second)]).await, rule)?;
    ensure(by_digest(store, 21, rule).await?.is_none(), rule)?;
    insert(store, foreign(parts("moved", 2)?, 21), rule).await
}

async fn changes_meet_the_version_they_expect(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is replaced by the one of the next version";
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
    let mut unknown = parts("version", 1)?;
    unknown.version = 2;
    conflict(
        store.commit(vec![Replace(record(unknown.clone())?)]).await,
        rule,
    )?;
    unknown.version = 1;
    conflict(store.commit(vec![Replace(record(unknown)?)]).await, rule)?;
    ensure(current(store, first.id, rule).await? == second, rule)
}

async fn removed_is_gone(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is removed at the version that was read, and no other";
    let parts = parts("removed", 0)?;
    insert(store, parts.clone(), rule).await?;
    conflict(store.commit(vec![removal(&next(&parts))]).await, rule)?;
    ensure(current(store, parts.id, rule).await? == parts, rule)?;
    good(store.commit(vec![removal(&parts)]).await, rule)?;
    ensure(good(store.find(parts.id).await, rule)?.is_none(), rule)?;
    let rule = "a removed record cannot be removed, replaced or used again";
    conflict(store.commit(vec![removal(&parts)]).await, rule)?;
    conflict(
        store.commit(vec![Replace(record(next(&parts))?)]).await,
        rule,
    )?;
    store.touch(parts.id, at(60));
    ensure(good(store.find(parts.id).await, rule)?.is_none(), rule)
}

async fn a_commit_is_all_or_nothing(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "of a commit with one conflict nothing is done, wherever it stands";
    let old = foreign(parts("atomic", 0)?, 30);
    let gone = parts("atomic", 1)?;
    insert(store, old.clone(), rule).await?;
    insert(store, gone.clone(), rule).await?;
    let new = foreign(parts("atomic", 2)?, 31);
    let changes = [
        Replace(record(foreign(next(&old), 32))?),
        Insert(record(new.clone())?),
        removal(&gone),
    ];
    let other = parts("atomic", 3)?;
    insert(store, other.clone(), rule).await?;
    let mut taken = foreign(parts("atomic", 4)?, 33);
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
    let rule = "a commit without a conflict is done whole";
    good(store.commit(changes.into()).await, rule)?;
    ensure(good(store.find(gone.id).await, rule)?.is_none(), rule)?;
    ensure(current(store, new.id, rule).await? == new, rule)?;
    good(
        store.commit(Vec::new()).await,
        "a commit of nothing succeeds",
    )
}

async fn one_of_many_commits_wins(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "of many changes of one version exactly one succeeds";
    let old = parts("race", 0)?;
    insert(store, old.clone(), rule).await?;
    let mut attempts = Vec::new();
    for number in 1..=PARALLEL {
        let mut new = parts("race", number)?;
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

async fn a_use_is_never_earlier_than_noted(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a noted use changes nothing but itself, and goes forward only";
    let mut parts = parts("used", 0)?;
    parts.last_used = Some(at(100));
    insert(store, parts.clone(), rule).await?;
    for secs in [50, 160, 120] {
        store.touch(parts.id, at(secs));
    }
    let mut found = current(store, parts.id, rule).await?;
    ensure(
        found
            .last_used
            .is_some_and(|used| used == at(100) || used == at(160)),
        rule,
    )?;
    found.last_used = parts.last_used;
    ensure(found == parts, rule)?;
    let rule = "a replacement keeps the later note of the last use";
    let mut earlier = next(&parts);
    earlier.last_used = None;
    good(
        store.commit(vec![Replace(record(earlier.clone())?)]).await,
        rule,
    )?;
    let kept = current(store, parts.id, rule).await?.last_used;
    ensure(kept >= Some(at(100)), rule)?;
    let mut later = next(&earlier);
    later.last_used = Some(at(500));
    good(store.commit(vec![Replace(record(later)?)]).await, rule)?;
    ensure(
        current(store, parts.id, rule).await?.last_used == Some(at(500)),
        rule,
    )
}

/// How many calls meet in the store at once.
const PARALLEL: usize = 20;

async fn insert(
    store: &dyn ApiKeyStore,
    parts: ApiKeyRow,
    rule: &'static str,
) -> Result<(), Breach> {
    good(store.commit(vec![Insert(record(parts)?)]).await, rule)
}

async fn current(
    store: &dyn ApiKeyStore,
    id: ApiKeyId,
    rule: &'static str,
) -> Result<ApiKeyRow, Breach> {
    let found = good(store.find(id).await, rule)?;
    found.map(|found| found.to_parts()).ok_or(Breach::new(rule))
}

async fn by_digest(
    store: &dyn ApiKeyStore,
    byte: u8,
    rule: &'static str,
) -> Result<Option<ApiKeyRow>, Breach> {
    let found = good(store.find_by_digest(*digest(byte, 0).digest()).await, rule)?;
    Ok(found.map(|found| found.to_parts()))
}
